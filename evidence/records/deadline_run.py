"""One deadline's definition run over what happened to a subject: when its clock starts, is due and stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from evidence.canonical import Json
from evidence.encoding import parse_time
from evidence.errors import Malformed
from evidence.records.deadline_definition import DeadlineDef
from evidence.records.deadline_state import Deadline, DeadlineState, Told
from evidence.records.durations import parse_duration
from evidence.records.facts import Fact
from evidence.records.model import RecordType
from evidence.records.table import Tables

_DAY_END: Final = time(23, 59, 59, 999_999)


@dataclass(frozen=True, slots=True)
class Happening:
    """A record that can start or stop clocks. `ends`: it closes the subject."""

    fact: Fact
    event: str
    human: bool
    corrects: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class _Clock:
    started: datetime
    by: Fact
    due: datetime | None


@dataclass(frozen=True)
class Run:
    """One deadline's definition over one stream."""

    record_type: RecordType
    definition: DeadlineDef
    tables: Tables
    zone: ZoneInfo
    now: datetime

    def all(self, happenings: Sequence[Happening]) -> list[Deadline]:
        found: list[Deadline] = []
        clock: _Clock | None = None
        for position, item in enumerate(happenings):
            if clock is not None and item.corrects:
                clock = self._corrected(clock, item)
            if clock is not None and self._stops(item):
                found.append(self._stopped(clock, item))
                clock = None
            if clock is None and self._starts(item):
                clock = self._start(item.fact, happenings[: position + 1])
            elif clock is not None and clock.due is None:
                clock = _Clock(clock.started, clock.by, self._due(clock, happenings[: position + 1]))
        if clock is not None:
            found.append(self._running(clock))
        return found

    def _starts(self, item: Happening) -> bool:
        if item.corrects:
            return False
        return not self.definition.start_events or item.event in self.definition.start_events

    def _stops(self, item: Happening) -> bool:
        if item.corrects:
            return False
        if not self.definition.stops:
            # Nothing stops it by name: the next record of its kind takes its place.
            return item.ends or self._starts(item)
        return (item.ends or item.event in self.definition.stops) and (item.human or not self.definition.human)

    def _start(self, fact: Fact, so_far: Sequence[Happening]) -> _Clock | None:
        started = self._clock_time(fact)
        if started is None:
            return None
        clock = _Clock(started, fact, None)
        return _Clock(started, fact, self._due(clock, so_far))

    def _clock_time(self, fact: Fact) -> datetime | None:
        clock = self.definition.clock
        if clock == "received_at":
            return fact.received_at
        if clock == "occurred_at":
            return fact.occurred_at
        return moment(fact.payload.get(clock.removeprefix("field:")), self.zone, time())

    def _corrected(self, clock: _Clock, item: Happening) -> _Clock:
        """A correction of the record that started the clock changes what it says, as long as nothing is breached."""
        in_time = clock.due is None or item.fact.received_at <= clock.due
        if item.fact.supersedes != clock.by.record_id or not in_time:
            return clock
        started = clock.started if self.definition.clock == "received_at" else self._clock_time(item.fact)
        moved = _Clock(started or clock.started, clock.by, None)
        return _Clock(moved.started, clock.by, self._due(moved, [item]) or clock.due)

    def _due(self, clock: _Clock, so_far: Sequence[Happening]) -> datetime | None:
        due = self.definition.due
        try:
            if due.within is not None:
                return due.within.after(clock.started, self.zone)
            if due.field:
                return moment(_newest(so_far, due.field), self.zone, _DAY_END)
            rows = [row for field in due.by if (row := _row(field, _newest(so_far, field)))]
            span = self._from_table(due.table, rows, clock.started)
            return parse_duration(span).after(clock.started, self.zone) if span is not None else None
        except (OverflowError, ValueError):
            return None

    def _from_table(self, place: str, rows: Sequence[str], at: datetime) -> str | None:
        table, _, member = place.partition(".")
        try:
            values = self.tables.at(table, at.astimezone(self.zone).date()).values.get(member)
        except KeyError:
            return None
        if not rows or not isinstance(values, Mapping):
            return None
        span = next((values[row] for row in (*rows, "other") if row in values), None)
        return span if isinstance(span, str) else None

    def _stopped(self, clock: _Clock, item: Happening) -> Deadline:
        fact, due = item.fact, clock.due
        late = due is not None and fact.received_at > due and not self.definition.soft
        return self._deadline(
            clock,
            DeadlineState.MET_LATE if late else DeadlineState.MET,
            met_at=fact.received_at,
            met_by=fact.index,
            met_kid=fact.kid,
            met_human=item.human,
            stated_in_time=late and due is not None and fact.occurred_at <= due,
            breached_at=due if late else None,
            escalations=self._told(clock, fact.received_at),
        )

    def _running(self, clock: _Clock) -> Deadline:
        told = self._told(clock, self.now)
        breached = clock.due is not None and self.now > clock.due and not self.definition.soft
        state = DeadlineState.DUE_SOON if any(item.reached for item in told) else DeadlineState.RUNNING
        state = DeadlineState.BREACHED if breached else state
        return self._deadline(clock, state, breached_at=clock.due if breached else None, escalations=told)

    def _told(self, clock: _Clock, until: datetime) -> tuple[Told, ...]:
        found = []
        for level, step in enumerate(self.definition.escalate, 1):
            base = clock.due if step.before_due else clock.started
            try:
                at = base + step.offset if base is not None else None
            except OverflowError:
                at = None
            if at is not None:
                found.append(Told(level, step.to, at, at <= until))
        return tuple(found)

    def _deadline(self, clock: _Clock, state: DeadlineState, **more: Any) -> Deadline:
        return Deadline(
            id=self.definition.id,
            record_type=self.record_type.id,
            subject=clock.by.subject,
            soft=self.definition.soft,
            started=clock.started,
            started_by=clock.by.index,
            due=clock.due,
            state=state,
            **more,
        )


def _newest(happenings: Sequence[Happening], field: str) -> Json:
    return next((item.fact.payload[field] for item in reversed(happenings) if field in item.fact.payload), None)


def _row(field: str, value: Json) -> str:
    """The row of a table that a field's value names; empty where it names none."""
    return field if value is True else value if isinstance(value, str) else ""


def moment(value: Json, zone: ZoneInfo, of_day: time) -> datetime | None:
    """The instant of a time field, or of a date field at a time of day at the site; None where it is neither."""
    if not isinstance(value, str):
        return None
    try:
        if len(value) == 10:
            return datetime.combine(date.fromisoformat(value), of_day, zone).astimezone(UTC)
        return parse_time(value)
    except (ValueError, OverflowError, Malformed):
        return None
