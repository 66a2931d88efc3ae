"""Rows that stand in a file twice, told by what names them at their source."""

from __future__ import annotations

from collections.abc import Sequence

from ledger_service.importing.compiling import lookup
from ledger_service.importing.errors import RowRejected
from ledger_service.importing.rows import Row

MAX_LINES = 10
MAX_REMEMBERED = 2_000_000
"""Rows of which a trace is kept, some seventy bytes each; what comes behind them is not compared."""


class Duplicates:
    """Remembers 64 bits of each source reference. A false alarm among a million rows has odds of one in 37 million."""

    def __init__(self, source_ref: Sequence[str]) -> None:
        self._parts = [lookup(path) for path in source_ref]
        self._seen: set[int] = set()
        self.lines: list[int] = []
        """Lines of the first ten that came again."""

    def seen(self, row: Row | RowRejected) -> bool:
        """Whether a row with this reference came before; remembers it."""
        if isinstance(row, RowRejected) or len(self._seen) >= MAX_REMEMBERED:
            return False
        named = [part((row.cells, row.outer)) for part in self._parts]
        if all(part is None or part == "" for part in named):
            return False  # A row of another mapping that reads the same file: this one does not name it.
        mark = hash(tuple(str(part) for part in named))
        if mark in self._seen:
            if len(self.lines) < MAX_LINES:
                self.lines.append(row.line)
            return True
        self._seen.add(mark)
        return False
