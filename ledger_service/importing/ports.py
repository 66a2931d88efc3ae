"""What an import needs of a ledger and of a signer, and what it says in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evidence.records import RecordType
from ledger_service.importing.build import Attachment, Draft
from ledger_service.importing.errors import Problem

Progress = Callable[[int, int], None]
"""Called with (rows settled, rows in all); the second is an estimate until the end of the file is reached."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The ledger has the statement; `created` is False if it had it before."""

    index: int
    created: bool


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The ledger refused the statement; `problem` carries no values."""

    problem: str


class Ledger(Protocol):
    """What an import needs of a ledger. Raises `ServiceUnavailable` or `ServiceRefused`."""

    name: str

    def put_blob(self, attachment: Attachment) -> None:
        """Store a file under its SHA-256; storing it again changes nothing."""

    def submit(self, statements: Sequence[str]) -> list[Taken | NotTaken]:
        """One answer per statement (as its issuer wrote it), in order, after they are durable."""


class Issuer(Protocol):
    """Turns drafts into what the ledger takes: signed statements, or plain records that the service signs."""

    def sign(self, draft: Draft, record_type: RecordType, source: str) -> str:
        """The text to submit, the same for the same draft. Raises `RowRejected`."""


@dataclass(frozen=True)
class ImportReport:
    """What became of a file's rows. With one mapping and no `where` the counts of records add up to `rows`."""

    source: str
    record_type: str
    """The types of the mappings, joined by +."""
    rows: int
    created: int
    """Records that the ledger did not have; in a trial, records that would have been sent."""
    repeated: int
    rejected: int
    duplicates: int
    """Rows whose source reference stands in the file before."""
    rejects: Path | None
    errors: Path | None
    """The same rows as a spreadsheet, to send back."""
    resumed_at: int
    notes: tuple[Problem, ...] = ()
    trial: bool = False
