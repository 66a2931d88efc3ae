"""Predicates about time. Days are days at the site; instants are exact. Differences: `at - instant(payload.from)`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any, Final

from evidence.encoding import parse_time
from evidence.errors import Malformed
from evidence.records.durations import add_months as months_after
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

_LAST: Final = time(23, 59, 59, 999_999)


def instant(scope: Scope, text: str) -> datetime:
    """The instant of a time field, RFC 3339 UTC."""
    try:
        return parse_time(text)
    except (Malformed, TypeError):
        raise Undecidable("not_a_time") from None


def start_of_day(scope: Scope, day: str) -> datetime:
    """The first instant of a day at the site."""
    return _instant(datetime.combine(_day(scope, day), time(), scope.zone))


def end_of_day(scope: Scope, day: str) -> datetime:
    """The last instant of a day at the site: what is valid to a date is valid to then."""
    return _instant(datetime.combine(_day(scope, day), _LAST, scope.zone))


def local_date(scope: Scope, moment: datetime) -> str:
    """The day of an instant at the site, like 2026-03-04."""
    return _day(scope, moment).isoformat()


def date_le(scope: Scope, first: str | datetime, second: str | datetime) -> bool:
    """Whether the first day is not after the second one. Days or instants, which count as their day at the site."""
    return _day(scope, first) <= _day(scope, second)


def add_months(scope: Scope, day: str | datetime, months: int) -> str:
    """The day so many months later (earlier if negative); the 31st becomes the last day of a shorter month."""
    if type(months) is not int:
        raise Undecidable("not_a_number")
    try:
        return months_after(_day(scope, day), months).isoformat()
    except (ValueError, OverflowError):
        raise Undecidable("out_of_range") from None


def days_between(scope: Scope, first: str | datetime, second: str | datetime) -> int:
    """Calendar days at the site from the first to the second; negative where the second is earlier."""
    return (_day(scope, second) - _day(scope, first)).days


def minutes_between(scope: Scope, first: str | datetime, second: str | datetime) -> int:
    """Whole minutes from the first to the second instant; a begun minute does not count.

    For a limit that ends to the second compare durations: `at - instant(payload.since) <= duration('15m')`.
    """
    seconds = (_moment(scope, second) - _moment(scope, first)).total_seconds()
    return int(abs(seconds) // 60) * (1 if seconds >= 0 else -1)


def _moment(scope: Scope, value: Any) -> datetime:
    return value if isinstance(value, datetime) and value.tzinfo is not None else instant(scope, value)


def _day(scope: Scope, value: Any) -> date:
    """The day of a date, or of an instant at the site."""
    try:
        if isinstance(value, datetime):
            return scope.local_day(value)
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
        return scope.local_day(parse_time(value))
    except (Malformed, ValueError, TypeError, OverflowError):
        raise Undecidable("not_a_date") from None


def _instant(local: datetime) -> datetime:
    try:
        return local.astimezone(UTC)
    except OverflowError:
        raise Undecidable("out_of_range") from None


PREDICATES: Final[dict[str, Predicate]] = {
    "instant": instant,
    "start_of_day": start_of_day,
    "end_of_day": end_of_day,
    "local_date": local_date,
    "date_le": date_le,
    "add_months": add_months,
    "days_between": days_between,
    "minutes_between": minutes_between,
}
REASONS: Final[dict[str, tuple[str, str]]] = {
    "not_a_time": ("不是时间", "Not a time"),
    "not_a_date": ("不是日期", "Not a date"),
}
