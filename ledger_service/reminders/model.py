"""A reminder, what is sent of it, and what a channel answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ReminderState(StrEnum):
    """`settled`: the answer came before the reminder went out. `failed`: no attempt is left."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SETTLED = "settled"
    NO_RECIPIENT = "no_recipient"


class Outcome(StrEnum):
    """`refused` is for good (a wrong address); `unreachable` is tried again."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the channel answered: a status, a queue id; no address, at most 200 characters."""

    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. It names a record by its log index: never a person, never what was reported."""

    reminder_id: str
    ledger: str
    deadline: str
    label_zh: str
    label_en: str
    record_type: str
    entry_index: int
    level: int
    role: str
    due_at: datetime | None
    sent_at: datetime


class Channel(Protocol):
    """A way to reach a recipient. Never raises for what the other side does: that is an outcome."""

    def send(self, message: Message) -> Receipt:
        """Send, wait for the answer, and say what came of it."""
        ...


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is told: `name` stands in the rows, `role` is whom the deadline names."""

    name: str
    role: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class ReminderRow:
    """A reminder as stored."""

    ledger: str
    reminder_id: str
    stream: str
    deadline: str
    started_idx: int
    record_type: str
    level: int
    recipient: str
    role: str
    due_at: datetime | None
    created_at: datetime
    state: ReminderState
    attempts: int
    next_at: datetime | None
