"""Fold a subject's stream into its course: which state it is in, since when, and which events were refused.

A record's own judgement froze its move when it was sequenced (`Fact.step`); the fold goes by that. Records without one
are folded by the same rules: an event is accepted where the state allows it, a proven role may cause it, its guard
holds, and no hard rule stands against the record.

course = fold(record_type, facts.about("action/A-7"))
course.state, course.since
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from evidence.records.course import Attempt, Course, Move, Refusal
from evidence.records.facts import Fact
from evidence.records.judgement import Severity, Step
from evidence.records.lifecycle_definition import Event, LifecycleDef
from evidence.records.model import RecordType

__all__ = ["Attempt", "Course", "Guard", "Move", "Refusal", "attempt", "current", "display_state", "fold", "followed"]

NEW: Final = ""
"""State of a subject that no accepted event has opened."""
HELD: Final = "held"
"""State into which a failed rule with the effect `hold` puts a subject, where its lifecycle has it."""
UNPROVEN_ROLES: Final = frozenset({"", "importer", "service"})
"""Roles of keys that sign for somebody else: who did it is stated, not proven."""
MACHINE_ROLES: Final = frozenset({"detector", "device"})
"""Roles that never stand for a person's decision."""
_MACHINES: Final = frozenset({"detector", "iot"})

Guard = Callable[[Fact, str, str], bool]
"""Called as `guard(fact, expression, state)`: whether a guard of an event or a follow holds for that record."""


def fold(record_type: RecordType, facts: Iterable[Fact], guard: Guard | None = None) -> Course:
    """The course of a subject by the lifecycle of `record_type`, from its stream in log order.

    Records of other types are passed over, unless the lifecycle follows them. Without `guard`, guards of events hold
    and guarded follows do not, except where the records' frozen moves say otherwise. A type without lifecycle gives
    an empty course.
    """
    lifecycle = record_type.lifecycle
    moves: list[Move] = []
    state = NEW
    if lifecycle is not None:
        for fact in facts:
            move = _move(record_type.id, lifecycle, state, moves, fact, guard)
            if move is not None:
                moves.append(move)
                state = move.to
    final = lifecycle is not None and state in lifecycle.states and lifecycle.states[state].final
    return Course(record_type.id, state, tuple(moves), final)


def current(record_type: RecordType, facts: Sequence[Fact], guard: Guard | None = None) -> tuple[str, Fact | None]:
    """The state after the stream and the newest record that was accepted; what `fold` gives, from the end backwards."""
    lifecycle = record_type.lifecycle
    if lifecycle is None:
        return NEW, None
    state: str | None = None
    for fact in reversed(facts):
        if fact.type == record_type.id or any(item.record == fact.type for item in lifecycle.follow):
            step = frozen_step(record_type.id, lifecycle, fact)
            if step is None:
                break
            state = step.to if state is None else state
            if step.accepted and (fact.type == record_type.id or step.from_state != step.to):
                return state, fact
    course = fold(record_type, facts, guard)
    last = next((move.fact for move in reversed(course.moves) if move.accepted), None)
    return course.state, last


def frozen_step(type_id: str, lifecycle: LifecycleDef, fact: Fact) -> Step | None:
    """The record's frozen move in this lifecycle, if it has one."""
    step = fact.step
    if step is None or (fact.type != type_id and step.event != fact.type):
        return None
    known = all(state == NEW or state in lifecycle.states for state in (step.from_state, step.to))
    return step if known else None


def attempt(lifecycle: LifecycleDef, state: str, fact: Fact, moves: Sequence[Move] = ()) -> Attempt:
    """What the event that a record states meets in `state`; guards are not looked at. `moves`: the course so far.

    A record that replaces an accepted one does not move the subject again; where it states another event, only the
    newest accepted event can be taken back.
    """
    name = fact.event or lifecycle.default_event
    event = lifecycle.events.get(name)
    if event is None:
        return Attempt("", state, state, None, Refusal("LC1", "unknown_event"))
    original = _corrected(fact, moves)
    if original is not None:
        if original.event == name:
            return Attempt(name, state, state, event, _role_refusal(event, fact), original)
        if original is not next((move for move in reversed(moves) if move.accepted), None):
            return Attempt(name, state, state, event, Refusal("LC1", "not_last_event"), original)
        state = original.from_state
    legal = event.opens if state == NEW else state in event.from_states
    refusal = _role_refusal(event, fact) if legal else Refusal("LC1", "not_in_this_state" if state else "not_open")
    return Attempt(name, state, event.to or state, event, refusal, original)


def followed(lifecycle: LifecycleDef, state: str, fact: Fact, holds: Callable[[str], bool]) -> str | None:
    """The state to which a record of a followed type leads, None where it does not move; `holds` evaluates `when`."""
    for item in lifecycle.follow:
        fits = item.opens if state == NEW else state in item.from_states
        if item.record == fact.type and fits and (not item.when or holds(item.when)):
            return item.to
    return None


def display_state(lifecycle: LifecycleDef, state: str, holds: Callable[[str], bool]) -> str:
    """The state to show: the first timed one whose condition holds now, else the stored one."""
    for item in lifecycle.timed:
        if state in item.from_states and holds(item.when):
            return item.state
    return state


def is_human(event: Event | None, fact: Fact) -> bool:
    """Whether the record is a person's decision: the event is one, and no machine signed it."""
    return event is not None and event.human and fact.role not in MACHINE_ROLES and fact.channel not in _MACHINES


def _role_refusal(event: Event, fact: Fact) -> Refusal | None:
    if event.human and not is_human(event, fact):
        return Refusal("LC2", "not_human")
    if not event.by or fact.role in event.by or fact.role in UNPROVEN_ROLES:
        return None
    return Refusal("LC2", "wrong_role")


def _corrected(fact: Fact, moves: Sequence[Move]) -> Move | None:
    """The accepted move of the record that this one replaces."""
    if fact.supersedes is None:
        return None
    return next((m for m in reversed(moves) if m.accepted and m.fact.record_id == fact.supersedes), None)


def _move(
    type_id: str, lifecycle: LifecycleDef, state: str, moves: Sequence[Move], fact: Fact, guard: Guard | None
) -> Move | None:
    own = fact.type == type_id
    if not own and all(item.record != fact.type for item in lifecycle.follow):
        return None
    step = frozen_step(type_id, lifecycle, fact)
    if step is not None:
        event = lifecycle.events.get(step.event) if own else None
        corrects = _corrected(fact, moves) is not None
        if not own and step.from_state == step.to:
            return None
        return Move(fact, step.event, step.from_state, step.to, step.accepted, is_human(event, fact), corrects)
    if not own:
        return _followed_move(lifecycle, state, fact, guard)
    tried = attempt(lifecycle, state, fact, moves)
    event = tried.definition
    good = tried.refusal is None and fact.blocked is not Severity.HARD
    if good and event is not None and event.when and guard is not None:
        good = guard(fact, event.when, tried.from_state)
    human, corrects = is_human(event, fact), tried.corrects is not None
    if not good:
        return Move(fact, tried.event, state, state, False, human, corrects)
    return Move(fact, tried.event, tried.from_state, tried.to, True, human, corrects)


def _followed_move(lifecycle: LifecycleDef, state: str, fact: Fact, guard: Guard | None) -> Move | None:
    def holds(expression: str) -> bool:
        return guard is not None and guard(fact, expression, state)

    to = None if fact.blocked is Severity.HARD else followed(lifecycle, state, fact, holds)
    return None if to is None else Move(fact, fact.type, state, to, True, False)
