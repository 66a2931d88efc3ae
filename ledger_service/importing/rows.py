"""Read the rows of an export: CSV, a list in a JSON document, or JSON lines; with line numbers and bounds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from evidence.canonical import loads
from evidence.errors import EvidenceError
from ledger_service.importing.errors import RowRejected, SourceUnreadable
from ledger_service.importing.model import SourceMapping

MAX_FILE_BYTES: Final = 256 * 1024 * 1024
MAX_LINE_BYTES: Final = 1024 * 1024
MAX_COLUMNS: Final = 500


@dataclass(frozen=True)
class Row:
    """One row: `cells` by path, `outer` is what encloses it in a JSON document, `raw` is for the rejects file."""

    line: int
    cells: dict[str, Any]
    outer: dict[str, Any]
    raw: Any


def read_rows(data: bytes, mapping: SourceMapping) -> Iterator[Row | RowRejected]:
    """Every row in order, or why it cannot be read.

    Raises `SourceUnreadable` if the file as a whole does not fit the mapping, before any row is given out.
    """
    if len(data) > MAX_FILE_BYTES:
        raise SourceUnreadable(f"larger than {MAX_FILE_BYTES} bytes: split the export")
    if mapping.format == "csv":
        return _csv_rows(_decode(data, mapping), mapping)
    if mapping.format == "json":
        return _document_rows(data, mapping)
    return _line_rows(data, mapping)


def _decode(data: bytes, mapping: SourceMapping) -> str:
    for encoding in mapping.encodings:
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    raise SourceUnreadable(f"not text in any of: {', '.join(mapping.encodings)}")


def _csv_rows(text: str, mapping: SourceMapping) -> Iterator[Row | RowRejected]:
    # Not strict=True for quotes inside cells would let a broken export shift its columns silently.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise SourceUnreadable("line 1 is not a CSV header") from error
    _check_columns(header, mapping)
    return _csv_body(reader, header)


def _check_columns(header: list[str], mapping: SourceMapping) -> None:
    if not header or len(header) > MAX_COLUMNS:
        raise SourceUnreadable(f"needs a header of 1 to {MAX_COLUMNS} columns")
    if len(set(header)) != len(header):
        raise SourceUnreadable("a column name stands twice in the header")
    known = {path.removeprefix("^") for path in mapping.known_paths()}
    if missing := sorted(known - mapping.ignored - set(header)):
        raise SourceUnreadable(f"columns are missing: {', '.join(missing)}")
    if unknown := sorted(set(header) - known):
        raise SourceUnreadable(f"columns would be lost: {', '.join(unknown)}; map them or list them under ignored")


def _csv_body(reader: Any, header: list[str]) -> Iterator[Row | RowRejected]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            yield RowRejected(line, "", "broken quotes or a line that is too long; the rest of the file is not read")
            return
        if cells is None:
            return
        if not any(cells):
            continue
        if len(cells) != len(header):
            yield RowRejected(line, "", f"{len(cells)} cells under {len(header)} columns")
            continue
        named = dict(zip(header, cells, strict=True))
        yield Row(line, named, {}, named)


def _document_rows(data: bytes, mapping: SourceMapping) -> Iterator[Row | RowRejected]:
    try:
        document = loads(data, max_bytes=MAX_FILE_BYTES)
    except EvidenceError as error:
        raise SourceUnreadable(f"not strict JSON: {error}") from error
    rows = document.get(mapping.rows) if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise SourceUnreadable(f"a JSON document with a list named {mapping.rows} is expected")
    outer = {name: value for name, value in document.items() if name != mapping.rows}
    known = mapping.known_paths()
    return (_checked(number, row, outer, known) for number, row in enumerate(rows, start=1))


def _line_rows(data: bytes, mapping: SourceMapping) -> Iterator[Row | RowRejected]:
    known = mapping.known_paths()
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = loads(line.rstrip(b"\r"), max_bytes=MAX_LINE_BYTES)
        except EvidenceError:
            yield RowRejected(number, "", "not strict JSON")
            continue
        yield _checked(number, row, {}, known)


def _checked(number: int, row: Any, outer: dict[str, Any], known: frozenset[str]) -> Row | RowRejected:
    if not isinstance(row, dict):
        return RowRejected(number, "", "must be a JSON object")
    for path in leaf_paths(row):
        if not _covered(path, known):
            return RowRejected(number, path, "would be lost: map it or list it under ignored")
    return Row(number, row, outer, row)


def leaf_paths(value: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Dotted paths of everything that is not itself an object; items of a list of objects are `list[].name`."""
    for name, member in value.items():
        path = f"{prefix}{name}"
        if isinstance(member, dict):
            yield from leaf_paths(member, f"{path}.")
        elif isinstance(member, list) and any(isinstance(item, dict) for item in member):
            inner = {leaf for item in member if isinstance(item, dict) for leaf in leaf_paths(item, f"{path}[].")}
            yield from sorted(inner)
        else:
            yield path


def _covered(path: str, known: frozenset[str]) -> bool:
    """Whether a path or one of the objects and lists around it is read."""
    parts = path.split(".")
    around = (".".join(parts[: end + 1]) for end in range(len(parts)))
    return f"{path}[]" in known or any(place.removesuffix("[]") in known or path in known for place in around)
