"""Cells that must not pass, and what the exact conversions make of those that do."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ledger_service.importing.convert import converters
from ledger_service.importing.errors import CellProblem
from tests.support import own_cases

CONVERT = converters(ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize("case", own_cases("cells"))
def test_cell_is_refused_without_repeating_it(case: dict[str, Any]) -> None:
    cell = case["cell"] if "cell" in case else case["repeat"][0] * case["repeat"][1]
    with pytest.raises(CellProblem) as caught:
        CONVERT[case["as"]](cell)
    assert type(caught.value).__name__ == case["expected"]["error"]
    assert f"{cell}" not in str(caught.value).replace("true or false", "")


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("text", "  张三 ", "张三"),
        ("integer", "42", 42),
        ("integer", 42, 42),
        ("decimal", "0.40", "0.40"),
        ("decimal", "-12", "-12"),
        ("date", "2028-02-29", "2028-02-29"),
        ("time", "2026-09-01 08:30", "2026-09-01T00:30:00Z"),
        ("time", "2026-09-01T08:30:15.25Z", "2026-09-01T08:30:15.25Z"),
        ("time", "2026-09-01 08:30:00+02:00", "2026-09-01T06:30:00Z"),
        ("boolean", False, False),
        ("json", [[1, 2]], [[1, 2]]),
        ("words", "A1  B2", ["A1", "B2"]),
    ],
)
def test_cell_is_converted_exactly(kind: str, cell: Any, value: Any) -> None:
    converted = CONVERT[kind](cell)
    if kind == "time":
        assert str(converted).replace("250000Z", "25Z").replace(".000000Z", "Z") == value
    else:
        assert converted == value
        assert type(converted) is type(value)
