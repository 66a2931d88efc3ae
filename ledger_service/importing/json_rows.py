"""Rows out of JSON: a list in one document, or one object a line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from evidence.canonical import loads
from evidence.errors import EvidenceError
from ledger_service.importing.errors import Problem, RowRejected, SourceUnreadable
from ledger_service.importing.model import Layout
from ledger_service.importing.rows import MAX_LINE_BYTES, Columns, Notes, Row, Source

MAX_DOCUMENT_BYTES: Final = 128 * 1024 * 1024
"""A document is read as a whole, unlike lines: what is larger comes as lines."""


@contextmanager
def document_source(path: Path, layout: Layout, columns: Columns) -> Iterator[Source]:
    """A list in a JSON document; what encloses it is at hand for every row."""
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise SourceUnreadable(f"larger than {MAX_DOCUMENT_BYTES} bytes: split the export, or export JSON lines")
    try:
        document = loads(path.read_bytes(), max_bytes=MAX_DOCUMENT_BYTES)
    except EvidenceError as error:
        raise SourceUnreadable(f"not strict JSON: {error}") from error
    rows = document.get(layout.rows) if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise SourceUnreadable(f"a JSON document with a list named {layout.rows} is expected")
    outer = {name: value for name, value in document.items() if name != layout.rows}
    position = [0]

    def body() -> Iterator[Row | RowRejected]:
        for number, row in enumerate(rows, start=1):
            position[0] = number
            yield _checked(number, row, outer, columns.known)

    yield Source(body(), Notes(), lambda: position[0] / max(1, len(rows)))


@contextmanager
def lines_source(path: Path, layout: Layout, columns: Columns) -> Iterator[Source]:
    """One JSON object a line."""
    notes, size = Notes(), max(1, path.stat().st_size)
    with path.open("rb") as file:
        yield Source(_lines(file, columns, notes), notes, lambda: min(1.0, file.tell() / size))


def _lines(file: IO[bytes], columns: Columns, notes: Notes) -> Iterator[Row | RowRejected]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 2):
        number += 1
        if not line.strip():
            notes.blank_rows += 1
            continue
        if not line.endswith(b"\n") and len(line) > MAX_LINE_BYTES:
            yield RowRejected(number, "", _TOO_LONG)
            return
        try:
            row = loads(line.rstrip(b"\r\n"), max_bytes=MAX_LINE_BYTES)
        except EvidenceError:
            yield RowRejected(number, "", _NO_JSON, line.decode("utf-8", "replace").rstrip("\r\n"))
            continue
        yield _checked(number, row, {}, columns.known)


def _checked(number: int, row: Any, outer: dict[str, Any], known: frozenset[str]) -> Row | RowRejected:
    if not isinstance(row, dict):
        return RowRejected(number, "", Problem("must be a JSON object", "应为 JSON 对象"), row)
    for path in leaf_paths(row):
        if path not in known and not _covered(path, known):
            return RowRejected(number, path, _LOST, row)
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


_TOO_LONG: Final = Problem("a line that is too long; the rest of the file is not read", "行过长; 其后内容未读取")
_NO_JSON: Final = Problem("not strict JSON", "不是严格的 JSON")
_LOST: Final = Problem("would be lost: map it or list it under ignored", "该列会丢失: 请映射或列入 ignored")
