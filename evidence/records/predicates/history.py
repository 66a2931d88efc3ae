"""What the stream of a subject says, for predicates that look back: values, who held a duty, which events came.

A record that a later one replaces (`supersedes`) no longer speaks. The record being judged is the newest of its stream.
A value that an earlier record must have had but no longer discloses makes the question undecidable, never answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from evidence.canonical import Json
from evidence.encoding import parse_time
from evidence.errors import Malformed
from evidence.records import numbers
from evidence.records.facts import Fact
from evidence.records.judgement import Severity
from evidence.records.predicates.scope import Scope, Undecidable


def story(scope: Scope, subject: str | None = None) -> list[Fact]:
    """The records that speak about a subject (by default the judged one), oldest first, the judged record last.

    A correction stands where the record stood that it replaces. What a rule blocked moved nothing and says nothing.
    """
    own = scope.candidate.subject
    facts = [fact for fact in scope.facts.about(subject or own) if _counts(fact)]
    if subject in (None, own) and scope.candidate not in facts[-1:]:
        facts.append(scope.candidate)
    place: dict[str, int] = {}
    current: dict[int, Fact] = {}
    for position, fact in enumerate(facts):
        place[fact.record_id] = place.get(fact.supersedes or "", position)
        current[place[fact.record_id]] = fact
    return [current[position] for position in sorted(current)]


def _counts(fact: Fact) -> bool:
    return fact.blocked is not Severity.HARD and (fact.step is None or fact.step.accepted)


def newest(scope: Scope, name: str, record_type: str | None = None) -> Json:
    """The value of a field in the newest record of the stream that has it; None where none has. Notes that record."""
    for fact in reversed(story(scope)):
        if name in fact.payload and record_type in (None, fact.type):
            scope.use(fact)
            return fact.payload[name]
    return None


def every(scope: Scope, name: str) -> Iterator[Json]:
    """All values that the stream ever gave a field, oldest first; each record is noted."""
    for fact in story(scope):
        if name in fact.payload:
            scope.use(fact)
            yield fact.payload[name]


def happened(scope: Scope, *events: str, subject: str | None = None) -> list[Fact]:
    """The records of a stream that state one of the events; `""` stands for a lifecycle's first event."""
    return [fact for fact in story(scope, subject) if fact.event in events]


def attachments(payload: Mapping[str, Json], role: str) -> list[dict[str, Any]]:
    """The attachments with a role, in their order."""
    listed = payload.get("attachments")
    if not isinstance(listed, list):
        return []
    return [item for item in listed if isinstance(item, dict) and item.get("role") == role]


def texts(value: Json) -> list[str]:
    """The texts of a list; anything else counts as none."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def objects(value: Json) -> list[dict[str, Json]]:
    """The objects of a list; anything else counts as none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def person_id(value: Json) -> str:
    """What every spelling of a reference to one person comes down to, for telling whether two are the same person.

    `person/W-1`, `W-1` and `w-1` are one: whoever has to be somebody else is not so by another spelling.
    """
    found = value if isinstance(value, str) else ""
    while found[:7].casefold() == "person/":
        found = found[7:]
    return found.casefold()


def said(value: Json) -> bool:
    """Whether a value says something: not missing, not blank text, not an empty list or object."""
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value not in ([], {})


def instant(value: Json) -> datetime:
    """The instant of a time field. Raises `Undecidable` where it is missing or is not a time."""
    try:
        return parse_time(value if isinstance(value, str) else "")
    except Malformed:
        raise Undecidable("no_time") from None


def later(moment: datetime, by: timedelta) -> datetime:
    """The instant so much later. Raises `Undecidable` past the end of the calendar."""
    try:
        return moment + by
    except OverflowError:
        raise Undecidable("out_of_range") from None


def day(value: Json) -> date:
    """The day of a date field. Raises `Undecidable` where it is missing or is not a date."""
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise Undecidable("no_date") from None


def number(value: Json) -> Decimal:
    """The number of a decimal string or a whole number. Raises `Undecidable` for anything else."""
    try:
        return numbers.number(value)
    except ValueError:
        raise Undecidable("no_number") from None
