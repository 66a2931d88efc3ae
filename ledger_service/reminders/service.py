"""Deliver reminders: at least once, each attempt counted before it is made, every answer kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Engine

from evidence.records import RecordType
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read, write
from ledger_service.ledgers.service import LedgerService
from ledger_service.reminders import repository
from ledger_service.reminders.model import Message, Outcome, Receipt, Recipient, ReminderRow, ReminderState
from ledger_service.reminders.plan import Reminders

BATCH: Final = 100
ATTEMPT_LIMIT: Final = 8
CLAIM: Final = timedelta(minutes=2)
"""How long an attempt may take; a process that dies in it is followed by another one after that time."""
FIRST_PAUSE: Final = timedelta(seconds=30)


class ReminderService:
    """Sends what waits, and shows what became of it."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        ledgers: LedgerService,
        types: Mapping[str, RecordType],
        reminders: Reminders,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ledgers = ledgers
        self._types = types
        self._reminders = reminders

    def tell(self, recipients: Sequence[Recipient]) -> None:
        """Let these be told from now on, in place of those before."""
        self._reminders.replace(recipients)

    def run(self, ledger: str) -> int:
        """Make every attempt that is due, once. Returns how many were delivered."""
        with read(self._engine) as connection:
            rows = repository.waiting(connection, ledger, self._clock.now(), BATCH)
        return sum(self._attempt(row) for row in rows)

    def list(
        self, ledger: str, state: ReminderState | None = None, begin: int = 0, limit: int = 50
    ) -> list[tuple[ReminderRow, list[dict[str, Any]]]]:
        """Reminders, newest first, with the outcome of every attempt."""
        slug = self._ledgers.get(ledger).slug
        with read(self._engine) as connection:
            return repository.find(connection, slug, state, begin, max(1, min(limit, 200)))

    def _attempt(self, row: ReminderRow) -> bool:
        now = self._clock.now()
        with write(self._engine) as connection:
            claimed = repository.claim(connection, row, now + CLAIM)
        if claimed is None:
            return False
        # Outside any transaction: a mail server may take its time.
        receipt = self._send(claimed)
        state, pause = follow_up(receipt.outcome, claimed.attempts)
        at = self._clock.now()
        with write(self._engine) as connection:
            repository.conclude(connection, claimed, receipt, at, state, None if pause is None else at + pause)
        return receipt.outcome is Outcome.DELIVERED

    def _send(self, row: ReminderRow) -> Receipt:
        recipient = self._reminders.recipients.get(row.recipient)
        if recipient is None:
            return Receipt(Outcome.REFUSED, "the recipient is no longer in the channels file")
        try:
            return recipient.channel.send(self._message(row))
        except Exception as error:
            # Whatever a library makes of a setting: counted and tried again like any other failure, its text kept out.
            return Receipt(Outcome.UNREACHABLE, type(error).__name__)

    def _message(self, row: ReminderRow) -> Message:
        labels = self._labels(row)
        return Message(
            reminder_id=row.reminder_id,
            ledger=row.ledger,
            deadline=row.deadline,
            label_zh=labels.get("zh", row.deadline),
            label_en=labels.get("en", row.deadline),
            record_type=row.record_type,
            entry_index=row.started_idx,
            level=row.level,
            role=row.role,
            due_at=row.due_at,
            sent_at=self._clock.now(),
        )

    def _labels(self, row: ReminderRow) -> Mapping[str, str]:
        record_type = self._types.get(row.record_type)
        definitions = () if record_type is None else record_type.deadlines
        return next((item.labels for item in definitions if item.id == row.deadline), {})


def follow_up(outcome: Outcome, attempts: int) -> tuple[ReminderState, timedelta | None]:
    """What a reminder becomes after its attempt number `attempts`, and after what pause it is tried again.

    Pauses double from 30 seconds; the eighth unreachable attempt, an hour after the first, is the last.
    """
    if outcome is Outcome.DELIVERED:
        return ReminderState.DELIVERED, None
    if outcome is Outcome.REFUSED or attempts >= ATTEMPT_LIMIT:
        return ReminderState.FAILED, None
    return ReminderState.PENDING, FIRST_PAUSE * 2 ** (attempts - 1)
