"""Trainings as recorded: hours (TR1), plausible times (TR5), results and attempts (TR6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from evidence.canonical import Json
from evidence.records.calendar import months_after
from evidence.records.facts import Fact
from evidence.records.predicates.competence import LEVELS, TRAINING, passed
from evidence.records.predicates.history import instant, number
from evidence.records.predicates.reading import current, subject_of, text
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

_MAX_DAYS: Final = 366
_A_DAY: Final = timedelta(days=1)
_YEARLY: Final = {"annual_refresher": "worker_yearly", "manager_refresher": "manager_yearly"}


def training_hours_ok(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """TR1: whether the hours passed reach what the table asks for the industry, counting this record.

    The three levels count together, once all are passed; yearly trainings count within the calendar year of the site.
    True for other kinds of training, for a fail, and where the table has no number.
    """
    kind, result = text(payload.get("training_type")), payload.get("result")
    if result != "pass":
        return True
    if kind in LEVELS:
        return _levels_ok(scope, payload)
    column = "manager_initial" if kind == "manager_initial" else _YEARLY.get(kind, "")
    required = _required(scope, payload, column)
    if required is None:
        return True
    ended = instant(payload.get("ended_at"))
    facts = [fact for _, fact in passed(scope, scope.candidate.subject, ended, (kind,))]
    if kind in _YEARLY:
        facts = [fact for fact in facts if _year(scope, fact.payload) == scope.local_day(ended).year]
    return _reached(scope, payload, facts, required)


def hours_within_time(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the hours exceed zero and fit between start and end; an hour of training lasts as the table says."""
    hours, begun, ended = _hours(payload), instant(payload.get("started_at")), instant(payload.get("ended_at"))
    if begun >= ended:
        return scope.because("ends_before_it_begins")
    if hours <= 0:
        return scope.because("no_hours")
    lesson = number(scope.table("training-limits").get("minutes_per_hour"))
    elapsed = Decimal((ended - begun) // timedelta(seconds=1)) / 60
    return hours * lesson <= elapsed or scope.because("more_hours_than_time")


def no_training_overlap(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """TR5: whether no other training of the person runs at the same time. End and start may coincide."""
    begun, ended = instant(payload.get("started_at")), instant(payload.get("ended_at"))
    for other_begun, other_ended, fact in _timed(scope):
        if other_begun < ended and begun < other_ended:
            scope.use(fact)
            return scope.because("overlapping")
    return True


def hours_per_day_ok(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """TR5: whether no day of the site has more hours of training for the person than the table allows.

    Hours of a training over several days count in equal parts.
    """
    limit = number(scope.table("training-limits").get("hours_per_day"))
    own = _days(scope, payload)
    if len(own) > _MAX_DAYS:
        return scope.because("implausible_period")
    total = {day: _hours(payload) / len(own) for day in own}
    first, last = instant(payload.get("started_at")), instant(payload.get("ended_at"))
    for begun, ended, fact in _timed(scope):
        if ended < first - _A_DAY or begun > last + _A_DAY:
            continue
        days = _days(scope, fact.payload)
        for day in days:
            if day in total and "hours" in fact.payload:
                total[day] += _hours(fact.payload) / len(days)
                scope.use(fact)
    return all(hours <= limit for hours in total.values()) or scope.because("too_many_hours_a_day")


def fail_kept(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """TR6: whether the record does not write over a fail: the next attempt is a record of its own."""
    replaced = scope.candidate.supersedes
    ids = {replaced} if replaced else set()
    for fact in reversed(scope.facts.about(scope.candidate.subject)):
        if fact.record_id not in ids or fact.type != TRAINING:
            continue
        scope.use(fact)
        if "result" not in fact.payload:
            raise Undecidable("erased")
        if fact.payload["result"] == "fail" and payload.get("result") != "fail":
            return scope.because("fail_overwritten")
        if fact.supersedes:
            ids.add(fact.supersedes)
    return True


def attempt_ok(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """TR6: whether the number of the attempt follows from the fails on record since the course was last passed."""
    course = (payload.get("training_type"), payload.get("course"))
    begun = instant(payload.get("started_at"))
    earlier = [(ended, fact) for _, ended, fact in _timed(scope) if ended <= begun]
    tries = [
        (ended, fact)
        for ended, fact in earlier
        if (fact.payload.get("training_type"), fact.payload.get("course")) == course
    ]
    fails = 0
    for _, fact in sorted(tries, key=lambda item: item[0]):
        fails = fails + 1 if scope.use(fact).payload.get("result") == "fail" else 0
    return payload.get("attempt_no") == fails + 1 or scope.because("attempt_does_not_follow")


def result_follows(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the result is that of the score, or an assessor signs for it, or nothing was examined."""
    if "score" in payload and "pass_mark" in payload:
        reached = number(payload["score"]) >= number(payload["pass_mark"])
        return reached == (payload.get("result") == "pass") or scope.because("result_against_score")
    signed = "assessor_ref" in payload or payload.get("exam_method") == "none"
    return signed or scope.because("result_without_ground")


def returned_trained(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether who was off the post for long was trained again before the return (安全生产法 29; period: table)."""
    away, limit = payload.get("off_post_months"), scope.table("training-limits").get("off_post_months")
    if type(away) is not int or type(limit) is not int or away < limit:
        return True
    person = subject_of("person", text(payload.get("person_ref")))
    left = months_after(scope.local_day(scope.at), -away)
    for ended, fact in passed(scope, person, scope.at, ("transfer_return", *LEVELS)):
        if scope.local_day(ended) >= left:
            scope.use(fact)
            return True
    return scope.because("not_trained_on_return")


def _levels_ok(scope: Scope, payload: Mapping[str, Json]) -> bool:
    required = _required(scope, payload, "worker_initial")
    ended = instant(payload.get("ended_at"))
    facts = [fact for _, fact in passed(scope, scope.candidate.subject, ended, LEVELS)]
    levels = {fact.payload.get("training_type") for fact in facts} | {payload.get("training_type")}
    if required is None or len(levels) < len(LEVELS):
        return True
    return _reached(scope, payload, facts, required)


def _reached(scope: Scope, payload: Mapping[str, Json], facts: list[Fact], required: Decimal) -> bool:
    total = _hours(payload) + sum((_hours(scope.use(fact).payload) for fact in facts), Decimal())
    return total >= required or scope.because("too_few_hours")


def _required(scope: Scope, payload: Mapping[str, Json], column: str) -> Decimal | None:
    table = scope.table("training-hours", instant(payload.get("ended_at")))
    industries = table.get("industries")
    industry = text(payload.get("industry_class")) or text(table.get("default_industry"))
    row = industries.get(industry) if isinstance(industries, dict) else None
    if not isinstance(row, dict):
        raise Undecidable("no_table")
    return number(row[column]) if column in row else None


def _hours(payload: Mapping[str, Json]) -> Decimal:
    hours = payload.get("hours")
    return number(hours.get("value") if isinstance(hours, dict) else None)


def _timed(scope: Scope) -> list[tuple[datetime, datetime, Fact]]:
    """The other trainings of the judged record's person that still tell when they were, with start and end."""
    if "timed" not in scope.memo:
        scope.memo["timed"] = [
            (instant(fact.payload["started_at"]), instant(fact.payload["ended_at"]), fact)
            for fact in current(scope, scope.candidate.subject, TRAINING)
            if "started_at" in fact.payload and "ended_at" in fact.payload
        ]
    found: list[tuple[datetime, datetime, Fact]] = scope.memo["timed"]
    return found


def _days(scope: Scope, payload: Mapping[str, Json]) -> list[date]:
    """The days of the site that a training touches; one more than `_MAX_DAYS` at most."""
    begun, ended = instant(payload.get("started_at")), instant(payload.get("ended_at"))
    first, last = scope.local_day(begun), scope.local_day(max(begun, _before(ended)))
    return [first + timedelta(days=n) for n in range(min((last - first).days, _MAX_DAYS) + 1)]


def _before(ended: datetime) -> datetime:
    """An end at midnight belongs to the day that ends."""
    return ended - timedelta(microseconds=1)


def _year(scope: Scope, payload: Mapping[str, Json]) -> int:
    return scope.local_day(instant(payload.get("ended_at"))).year


PREDICATES: Final[dict[str, Predicate]] = {
    "training_hours_ok": training_hours_ok,
    "hours_within_time": hours_within_time,
    "no_training_overlap": no_training_overlap,
    "hours_per_day_ok": hours_per_day_ok,
    "fail_kept": fail_kept,
    "attempt_ok": attempt_ok,
    "result_follows": result_follows,
    "returned_trained": returned_trained,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "too_few_hours": ("学时不足", "Too few hours"),
    "no_hours": ("学时为零", "No hours"),
    "more_hours_than_time": ("学时多于起止时间", "More hours than lie between start and end"),
    "overlapping": ("与该人员另一次培训时间重叠", "It overlaps another training of the person"),
    "too_many_hours_a_day": ("一日学时超过上限", "More hours on one day than allowed"),
    "implausible_period": ("培训时段过长", "The training lasts implausibly long"),
    "fail_overwritten": ("不合格结果不得改写，应另记一次补考", "A fail is not written over: record the next attempt"),
    "attempt_does_not_follow": ("考核次数与记录不符", "The number of the attempt does not follow from the record"),
    "result_against_score": ("结果与成绩不符", "The result is not that of the score"),
    "result_without_ground": ("既无成绩也无考评人签字", "Neither a score nor an assessor's signature"),
    "not_trained_on_return": ("离岗返岗前未再培训", "Not trained again before the return to the post"),
}
