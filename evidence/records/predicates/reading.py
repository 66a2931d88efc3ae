"""Reading facts for predicates about people, equipment and detectors: which records still speak, and their times.

A record speaks unless a later record of its stream and type replaces it, or its own judgement found a hard rule
broken. The record being judged is not among them: a rule holds it against what was known before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from evidence.canonical import Json
from evidence.records.facts import Fact
from evidence.records.judgement import Severity
from evidence.records.predicates.history import instant
from evidence.records.predicates.scope import Scope, Undecidable


def subject_of(kind: str, reference: str) -> str:
    """The subject that a reference names: `W-1` of kind person is `person/W-1`, and so is `person/W-1`."""
    return reference if reference.startswith(f"{kind}/") else f"{kind}/{reference}"


def moment(value: Any) -> datetime:
    """An instant given as such or as text. Raises `Undecidable` for anything else."""
    return value if isinstance(value, datetime) else instant(value)


def current(scope: Scope, subject: str, record_type: str, *, refused: bool = False) -> list[Fact]:
    """The records of one type that speak about a subject, in log order; a correction takes the corrected one's place.

    With `refused`, records whose own judgement found a hard rule broken are among them.
    """
    key = ("current", subject, record_type, refused)
    if key not in scope.memo:
        scope.memo[key] = _current(scope, subject, record_type, refused)
    found: list[Fact] = scope.memo[key]
    return found


def _current(scope: Scope, subject: str, record_type: str, refused: bool) -> list[Fact]:
    known = [fact for fact in scope.facts.about(subject) if fact.type == record_type]
    replaced = scope.candidate.supersedes if scope.candidate.subject == subject else None
    return [fact for fact in speaking(known, refused=refused) if fact.record_id != replaced]


def speaking(facts: Iterable[Fact], *, refused: bool = False) -> list[Fact]:
    """Of the records of one stream and type in log order: those that still speak, each in its first place."""
    places: dict[str, int] = {}
    newest: dict[int, Fact] = {}
    for position, fact in enumerate(facts):
        if fact.blocked is Severity.HARD and not refused:
            continue
        places[fact.record_id] = places.get(fact.supersedes or "", position)
        newest[places[fact.record_id]] = fact
    return [newest[position] for position in sorted(newest)]


def effective(fact: Fact, name: str = "effective_at") -> datetime:
    """When what a record states takes effect: the time it names, else when it occurred."""
    return moment(fact.payload[name]) if name in fact.payload else fact.occurred_at


def text(value: Json) -> str:
    """A text; empty where the value is none."""
    return value if isinstance(value, str) else ""


def given(fact: Fact, name: str) -> Json:
    """A value that a record of this kind must have. Raises `Undecidable` where it is no longer disclosed."""
    if name not in fact.payload:
        raise Undecidable("erased")
    return fact.payload[name]
