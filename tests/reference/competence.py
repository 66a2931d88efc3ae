"""Whether somebody was competent, worked out the slow way: live through every day and minute up to the one asked for.

A diary is built from the facts: what changes on which day or at which instant. Then the state is carried forward from
the beginning. Nothing is looked up by the newest record, so it shares no shortcut with the product.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


@dataclass
class Card:
    """A credential as its holder would carry it on one day."""

    kind: str
    terms: list[tuple[date, date, date | None]] = field(default_factory=list)
    reviews: list[tuple[date, date | None]] = field(default_factory=list)
    verified: list[datetime] = field(default_factory=list)
    stops: list[tuple[datetime, str]] = field(default_factory=list)


@dataclass
class Life:
    """Everything on record about one person."""

    cards: list[Card]
    trainings: list[tuple[datetime, str]]
    """Passed trainings: end and kind."""


def competent(life: Life, required: dict[str, Any], at: datetime, zone: ZoneInfo) -> bool:
    """Whether every credential and training of `required` (a row of the table) is there at an instant."""
    for group in required["credentials"]:
        if not any(card.kind in group and counts(card, at, zone) for card in life.cards):
            return False
    wanted = [({"one_of": [level]}) for level in _LEVELS] if required["levels"] else []
    for item in [*wanted, *required["trainings"]]:
        ends = [end for end, kind in life.trainings if kind in item["one_of"] and end <= at]
        if not any(_recent(end, item.get("months"), at, zone) for end in ends):
            return False
    return True


def counts(card: Card, at: datetime, zone: ZoneInfo) -> bool:
    """Carry the card from its first day to the day asked for."""
    today = at.astimezone(zone).date()
    running: tuple[date, date, date | None] | None = None
    first = min([begin for begin, _, _ in card.terms], default=today)
    day = first
    while day <= today:
        for term in card.terms:
            if term[0] == day:
                running = term
        for reviewed, due in card.reviews:
            if reviewed == day and running is not None:
                running = (running[0], running[1], due)
        day += timedelta(days=1)
    if running is None or today > running[1] or (running[2] is not None and today > running[2]):
        return False
    return any(moment <= at for moment in card.verified) and not _stopped(card.stops, at)


def _stopped(stops: Iterable[tuple[datetime, str]], at: datetime) -> bool:
    suspended = revoked = False
    for moment, what in sorted(stops, key=lambda stop: stop[0]):
        if moment <= at:
            revoked = revoked or what == "revoke"
            suspended = what == "suspend" if what in ("suspend", "resume") else suspended
    return revoked or suspended


def _recent(end: datetime, months: int | None, at: datetime, zone: ZoneInfo) -> bool:
    """Count the months on one by one, a day back at a time where a month has no such day."""
    if months is None:
        return True
    passed = end.astimezone(zone).date()
    year, month = passed.year, passed.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    day = passed.day
    while True:
        try:
            last = date(year, month, day)
            break
        except ValueError:
            day -= 1
    return at.astimezone(zone).date() <= last


_LEVELS = ("level1_company", "level2_workshop", "level3_team")
