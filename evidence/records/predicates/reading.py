"""Reading facts for predicates about people, equipment and detectors: which records still speak, and their times.

A record speaks unless a later record of its stream and type replaces it, or its own judgement found a hard rule
broken. The record being judged is not among them: a rule holds it against what was known before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from evidence.canonical import Json
from evidence.records.facts import MENTIONS_LIMIT, Fact
from evidence.records.judgement import Severity
from evidence.records.predicates.history import instant
from evidence.records.predicates.scope import Scope, Undecidable

IMPORTER: Final = "importer"


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


def recent_mentions(scope: Scope, subject: str, record_type: str, since: datetime) -> Iterator[Fact]:
    """The records of one type that mention a subject and happened or came in since an instant, newest of the log first.

    Whoever looks through all of them and finds nothing gets `Undecidable` where so many came in since that instant that
    others were left out: what is looked for may be among those, and a flood must not hide it. An import of old records
    is no flood.
    """
    found = scope.facts.mentioning(subject, record_type)
    for fact in reversed(found):
        # Not the end of the search: one record that is dated back would hide everything behind it.
        if fact.occurred_at >= since or (fact.received_at >= since and fact.role != IMPORTER):
            yield fact
    if len(found) >= MENTIONS_LIMIT and found[0].received_at >= since and found[0].role != IMPORTER:
        raise Undecidable("too_many_mentions")
