"""How far an import has come: a small file beside the source, so that an interrupted import goes on where it stopped.

The journal only saves time. If it is lost, every row is sent again and the ledger recognises what it has.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evidence.canonical import dumps


@dataclass
class Position:
    """Rows settled so far, in order, and what became of them; `rejects_bytes` of the rejects file belong to them."""

    rows: int = 0
    created: int = 0
    repeated: int = 0
    rejected: int = 0
    rejects_bytes: int = 0


class Journal:
    """The progress of one file into one ledger. `identity` names file content, mapping and ledger."""

    def __init__(self, path: Path, rejects: Path, identity: dict[str, str]) -> None:
        self._path, self._rejects, self._identity = path, rejects, identity
        self.position = self._load()

    def reject(self, line: int, column: str, problem: str, raw: Any) -> None:
        """Keep a refused row with the reason. The file holds the row's own values: it goes back to whoever sent it."""
        record = {"line": line, "column": column, "problem": problem, "row": raw}
        with self._rejects.open("ab") as file:
            file.write(json.dumps(record, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n")
            self.position.rejects_bytes = file.tell()
        self.position.rejected += 1

    def settle(self, rows: int, created: int, repeated: int) -> None:
        """Note that `rows` more rows are settled. Called after the ledger has answered, never before."""
        self.position.rows += rows
        self.position.created += created
        self.position.repeated += repeated
        _replace(self._path, dumps({**self._identity, "position": asdict(self.position)}))

    def finish(self) -> None:
        """The file is through: the next import of it starts at its beginning."""
        self._path.unlink(missing_ok=True)

    def _load(self) -> Position:
        position = Position()
        try:
            stored = json.loads(self._path.read_bytes())
            if {name: stored.get(name) for name in self._identity} == self._identity:
                position = Position(**stored["position"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            position = Position()  # Unreadable or of another import: start at the beginning, which is always right.
        # What an interrupted batch wrote after its last settled row would otherwise stand there twice.
        if position.rejects_bytes and self._rejects.exists():
            os.truncate(self._rejects, position.rejects_bytes)
        else:
            self._rejects.unlink(missing_ok=True)
        return position


def _replace(path: Path, data: bytes, replace: Callable[[Path, Path], None] = os.replace) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(data)
    replace(temporary, path)
