"""CA5: what may have been measured wrongly: the uses of an instrument since it was last known to be right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from evidence.errors import Malformed
from evidence.records.facts import MENTIONS_LIMIT, Fact, Facts
from evidence.records.predicates.history import day
from evidence.records.predicates.reading import speaking
from evidence.records.predicates.scope import Undecidable

USES: Final = ("loading_step", "loading_operation", "work_permit", "equipment")
_TYPE: Final = "calibration_record"


@dataclass(frozen=True, slots=True)
class Impact:
    """What mentions the instrument from the day it was last right (None: never) to the day it was found wrong."""

    since: date | None
    until: date
    affected: tuple[Fact, ...]
    complete: bool
    """False where there may be more: the ledger gives the newest mentions only, or the days are no longer disclosed."""


def impact_list(facts: Facts, failing: Fact, zone: ZoneInfo, types: Iterable[str] = USES) -> Impact:
    """The records that used an instrument between its last good certificate and the failing one, both days included.

    `failing` is a calibration record; one that withdraws a certificate puts that certificate's whole life in doubt.
    Raises `Malformed` for a record of another type.
    """
    if failing.type != _TYPE:
        raise Malformed("the impact of a calibration record is asked for")
    until = _until(failing, zone)
    since = _last_good(facts, failing, until)
    found, complete = [], True
    for record_type in types:
        mentions = facts.mentioning(failing.subject, record_type)
        complete = complete and len(mentions) < MENTIONS_LIMIT
        found += [fact for fact in mentions if _within(fact, since, until, zone)]
    return Impact(since, until, tuple(sorted(found, key=lambda fact: fact.index)), complete)


def review_due(found: date, working_days: int) -> date:
    """The last day of the impact review: so many working days (Monday to Friday) after the finding."""
    current = found
    while working_days > 0:
        current += timedelta(days=1)
        working_days -= current.weekday() < 5
    return current


def _until(failing: Fact, zone: ZoneInfo) -> date:
    """Found wrong when it was calibrated again; a withdrawal reaches to the day it was made known."""
    if "withdrawn_on" in failing.payload:
        return failing.occurred_at.astimezone(zone).date()
    return day(failing.payload.get("performed_at"))


def _last_good(facts: Facts, failing: Fact, until: date) -> date | None:
    known = [fact for fact in facts.about(failing.subject) if fact.type == _TYPE and fact.index < failing.index]
    good = [
        performed
        for fact in speaking(known)
        if fact.record_id != failing.supersedes
        and _good(fact)
        and (performed := _performed(fact)) is not None
        and performed < until
    ]
    return max(good, default=None)


def _good(fact: Fact) -> bool:
    payload = fact.payload
    return payload.get("conformity") in ("pass", "limited_use") and "withdrawn_on" not in payload


def _performed(fact: Fact) -> date | None:
    try:
        return day(fact.payload.get("performed_at"))
    except Undecidable:
        return None


def _within(fact: Fact, since: date | None, until: date, zone: ZoneInfo) -> bool:
    used = fact.occurred_at.astimezone(zone).date()
    return (since is None or since <= used) and used <= until
