"""Which reminders a subject's deadlines call for: one for each level that was reached, and recipient of its role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from evidence.hashing import sha256
from evidence.records.deadlines import Deadline
from evidence.statement import uuid7
from ledger_service.reminders import repository
from ledger_service.reminders.model import Recipient, ReminderRow, ReminderState


class Reminders:
    """Creates reminders in the transaction that works the deadlines out."""

    def __init__(self, recipients: Sequence[Recipient]) -> None:
        self.recipients: Mapping[str, Recipient] = {}
        self.replace(recipients)

    def replace(self, recipients: Sequence[Recipient]) -> None:
        """Other recipients from now on."""
        self.recipients = {item.name: item for item in recipients}

    def create(
        self, connection: Connection, ledger: str, stream: str, found: Sequence[Deadline], now: datetime
    ) -> None:
        """Add the reminders that are new; those of an answered deadline that did not go out yet are settled."""
        wanted = [row for item in found if item.met_at is None for row in self._rows(ledger, stream, item, now)]
        repository.add_new(connection, wanted)
        answered = [(item.id, item.started_by) for item in found if item.met_at is not None]
        repository.settle(connection, ledger, stream, answered)

    def _rows(self, ledger: str, stream: str, item: Deadline, now: datetime) -> Iterator[ReminderRow]:
        for told in item.escalations:
            if not told.reached:
                continue
            names = [name for name, to in self.recipients.items() if to.role == told.to]
            for name in names or [""]:
                yield ReminderRow(
                    ledger=ledger,
                    reminder_id=_reminder_id(told.at, ledger, stream, item.id, item.started_by, told.level, name),
                    stream=stream,
                    deadline=item.id,
                    started_idx=item.started_by,
                    record_type=item.record_type,
                    level=told.level,
                    recipient=name,
                    role=told.to,
                    due_at=item.due,
                    created_at=now,
                    state=ReminderState.PENDING if name else ReminderState.NO_RECIPIENT,
                    attempts=0,
                    next_at=now if name else None,
                )


def _reminder_id(at: datetime, *parts: str | int) -> str:
    """The same reminder has the same id, whoever works it out: a receiver can drop a repetition."""
    return uuid7(max(0, int(at.timestamp() * 1000)), sha256("\n".join(map(str, parts)).encode())[:10])
