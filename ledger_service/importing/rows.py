"""Read the rows of an export one by one: a table, a list in a JSON document, or JSON lines; with places and bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ledger_service.importing.errors import MappingInvalid, Problem, RowRejected, SourceUnreadable
from ledger_service.importing.model import Layout, SourceMapping

MAX_FILE_BYTES: Final = 1024 * 1024 * 1024
MAX_LINE_BYTES: Final = 1024 * 1024
MAX_COLUMNS: Final = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `cells` by path, `outer` is what encloses it in a JSON document, `raw` is for the rejects file."""

    line: int
    cells: dict[str, Any]
    outer: dict[str, Any]
    raw: Any


@dataclass
class Notes:
    """What the operator should know of the file although no row was refused for it."""

    texts: list[Problem] = field(default_factory=list)
    blank_rows: int = 0
    hidden_rows: int = 0

    def add(self, en: str, zh: str) -> None:
        """Keep a remark."""
        self.texts.append(Problem(en, zh))

    def all(self) -> tuple[Problem, ...]:
        """Every remark, those on counts last."""
        counted = []
        if self.blank_rows:
            counted.append(Problem(f"{self.blank_rows} blank rows were skipped", f"跳过 {self.blank_rows} 个空行"))
        if self.hidden_rows:
            counted.append(
                Problem(
                    f"{self.hidden_rows} hidden rows were read like any other", f"已读取 {self.hidden_rows} 个隐藏行"
                )
            )
        return (*self.texts, *counted)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the mappings of one import know: paths that they need in the file, and paths that may stand there."""

    needed: frozenset[str]
    known: frozenset[str]

    @classmethod
    def of(cls, mappings: Sequence[SourceMapping]) -> Columns:
        """Of all mappings together: what one of them reads, no other loses."""
        needed = frozenset().union(*(mapping.read_paths() for mapping in mappings))
        return cls(needed, needed.union(*(mapping.ignored for mapping in mappings)))


@dataclass(frozen=True)
class Source:
    """An open file: its rows in order, remarks on it (complete once the rows are through), and how much was read."""

    rows: Iterator[Row | RowRejected]
    notes: Notes
    fraction: Callable[[], float]
    header: tuple[str, ...] = ()
    """Column names of a table, as the file spells them."""


@contextmanager
def open_source(path: Path, mappings: Sequence[SourceMapping], *, strict: bool = True) -> Iterator[Source]:
    """Open an export. `strict` refuses a table whose columns the mappings miss or do not know.

    Raises `SourceUnreadable` if the file as a whole does not fit, before any row is given out; `MappingInvalid` where
    the mappings disagree on how the file is written.
    """
    from ledger_service.importing.json_rows import document_source, lines_source
    from ledger_service.importing.tables import csv_source, workbook_source

    layout, columns = layout_of(mappings), Columns.of(mappings)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SourceUnreadable(f"larger than {MAX_FILE_BYTES} bytes: split the export")
        if layout.format == "xlsx":
            opened = workbook_source(path, layout, columns, strict)
        elif layout.format == "csv":
            opened = csv_source(path, layout, columns, strict)
        else:
            opened = (document_source if layout.format == "json" else lines_source)(path, layout, columns)
        with opened as source:
            yield source
    except OSError as error:
        raise SourceUnreadable(f"{path.name} cannot be read: {error.strerror or type(error).__name__}") from error


def layout_of(mappings: Sequence[SourceMapping]) -> Layout:
    """How the file is written. Raises `MappingInvalid` where the mappings say different things."""
    layouts = {mapping.layout for mapping in mappings}
    if len(layouts) != 1:
        raise MappingInvalid(f"{', '.join(mapping.id for mapping in mappings)} do not describe the same kind of file")
    return layouts.pop()
