"""Deadlines as the service keeps and shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from evidence.records.deadlines import Deadline, DeadlineState

_INSTANT: Final = timedelta(microseconds=1)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DeadlineRow:
    """One clock on one subject, by what the log says; its state depends on the time at which it is looked at."""

    ledger: str
    stream: str
    deadline: str
    started_idx: int
    record_type: str
    soft: bool
    started_at: datetime
    due_at: datetime | None
    told_at: datetime | None
    next_at: datetime | None
    met_idx: int | None
    met_at: datetime | None
    met_kid: str | None

    def state(self, now: datetime) -> DeadlineState:
        """As of `now`. A breach is one for ever: an answer after the due time is `met_late`."""
        late = self.due_at is not None and not self.soft
        if self.met_at is not None:
            return DeadlineState.MET_LATE if late and self.due_at and self.met_at > self.due_at else DeadlineState.MET
        if late and self.due_at and now > self.due_at:
            return DeadlineState.BREACHED
        soon = self.told_at is not None and now >= self.told_at
        return DeadlineState.DUE_SOON if soon else DeadlineState.RUNNING


@dataclass(frozen=True, slots=True)
class DeadlineView:
    """A row with the name of its subject, which is empty once erased."""

    row: DeadlineRow
    subject: str
    state: DeadlineState


@dataclass(frozen=True, slots=True)
class DeadlineFilter:
    """Which deadlines to list; None does not filter. `due_before` is exclusive."""

    state: DeadlineState | None = None
    record_type: str | None = None
    due_before: datetime | None = None


def row_of(ledger: str, stream: str, item: Deadline, now: datetime) -> DeadlineRow:
    """A deadline worked out at `now`, as a row."""
    # A breach begins with the first instant after the due time; the last one of the calendar has none after it.
    breach = [item.due + _INSTANT] if item.due and item.due < _LAST else []
    looks = [told.at for told in item.escalations] + breach
    coming = [at for at in looks if at > now] if item.met_at is None else []
    return DeadlineRow(
        ledger=ledger,
        stream=stream,
        deadline=item.id,
        started_idx=item.started_by,
        record_type=item.record_type,
        soft=item.soft,
        started_at=item.started,
        due_at=item.due,
        told_at=min((told.at for told in item.escalations), default=None),
        next_at=min(coming, default=None),
        met_idx=item.met_by,
        met_at=item.met_at,
        met_kid=item.met_kid or None,
    )
