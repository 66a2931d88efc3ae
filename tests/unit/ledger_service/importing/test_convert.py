"""Cells that must not pass, and what the exact conversions make of those that do."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ledger_service.importing.cells import DateCell, NumberCell, RefusedCell
from ledger_service.importing.convert import PLAIN_DATE, converters
from ledger_service.importing.errors import CellProblem
from tests.support import every_case

ZONE = ZoneInfo("Asia/Shanghai")
CONVERT = converters(ZONE)


def cell_of(case: dict[str, Any]) -> Any:
    if "number" in case:
        return NumberCell("H12", case["number"], case.get("padded", False))
    if "moment" in case:
        return DateCell("H12", None if case["moment"] is None else datetime.fromisoformat(case["moment"]))
    if "refused" in case:
        return RefusedCell("H12", case["refused"], "", "secret")
    return case["cell"] if "cell" in case else case["repeat"][0] * case["repeat"][1]


@every_case("cells")
def test_cell_is_refused_without_repeating_it(case: dict[str, Any]) -> None:
    cell = cell_of(case)
    convert = converters(ZONE, case.get("decimals"), tuple(case.get("written", PLAIN_DATE)))[case["as"]]
    with pytest.raises(CellProblem) as caught:
        convert(cell)
    assert type(caught.value).__name__ == case["expected"]["error"]
    assert caught.value.problem.zh
    said = str(caught.value).replace("true or false", "").replace("H12", "")
    if not isinstance(cell, NumberCell | DateCell | RefusedCell):
        assert f"{cell}" not in said
    assert "secret" not in said
    assert case.get("number", "no number") not in said


@pytest.mark.parametrize("kind", ["date", "time"])
@pytest.mark.parametrize("number", ["46051", "46051.5"])
def test_a_number_where_a_date_is_meant_says_what_to_do(kind: str, number: str) -> None:
    with pytest.raises(CellProblem, match="format the cell as a date"):
        CONVERT[kind](NumberCell("H12", number))


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("text", "  张三 ", "张三"),
        ("text", "　张三　", "张三"),
        ("text", "甲（乙）", "甲（乙）"),
        ("code", "ＳＨ０００１７", "SH00017"),
        ("integer", "42", 42),
        ("integer", "４２", 42),
        ("integer", 42, 42),
        ("decimal", "0.40", "0.40"),
        ("decimal", "０．４０", "0.40"),
        ("decimal", "-12", "-12"),
        ("date", "2028-02-29", "2028-02-29"),
        ("time", "2026-09-01 08:30", "2026-09-01T00:30:00Z"),
        ("time", "2026-09-01T08:30:15.25Z", "2026-09-01T08:30:15.25Z"),
        ("time", "2026-09-01 08:30:00+02:00", "2026-09-01T06:30:00Z"),
        ("boolean", False, False),
        ("json", [[1, 2]], [[1, 2]]),
        ("words", "A1  B2", ["A1", "B2"]),
        ("words", "A1、B2", ["A1", "B2"]),
        ("text", NumberCell("A1", "1001"), "1001"),
        ("integer", NumberCell("A1", "7.0"), 7),
        ("decimal", NumberCell("A1", "12"), "12"),
        ("date", DateCell("A1", datetime.fromisoformat("2026-02-03")), "2026-02-03"),
        ("time", DateCell("A1", datetime.fromisoformat("2026-09-01 08:30")), "2026-09-01T00:30:00Z"),
    ],
)
def test_cell_is_converted_exactly(kind: str, cell: Any, value: Any) -> None:
    converted = CONVERT[kind](cell)
    if kind == "time":
        assert str(converted).replace("250000Z", "25Z").replace(".000000Z", "Z") == value
    else:
        assert converted == value
        assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("number", "decimals", "value"),
    [
        ("0.4", 2, "0.4"),
        ("0.40000000000000002", 1, "0.4"),
        ("1.1000000000000001", 1, "1.1"),
        ("1e-05", 5, "0.00001"),
        ("1.5E2", 0, "150"),
        ("-0.125", 3, "-0.125"),
    ],
)
def test_a_number_cell_gives_the_shortest_decimal_that_means_it(number: str, decimals: int, value: str) -> None:
    assert converters(ZONE, decimals)["decimal"](NumberCell("A1", number)) == value


@pytest.mark.parametrize(
    ("written", "cell", "value"),
    [
        ("YYYY/M/D", "2026/2/3", "2026-02-03"),
        ("YYYY.M.D", "2026.12.31", "2026-12-31"),
        ("YYYYMMDD", "20260203", "2026-02-03"),
        ("YYYY年M月D日", "2026年2月3日", "2026-02-03"),
        ("YYYY年M月D日", "２０２６年２月３日", "2026-02-03"),
    ],
)
def test_dates_of_a_declared_form(written: str, cell: str, value: str) -> None:
    convert = converters(ZONE, None, (written,))
    assert convert["date"](cell) == value
    assert convert["time"](f"{cell} 8:05") == f"{value}T00:05:00Z"
