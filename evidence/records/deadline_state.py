"""What a deadline of a subject is as of an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeadlineState(StrEnum):
    """`due_soon`: somebody is to be told already. A soft deadline is a reminder and is never `breached`."""

    RUNNING = "running"
    DUE_SOON = "due_soon"
    MET = "met"
    MET_LATE = "met_late"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True)
class Told:
    """One level of escalation: who is to be told, when, and whether that time came before the clock stopped."""

    level: int
    to: str
    at: datetime
    reached: bool


@dataclass(frozen=True, slots=True)
class Deadline:
    """One clock on one subject, as of an instant."""

    id: str
    record_type: str
    subject: str
    soft: bool
    started: datetime
    started_by: int
    """Log index of the record that started it."""
    due: datetime | None
    """None: what it is due by is not known (yet), such as a level that nobody has set."""
    state: DeadlineState
    met_at: datetime | None = None
    """When the ledger received what stopped it."""
    met_by: int | None = None
    """Log index of the record that stopped it."""
    met_kid: str = ""
    """Key that signed it."""
    met_human: bool = False
    """It is a person's decision."""
    stated_in_time: bool = False
    """It was received late, but says that it happened in time. The breach stands; the reader may judge."""
    breached_at: datetime | None = None
    """The due time that passed without an answer. Stays when the answer comes."""
    escalations: tuple[Told, ...] = ()
