"""What holds for every cell and every workbook: nothing is rounded, and our reader sees what another one sees."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
from hypothesis import given
from hypothesis import strategies as st

from ledger_service.importing import convert
from ledger_service.importing.cells import DateCell, NumberCell, RefusedCell, fold
from ledger_service.importing.coordinates import shifted_area, to_gcj02, to_wgs84
from ledger_service.importing.errors import CellProblem
from ledger_service.importing.model import Layout
from ledger_service.importing.rows import Columns, Row
from ledger_service.importing.tables import workbook_source

SHANGHAI = ZoneInfo("Asia/Shanghai")
places = st.integers(0, 6)


@given(st.integers(-(10**9), 10**9), places)
def test_a_decimal_survives_the_float_that_a_spreadsheet_makes_of_it(digits: int, decimals: int) -> None:
    value = Decimal(digits).scaleb(-decimals)
    found = convert.decimal(NumberCell("A1", f"{float(value):.17g}"), decimals)
    assert Decimal(found) == value


@given(st.floats(allow_nan=False, allow_infinity=False), places)
def test_a_number_cell_is_taken_exactly_or_not_at_all(value: float, decimals: int) -> None:
    try:
        found = convert.decimal(NumberCell("A1", repr(value)), decimals)
    except CellProblem:
        return
    assert Decimal(found) == Decimal(repr(value))
    assert -Decimal(found).as_tuple().exponent <= decimals  # type: ignore[operator]


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.floats(), st.lists(st.text(), max_size=2)))
def test_any_cell_is_converted_or_refused_and_nothing_else(cell: Any) -> None:
    for conversion in convert.converters(SHANGHAI, 2, tuple(convert.DATE_FORMS)).values():
        with suppress(CellProblem):
            conversion(cell)


@given(st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1))
def test_full_width_text_folds_to_what_was_meant(text: str) -> None:
    assert fold("".join(chr(ord(character) + 0xFEE0) for character in text)) == text
    assert fold(fold(text)) == fold(text)


@given(st.datetimes(datetime.fromisoformat("1992-01-01"), datetime.fromisoformat("2099-01-01")))
def test_a_time_as_text_and_as_a_date_cell_is_one_moment(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    as_text = convert.instant(moment.isoformat(" "), SHANGHAI)
    assert as_text == convert.instant(DateCell("A1", moment), SHANGHAI)
    assert as_text.astimezone(UTC) == moment.replace(tzinfo=UTC) - timedelta(hours=8)


@given(st.floats(18.0, 54.0), st.floats(73.5, 135.0))
def test_the_shift_of_a_map_is_undone_to_a_centimetre(latitude: float, longitude: float) -> None:
    back = to_wgs84(*to_gcj02(latitude, longitude))
    assert abs(back[0] - latitude) < 1e-7
    assert abs(back[1] - longitude) < 1e-7


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_outside_of_the_shifted_area_nothing_moves(latitude: float, longitude: float) -> None:
    if not shifted_area(latitude, longitude):
        assert to_gcj02(latitude, longitude) == to_wgs84(latitude, longitude) == (latitude, longitude)


texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFFFD, exclude_categories=("Cs", "Cc")), max_size=12)
cells = st.one_of(
    st.none(),
    texts.filter(lambda text: "_x" not in text and not text.startswith("=")),
    st.integers(-(10**12), 10**12),
    st.decimals(-(10**6), 10**6, places=3).map(float),
    st.booleans(),
    st.dates(date(2000, 1, 1), date(2099, 1, 1)).map(lambda day: datetime.combine(day, datetime.min.time())),
)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5))
def test_our_reader_sees_what_another_one_wrote(rows: list[list[Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        book, path = openpyxl.Workbook(), Path(folder, "w.xlsx")
        sheet = book.active
        assert sheet is not None
        for row in [["a", "b", "c"], *rows]:
            sheet.append(row)
        book.save(path)
        with workbook_source(path, Layout("xlsx"), Columns(frozenset(), frozenset()), strict=False) as source:
            found = [item for item in source.rows if isinstance(item, Row)]
    wanted = {number: row for number, row in enumerate(rows, start=2) if any(_filled(cell) for cell in row)}
    assert {row.line: [_plain(cell) for cell in row.cells.values()] for row in found} == {
        number: [None if cell == "" else cell for cell in row] for number, row in wanted.items()
    }


def _filled(cell: Any) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def _plain(cell: Any) -> Any:
    assert not isinstance(cell, RefusedCell)
    if isinstance(cell, DateCell):
        return cell.moment
    if isinstance(cell, NumberCell):
        return float(cell.text) if "." in cell.text else int(cell.text)
    return cell
