"""How far an import has come: a small file beside the source, so that an interrupted import goes on where it stopped.

The journal only saves time. If it is lost, every row is sent again and the ledger recognises what it has.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from evidence.canonical import dumps
from ledger_service.importing.errors import RowRejected


@dataclass
class Position:
    """Rows settled so far, in order, and what became of their records; `rejects_bytes` of the rejects file are theirs.

    `duplicates` are rows that stand in the file before, by their source reference.
    """

    rows: int = 0
    created: int = 0
    repeated: int = 0
    rejected: int = 0
    duplicates: int = 0
    rejects_bytes: int = 0


class Journal:
    """The progress of one file into one ledger. `identity` names file content, mapping and ledger.

    `path` is None for a trial: nothing is kept of it but its rejects.
    """

    def __init__(self, path: Path | None, rejects: Path, identity: dict[str, str]) -> None:
        self._path, self.rejects, self._identity = path, rejects, identity
        self.position = self._load()

    def reject(self, errors: Sequence[RowRejected]) -> None:
        """Keep refused rows with the reason. The file holds their own values: it goes back to whoever sent them."""
        if not errors:
            return
        with self.rejects.open("ab") as file:
            for error in errors:
                file.write(_line(error))
            self.position.rejects_bytes = file.tell()
        self.position.rejected += len(errors)

    def settle(self, rows: int, created: int, repeated: int, duplicates: int = 0) -> None:
        """Note that `rows` more rows are settled. Called after the ledger has answered, never before."""
        self.position.rows += rows
        self.position.created += created
        self.position.repeated += repeated
        self.position.duplicates += duplicates
        if self._path is not None:
            _replace(self._path, dumps({**self._identity, "position": asdict(self.position)}))

    def finish(self) -> None:
        """The file is through: the next import of it starts at its beginning."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _load(self) -> Position:
        position = Position()
        try:
            stored = json.loads(self._path.read_bytes()) if self._path is not None else {}
            if {name: stored.get(name) for name in self._identity} == self._identity:
                position = Position(**stored["position"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            position = Position()  # Unreadable or of another import: start at the beginning, which is always right.
        # What an interrupted batch wrote after its last settled row would otherwise stand there twice.
        if position.rejects_bytes and self.rejects.exists():
            os.truncate(self.rejects, position.rejects_bytes)
        else:
            self.rejects.unlink(missing_ok=True)
        return position


def _line(error: RowRejected) -> bytes:
    record = {
        "line": error.line,
        "column": error.column,
        "problem": error.problem.en,
        "problem_zh": error.problem.zh,
        "row": error.raw,
    }
    return json.dumps(record, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"


def _replace(path: Path, data: bytes, replace: Callable[[Path, Path], None] = os.replace) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(data)
    replace(temporary, path)
