"""Tables: a header row and rows below it, from CSV or from a sheet of a workbook."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, Final

from openpyxl.utils import get_column_letter

from ledger_service.importing.cells import column_name
from ledger_service.importing.errors import Problem, RowRejected, SourceUnreadable
from ledger_service.importing.model import Layout
from ledger_service.importing.rows import MAX_COLUMNS, MAX_LINE_BYTES, Columns, Notes, Row, Source
from ledger_service.importing.sheet import SheetRow, sheet_rows
from ledger_service.importing.workbook import Workbook

_PIECE: Final = 1024 * 1024


@contextmanager
def csv_source(path: Path, layout: Layout, columns: Columns, strict: bool) -> Iterator[Source]:
    """A CSV file, read line by line in the first declared encoding that fits all of it."""
    notes = Notes()
    encoding = _encoding(path, layout)
    if encoding != layout.encodings[0]:
        notes.add(f"read as {encoding}", f"按 {encoding} 读取")
    size = max(1, path.stat().st_size)
    with path.open("rb") as file:
        lines = _Lines(io.TextIOWrapper(file, encoding, newline=""))
        # Not strict=True for quotes inside cells would let a broken export shift its columns silently.
        reader = csv.reader(lines, delimiter=layout.delimiter, strict=True)
        header = _csv_header(reader, layout)
        names = _checked_header(header, columns, strict)
        rows = _csv_body(reader, names, notes)
        yield Source(rows, notes, lambda: min(1.0, file.tell() / size), tuple(header))


@contextmanager
def workbook_source(path: Path, layout: Layout, columns: Columns, strict: bool) -> Iterator[Source]:
    """A sheet of a workbook, read cell by cell."""
    notes = Notes()
    with Workbook(path) as book:
        sheet = book.sheet(layout.sheet)
        hidden = sum(other.hidden for other in book.sheets)
        if hidden:
            notes.add(f"{hidden} hidden sheets in the workbook", f"工作簿含 {hidden} 个隐藏工作表")
        if len(book.sheets) > 1:
            notes.add(
                f"sheet {sheet.name} of {len(book.sheets)} was read",
                f"读取了 {len(book.sheets)} 个工作表中的 {sheet.name}",
            )
        size = max(1, book.size(sheet.part))
        with closing(sheet_rows(book, sheet, layout.cached_formulas)) as rows:
            header = _sheet_header(rows, layout)
            names = _checked_header(header, columns, strict)
            body = _sheet_body(rows, names, notes)
            yield Source(body, notes, lambda: min(1.0, book.consumed / size), tuple(header))


class _Lines:
    """Lines of bounded length: one without an end would otherwise be read into memory as a whole."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_LINE_BYTES)
        if not line:
            raise StopIteration
        if len(line) >= MAX_LINE_BYTES:
            raise csv.Error("line too long")
        return line


def _encoding(path: Path, layout: Layout) -> str:
    for encoding in layout.encodings:
        try:
            decoder = codecs.getincrementaldecoder(encoding)()
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    decoder.decode(piece)
                decoder.decode(b"", final=True)
        except (UnicodeDecodeError, LookupError):
            continue
        return encoding
    raise SourceUnreadable(f"not text in any of: {', '.join(layout.encodings)}")


def _csv_header(reader: Any, layout: Layout) -> list[str]:
    try:
        for _ in range(layout.header_row - 1):
            next(reader, None)
        return [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise SourceUnreadable(f"line {layout.header_row} is not a CSV header") from error


def _sheet_header(rows: Iterator[SheetRow], layout: Layout) -> list[str]:
    for row in rows:
        if row.number >= layout.header_row:
            break
    else:
        return []
    if row.number != layout.header_row or not row.cells:
        raise SourceUnreadable(f"row {layout.header_row} of the sheet is not a header")
    header = []
    for column in range(1, min(max(row.cells), MAX_COLUMNS + 1) + 1):
        cell = row.cells.get(column)
        if not isinstance(cell, str) or not cell.strip():
            raise SourceUnreadable(f"{get_column_letter(column)}{row.number} of the header must be a name")
        header.append(cell.strip())
    return header


def _checked_header(header: list[str], columns: Columns, strict: bool) -> list[str]:
    """The mapping's spelling of each column; one that it does not know keeps its own. Raises `SourceUnreadable`."""
    if not header or len(header) > MAX_COLUMNS:
        raise SourceUnreadable(f"needs a header of 1 to {MAX_COLUMNS} columns")
    ours = {column_name(path.removeprefix("^")): path.removeprefix("^") for path in columns.known}
    names = [ours.get(column_name(name), name) for name in header]
    if len({column_name(name) for name in names}) != len(names):
        raise SourceUnreadable("a column name stands twice in the header")
    if strict:
        if missing := sorted({path.removeprefix("^") for path in columns.needed} - set(names)):
            raise SourceUnreadable(f"columns are missing: {', '.join(missing)}")
        if unknown := sorted(set(names) - set(ours.values())):
            raise SourceUnreadable(f"columns would be lost: {', '.join(unknown)}; map them or list them under ignored")
    return names


def _csv_body(reader: Any, names: list[str], notes: Notes) -> Iterator[Row | RowRejected]:
    width = len(names)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except (csv.Error, UnicodeDecodeError):
            yield RowRejected(line, "", _BROKEN)
            return
        if cells is None:
            return
        if not any(cells):
            notes.blank_rows += 1
            continue
        if len(cells) != width:
            yield RowRejected(line, "", _width(len(cells), width), _named(names, cells))
            continue
        named = dict(zip(names, cells, strict=True))
        yield Row(line, named, {}, named)


def _sheet_body(rows: Iterable[SheetRow], names: list[str], notes: Notes) -> Iterator[Row | RowRejected]:
    width = len(names)
    for row in rows:
        if not any(not isinstance(cell, str) or cell.strip() for cell in row.cells.values()):
            notes.blank_rows += 1
            continue
        notes.hidden_rows += row.hidden
        named = {name: row.cells.get(column) for column, name in enumerate(names, start=1)}
        if max(row.cells) > width:
            yield RowRejected(row.number, "", _width(max(row.cells), width), named)
            continue
        yield Row(row.number, named, {}, named)


def _named(names: list[str], cells: list[str]) -> dict[str, Any]:
    named: dict[str, Any] = dict(zip(names, cells, strict=False))
    if len(cells) > len(names):
        named["…"] = cells[len(names) :]
    return named


def _width(cells: int, columns: int) -> Problem:
    return Problem(f"{cells} cells under {columns} columns", f"{columns} 列下有 {cells} 个单元格")


_BROKEN: Final = Problem(
    "broken quotes or a line that is too long; the rest of the file is not read", "引号不配对或行过长; 其后内容未读取"
)
