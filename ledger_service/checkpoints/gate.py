"""May this ledger take entries? A database older than what was published would give out indices a second time.

The answer comes from memory: one look at the published `checkpoint` file for each ledger and process, at its first
write, and after that what the publisher finds, which compares every witness at every publication.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from evidence.checkpoint import open_checkpoint
from evidence.errors import EvidenceError
from evidence.notes import VerifierKey
from ledger_service.checkpoints import repository
from ledger_service.checkpoints.errors import LedgerBehindAnchor
from ledger_service.checkpoints.log_files import LogFiles


class WriteGate:
    """Which ledgers of one data folder stand behind what was published of them."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._behind: dict[str, str | None] = {}

    def refusal(self, connection: Connection, ledger: str) -> LedgerBehindAnchor | None:
        """Why `ledger`, which exists, takes no entry now; None when it does."""
        if ledger not in self._behind:
            # The publisher may have spoken meanwhile, and it looked at more.
            self._behind.setdefault(ledger, self._look(connection, ledger))
        detail = self._behind[ledger]
        return None if detail is None else LedgerBehindAnchor(detail)

    def close(self, ledger: str, detail: str) -> None:
        """Take no entry until `open`: a witness holds a larger tree than the rows."""
        self._behind[ledger] = detail

    def open(self, ledger: str) -> None:
        """The rows hold all that any witness saw."""
        self._behind[ledger] = None

    def _look(self, connection: Connection, ledger: str) -> str | None:
        # The file before the head: a publication in between moves the head first, and is no difference.
        seen = self._published(connection, ledger)
        head = repository.published_head(connection, ledger)
        size = 0 if head is None else head.size
        if seen <= size:
            return None
        return (
            f"the checkpoint file holds size {seen}, the database has published {size}: "
            "restore the newest backup before anything is recorded"
        )

    def _published(self, connection: Connection, ledger: str) -> int:
        """The size in the `checkpoint` file; 0 without one, and for a damaged one, which the publisher reports."""
        try:
            note = LogFiles(self._logs / ledger).checkpoint()
        except OSError:
            return 0
        if note is None:
            return 0
        vkey = repository.ledger_row(connection, ledger).log_vkey
        try:
            return open_checkpoint(note, [VerifierKey.parse(vkey)]).size
        except EvidenceError:
            return 0
