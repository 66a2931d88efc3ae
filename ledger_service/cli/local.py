"""A ledger of this data folder as a target of imports, without HTTP in between."""

from __future__ import annotations

from collections.abc import Sequence

from ledger_service.context import Services
from ledger_service.importing.build import Attachment
from ledger_service.importing.ports import NotTaken, Taken
from ledger_service.statements.model import Outcome, Sequenced


class LocalLedger:
    """See `importing.importer.Ledger`."""

    def __init__(self, services: Services, name: str) -> None:
        self.name = name
        self._services = services

    def put_blob(self, attachment: Attachment) -> None:
        """Store a file under its SHA-256."""
        with self._services.blobs.begin(attachment.sha256, attachment.media_type) as upload:
            upload.write(attachment.data)
            upload.finish()

    def submit(self, statements: Sequence[str]) -> list[Taken | NotTaken]:
        """One answer per statement, in order, after they are durable."""
        return [_answer(item) for item in self._services.statements.submit_now(self.name, list(statements))]


def _answer(outcome: Outcome) -> Taken | NotTaken:
    if isinstance(outcome, Sequenced):
        return Taken(outcome.index, outcome.created)
    return NotTaken(f"{outcome.error.title}: {outcome.error.detail}")
