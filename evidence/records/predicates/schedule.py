"""Schedules: what is past its time, how far apart evaluations and drills may lie, and what is still valid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from evidence.canonical import Json
from evidence.errors import Malformed
from evidence.records.calendar import months_after
from evidence.records.predicates.history import day, instant, newest, number, story
from evidence.records.predicates.scope import Predicate, Scope, Undecidable


def due_passed(scope: Scope, subject: str, at: datetime) -> bool:
    """Whether an instant lies after the due time that the subject was given last; false where it has none."""
    return time_passed(scope, subject, "due_at", at)


def time_passed(scope: Scope, subject: str, field: str, at: datetime) -> bool:
    """Whether an instant lies after the time that the subject was given last in a field; false where it has none."""
    given = [fact for fact in story(scope, subject) if field in fact.payload]
    return bool(given) and at > instant(scope.use(given[-1]).payload[field])


def day_passed(scope: Scope, subject: str, field: str, at: datetime) -> bool:
    """Whether an instant lies after the day, at the site, that the subject was given last in a field."""
    given = [fact for fact in story(scope, subject) if field in fact.payload]
    return bool(given) and scope.local_day(at) > day(scope.use(given[-1]).payload[field])


def evaluated_in_time(scope: Scope, subject: str, at: datetime) -> bool:
    """Whether the subject's compliance was evaluated at most the table's months before an instant."""
    found = [fact for fact in story(scope, subject) if fact.type == "compliance_evaluation"]
    if not found:
        return scope.because("never_evaluated")
    last = scope.use(max(found, key=lambda fact: fact.occurred_at))
    latest = _months_after(day(last.payload.get("evaluated_on")), _longest(scope, "compliance_evaluation"))
    return scope.local_day(at) <= latest or scope.because("evaluation_old")


def check_date_reached(scope: Scope) -> bool:
    """Whether the day set for the effectiveness check has come; true where none was set."""
    planned = newest(scope, "next_check")
    return planned is None or scope.local_day(scope.at) >= day(planned) or scope.because("check_too_early")


def within_months(scope: Scope, first: str, last: str, months: int) -> bool:
    """Whether the day `last` is at most a number of months after the day `first`, the end of a month clamped."""
    return day(last[:10]) <= _months_after(day(first[:10]), months) or scope.because("interval_too_long")


def within_interval(scope: Scope, first: str, last: str, matter: str) -> bool:
    """The same with the months that the table `management-limits` has for a matter."""
    return within_months(scope, first, last, _longest(scope, matter))


def drill_in_time(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the last drill of the same plan and kind lies within the table's months; true for the first one."""
    table = scope.table("drill-frequency").get(str(payload.get("unit_class", "other")))
    months = table.get(str(payload.get("drill_type"))) if isinstance(table, dict) else None
    earlier = [
        fact
        for plan in [str(payload.get("plan_ref"))]
        for fact in scope.facts.mentioning(f"document/{plan}", "emergency_drill")
        if fact.event == "hold" and fact.payload.get("drill_type") == payload.get("drill_type")
    ]
    if months is None or not earlier:
        return True
    last = scope.use(max(earlier, key=lambda fact: fact.occurred_at))
    latest = _months_after(scope.local_day(last.occurred_at), int(number(months)))
    return scope.local_day(scope.at) <= latest or scope.because("drill_overdue")


def still_valid(scope: Scope, until: str, at: datetime) -> bool:
    """Whether an instant lies within the day `until` at the site, or before it."""
    return scope.local_day(at) <= day(until) or scope.because("expired")


def _months_after(first: date, months: int) -> date:
    try:
        return months_after(first, months)
    except Malformed:
        raise Undecidable("out_of_range") from None


def _longest(scope: Scope, matter: str) -> int:
    table = scope.table("management-limits").get("longest_months")
    months = table.get(matter) if isinstance(table, dict) else None
    if type(months) is not int:
        raise Undecidable("no_limit")
    return months


PREDICATES: Final[dict[str, Predicate]] = {
    "due_passed": due_passed,
    "time_passed": time_passed,
    "day_passed": day_passed,
    "evaluated_in_time": evaluated_in_time,
    "check_date_reached": check_date_reached,
    "within_months": within_months,
    "within_interval": within_interval,
    "drill_in_time": drill_in_time,
    "still_valid": still_valid,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "dates_reversed": ("失效日早于生效日", "It ends before it begins"),
    "never_evaluated": ("从未评价", "Never evaluated"),
    "evaluation_old": ("评价已过期", "The evaluation is too old"),
    "evaluation_needed": ("需要重新评价", "A new evaluation is needed"),
    "check_too_early": ("未到效果验证日期", "Before the day of the effectiveness check"),
    "interval_too_long": ("间隔超过规定", "The interval is too long"),
    "drill_overdue": ("演练超期", "The drill is overdue"),
    "expired": ("已过期", "Expired"),
}
