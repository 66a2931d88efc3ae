"""The rows of one sheet, streamed: each cell as the file states it, so that what would be lost can be told."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel, from_ISO8601

from ledger_service.importing.cells import DateCell, NumberCell, RefusedCell
from ledger_service.importing.errors import SourceUnreadable
from ledger_service.importing.workbook import MAX_CELL_CHARACTERS, MAX_SHEET_BYTES, Sheet, Workbook, unescape
from ledger_service.importing.xml_events import feed, pieces

MAX_COLUMN: Final = 16_384
MAX_ROW: Final = 1_048_576
MAX_MERGED: Final = 10_000
MAX_MERGED_ROWS: Final = 200_000
MAX_MERGED_COLUMN: Final = 500
"""No header is wider; what is merged to the right of it is nobody's value."""
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)
_MERGED: Final = re.compile(rb'mergeCell\b[^>]{0,200}?\bref="([A-Z]{1,3}[0-9]{1,7}):([A-Z]{1,3}[0-9]{1,7})"')
_OVERLAP: Final = 512
_PIECE: Final = 1024 * 1024
_COLUMNS: Final = {get_column_letter(number): number for number in range(1, MAX_COLUMN + 1)}


@dataclass(slots=True)
class SheetRow:
    """One row: its number as the spreadsheet shows it, and its cells by column from 1; empty cells are left out."""

    number: int
    cells: dict[int, Any]
    hidden: bool


@dataclass
class _Rows:
    """Gathers the rows that a piece of the sheet completes."""

    book: Workbook
    cached: bool
    done: list[SheetRow] = field(default_factory=list)
    _row: SheetRow = field(default_factory=lambda: SheetRow(0, {}, False))
    _at: str = ""
    _column: int = 0
    _kind: str = "n"
    _style: int = 0
    _formula: bool = False
    _value: list[str] = field(default_factory=list)
    _length: int = 0
    _wanted: bool = False
    _aid: bool = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """`row` and `c` begin a row and a cell; `v` and `t` hold its value, `f` its formula."""
        if name == "c":
            self._begin_cell(attributes)
        elif name == "v" or name == "t":
            self._wanted = not self._aid
        elif name == "f":
            self._formula = True
        elif name == "row":
            number = _number(attributes.get("r", str(self._row.number + 1)), MAX_ROW)
            if number <= self._row.number:
                raise SourceUnreadable("the sheet's rows are out of order")
            self._row, self._column = SheetRow(number, {}, attributes.get("hidden") in ("1", "true")), 0
        elif name == "rPh":
            self._aid = True

    def end(self, name: str) -> None:
        """A closed cell goes into its row, a closed row to the caller."""
        if name == "v" or name == "t":
            self._wanted = False
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self.done.append(self._row)
        elif name == "rPh":
            self._aid = False

    def text(self, data: str) -> None:
        """A piece of the value."""
        if self._wanted:
            self._length += len(data)
            if self._length > MAX_CELL_CHARACTERS:
                raise SourceUnreadable(f"{self._at} has more than {MAX_CELL_CHARACTERS} characters")
            self._value.append(data)

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        reference = attributes.get("r")
        column = self._column + 1
        if reference is not None:
            match = _REFERENCE.fullmatch(reference)
            column = _COLUMNS.get(match[1], 0) if match and int(match[2]) == self._row.number else 0
        if not self._column < column <= MAX_COLUMN:
            raise SourceUnreadable("the sheet's cells are out of order")
        self._at = reference or f"{get_column_letter(column)}{self._row.number}"
        self._column, self._kind = column, attributes.get("t", "n")
        self._style = _number(attributes.get("s", "0"), 1 << 20, 0)
        self._formula, self._value, self._length = False, [], 0

    def _end_cell(self) -> None:
        raw = "".join(self._value)
        if self._formula and not (self.cached and raw):
            self._row.cells[self._column] = RefusedCell(
                self._at,
                "is a formula without a stored result" if self.cached else "is a formula",
                "公式没有已存结果" if self.cached else "是公式",
                raw,
            )
        elif raw:
            self._row.cells[self._column] = self._cell(raw)

    def _cell(self, raw: str) -> Any:
        if self._kind == "s":
            strings, index = self.book.strings, _number(raw, 1 << 30, 0)
            if index >= len(strings):
                raise SourceUnreadable(f"{self._at} names a text that the workbook lacks")
            return strings[index]
        if self._kind == "n":
            return self._number_cell(raw)
        if self._kind == "b":
            return raw == "1"
        if self._kind == "d":
            return DateCell(self._at, _iso(raw))
        if self._kind == "e":
            return RefusedCell(self._at, "is an error of the spreadsheet", "是表格错误值", raw)
        return unescape(raw)

    def _number_cell(self, raw: str) -> NumberCell | DateCell:
        if self._style in self.book.formats.durations:
            return DateCell(self._at, None)
        if self._style in self.book.formats.dates:
            return DateCell(self._at, _serial(raw, self.book.epoch))
        return NumberCell(self._at, raw, self._style in self.book.formats.padded)


def sheet_rows(book: Workbook, sheet: Sheet, cached: bool) -> Generator[SheetRow, None, None]:
    """The rows of a sheet in order. Raises `SourceUnreadable` where the file is damaged or beyond the bounds."""
    rows = _Rows(book, cached)
    merged = _merged(book, sheet)
    with book.open(sheet.part) as stream:
        for _ in feed(stream, rows, MAX_SHEET_BYTES, sheet.part):
            done, rows.done = rows.done, []
            book.consumed = stream.tell()
            for row in done:
                for first, last in merged.get(row.number, ()):
                    _mark(row, first, last)
                yield row


def _mark(row: SheetRow, first: int, last: int) -> None:
    for column in range(first, min(last, MAX_MERGED_COLUMN) + 1):
        at = f"{get_column_letter(column)}{row.number}"
        row.cells[column] = RefusedCell(at, "lies in a merged cell: unmerge it", "位于合并单元格: 请取消合并")


def _merged(book: Workbook, sheet: Sheet) -> Mapping[int, list[tuple[int, int]]]:
    """Columns in each row that a merged cell covers, without its first one. They stand behind the rows in the file."""
    found: set[tuple[bytes, bytes]] = set()
    tail = b""
    with book.open(sheet.part) as stream:
        for piece in pieces(stream, _PIECE):
            found.update((match[1], match[2]) for match in _MERGED.finditer(tail + piece))
            tail = piece[-_OVERLAP:]
            if len(found) > MAX_MERGED:
                raise SourceUnreadable(f"the sheet has more than {MAX_MERGED} merged cells")
    covered: dict[int, list[tuple[int, int]]] = {}
    for first, last in found:
        _cover(covered, first.decode(), last.decode())
        if len(covered) > MAX_MERGED_ROWS:
            raise SourceUnreadable("the sheet's merged cells cover too many rows")
    return covered


def _cover(covered: dict[int, list[tuple[int, int]]], first: str, last: str) -> None:
    (left, top), (right, bottom) = (_place(reference) for reference in (first, last))
    if bottom - top > MAX_MERGED_ROWS:
        raise SourceUnreadable("a merged cell covers too many rows")
    for row in range(top, bottom + 1):
        begin = left + 1 if row == top else left
        if begin <= right:
            covered.setdefault(row, []).append((begin, right))


def _place(reference: str) -> tuple[int, int]:
    match = _REFERENCE.fullmatch(reference)
    if match is None or match[1] not in _COLUMNS:
        raise SourceUnreadable("a merged cell lies outside of the sheet")
    return _COLUMNS[match[1]], _number(match[2], MAX_ROW)


def _number(text: str, largest: int, smallest: int = 1) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12 and smallest <= int(text) <= largest):
        raise SourceUnreadable("the sheet has a number out of range where a row, style or text is named")
    return int(text)


def _serial(raw: str, epoch: datetime) -> datetime | None:
    try:
        moment = from_excel(float(raw), epoch)
    except (ValueError, OverflowError):
        return None
    return moment if isinstance(moment, datetime) else None


def _iso(raw: str) -> datetime | None:
    try:
        moment = from_ISO8601(raw)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError):
        return None
    return moment if isinstance(moment, datetime) else None
