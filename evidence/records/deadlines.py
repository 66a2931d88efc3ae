"""Deadlines of a subject, worked out from its stream: what is running, soon due, met, met late or breached.

Only what the ledger has received counts, by the time at which it received it: a decision dated back does not stop a
clock earlier, and a late one never erases a breach. A subject that is opened again starts a new clock beside the old.

deadlines_of(record_type, facts.about("hazard/H-17"), now, tables, zone)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from evidence.records.deadline_run import Happening, Run
from evidence.records.deadline_state import Deadline, DeadlineState, Told
from evidence.records.facts import Fact
from evidence.records.judgement import Severity
from evidence.records.lifecycle import Guard, Move, fold, is_human
from evidence.records.model import RecordType
from evidence.records.table import Tables

__all__ = ["Deadline", "DeadlineState", "Told", "deadlines_of"]


def deadlines_of(
    record_type: RecordType,
    facts: Iterable[Fact],
    now: datetime,
    tables: Tables,
    zone: ZoneInfo,
    guard: Guard | None = None,
) -> tuple[Deadline, ...]:
    """Every clock that the type's deadlines ever started on a subject, by start, as of `now`.

    `facts` is the subject's stream in log order; what was received after `now` is not seen. `zone`: of the site.
    """
    if not record_type.deadlines:
        return ()
    known = [fact for fact in facts if fact.received_at <= now]
    happenings = _happenings(record_type, known, guard)
    found = [
        deadline
        for definition in record_type.deadlines
        for deadline in Run(record_type, definition, tables, zone, now).all(happenings)
    ]
    return tuple(sorted(found, key=lambda item: (item.started, item.started_by, item.id)))


def _happenings(record_type: RecordType, facts: Sequence[Fact], guard: Guard | None) -> list[Happening]:
    """What counted, oldest first: accepted moves, or every record of a type without lifecycle that stands."""
    lifecycle = record_type.lifecycle
    if lifecycle is None:
        ids = {fact.record_id for fact in facts}
        return [
            Happening(fact, "", is_human(None, fact), fact.supersedes in ids, False)
            for fact in facts
            if fact.type == record_type.id and fact.blocked is not Severity.HARD
        ]

    def ends(move: Move) -> bool:
        return move.from_state != move.to and move.to in lifecycle.states and lifecycle.states[move.to].final

    moves = fold(record_type, facts, guard).accepted
    return [Happening(move.fact, move.event, move.human, move.corrects, ends(move)) for move in moves]
