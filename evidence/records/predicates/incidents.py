"""Incidents: the grade of an accident, who must be told by when, and what a change of casualties asks for.

Grades and times are those of 生产安全事故报告和调查处理条例 (2007), held in tables; other rules replace the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from evidence.canonical import Json
from evidence.records.durations import parse_duration
from evidence.records.facts import Fact
from evidence.records.predicates.history import every, happened, instant, later, newest, number, objects, story
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

NO_GRADE: Final = "none"
_MEASURES: Final = ("deaths", "serious_injuries", "direct_loss_cny")
_CASUALTIES: Final = ("deaths", "serious_injuries", "missing")


def incident_grade(scope: Scope, deaths: Json, serious: Json, loss: Json) -> str:
    """IN2: grade by deaths, serious injuries and direct loss in yuan: the highest of the three tests; `none` if none.

    Lower bounds belong to their grade. Acute poisoning counts as serious injury. Missing numbers count as zero.
    """
    values = [number(0 if value is None else value) for value in (deaths, serious, loss)]
    for grade in objects(scope.table("incident-grades").get("grades")):
        bounds = [number(grade.get(name)) for name in _MEASURES]
        if any(value >= bound for value, bound in zip(values, bounds, strict=True)):
            return str(grade["grade"])
    return NO_GRADE


def grade_derived(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """IN2: whether the grade that a record states is the one its numbers give."""
    return payload.get("severity_grade", NO_GRADE) == _grade(scope, payload) or scope.because("grade_not_derived")


def notifiable(scope: Scope) -> bool:
    """Whether the incident must be reported to the authority: its newest numbers give a grade, or someone said so."""
    if newest(scope, "notifiable") is True:
        return True
    return incident_grade(scope, *(newest(scope, name) for name in _MEASURES)) != NO_GRADE


def authority_told_in_time(scope: Scope) -> bool:
    """IN1: whether the authority was told no later than an hour after the head of the unit knew (条例 art. 9).

    Where it has not been told, true until that hour has passed at the instant of the record being judged.
    """
    # A time that is stated again later does not move the hour.
    known = [instant(item) for item in every(scope, "unit_head_notified_at")]
    if not known:
        return scope.because("head_not_told")
    due = later(min(known), timedelta(minutes=_limit(scope, "authority_minutes")))
    told = [instant(item) for item in every(scope, "authority_reported_at")]
    if not told:
        return scope.at <= due or scope.because("authority_not_told")
    return min(told) <= due or scope.because("authority_told_late")


def casualties_regraded(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """IN3: whether a change of casualties came within its window and states the grade it leads to.

    30 days from the incident; 7 days for road traffic and fire (条例 art. 13). A change after the window is kept and
    marked.
    """
    if scope.at > casualty_window_end(scope):
        return scope.because("window_closed")
    if "severity_grade" not in payload:
        return scope.because("not_regraded")
    return grade_derived(scope, payload)


def casualty_window_end(scope: Scope) -> datetime:
    """Last instant at which a change of casualties counts: the table's days, of 24 hours, after the incident."""
    table = scope.table("incident-reports").get("casualty_window")
    windows = table if isinstance(table, dict) else {}
    rows = ["road_traffic"] if newest(scope, "road_traffic") is True else []
    rows += [str(newest(scope, "event_type")), "other"]
    found = next((windows[row] for row in rows if row in windows), None)
    try:
        days = parse_duration(str(found)).days
    except ValueError:
        raise Undecidable("no_limit") from None
    return later(happened_at(scope), timedelta(days=days))


def no_casualty_change(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """IN3: whether a record that is not a supplementary report leaves the casualties as they were."""
    earlier = [fact for fact in story(scope) if fact is not scope.candidate]
    for name in _CASUALTIES:
        past = [fact.payload[name] for fact in earlier if name in fact.payload]
        if name in payload and past and past[-1] != payload[name]:
            return scope.because("casualties_changed")
    return True


def investigation_in_time(scope: Scope) -> bool:
    """IN3: whether the report comes within 60 days of the incident, or within 60 more where that was approved."""
    extended = happened(scope, "extend_report")
    days = _limit(scope, "report_days") * (2 if extended else 1)
    return scope.at <= later(happened_at(scope), timedelta(days=days)) or scope.because("report_late")


def extension_allowed(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """IN3: whether an extension is the only one, is asked for in time and ends at most 120 days after the incident."""
    if len(happened(scope, "extend_report")) > 1:
        return scope.because("second_extension")
    days = _limit(scope, "report_days")
    if scope.at > later(happened_at(scope), timedelta(days=days)):
        return scope.because("extension_late")
    latest = later(happened_at(scope), timedelta(days=2 * days))
    return instant(payload.get("report_due")) <= latest or scope.because("extension_too_long")


def category_valid(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the accident category belongs to the classification in force at the incident.

    Undecidable while the operator has not loaded the official table of that edition.
    """
    table = scope.table("accident-categories")
    if payload.get("category_scheme") != table.get("scheme"):
        return scope.because("other_scheme")
    codes = table.get("codes")
    if not isinstance(codes, dict) or not codes:
        raise Undecidable("table_not_loaded")
    return payload.get("category_code") in codes or scope.because("unknown_category")


def _grade(scope: Scope, payload: Mapping[str, Json]) -> str:
    values = (payload[name] if name in payload else newest(scope, name) for name in _MEASURES)
    return incident_grade(scope, *values)


def happened_at(scope: Scope) -> datetime:
    """When the incident happened: the instant of the first record of its stream."""
    first: Fact = story(scope)[0]
    scope.use(first)
    return first.occurred_at


def _limit(scope: Scope, name: str) -> int:
    return int(number(scope.table("incident-reports").get(name)))


PREDICATES: Final[dict[str, Predicate]] = {
    "incident_grade": incident_grade,
    "grade_derived": grade_derived,
    "notifiable": notifiable,
    "authority_told_in_time": authority_told_in_time,
    "casualties_regraded": casualties_regraded,
    "no_casualty_change": no_casualty_change,
    "investigation_in_time": investigation_in_time,
    "extension_allowed": extension_allowed,
    "category_valid": category_valid,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "grade_not_derived": ("等级与伤亡损失不符", "The grade does not follow from casualties and loss"),
    "head_not_told": ("未记录单位负责人知悉时间", "Not recorded when the head of the unit was told"),
    "authority_not_told": ("一小时内未上报主管部门", "The authority was not told within the hour"),
    "authority_told_late": ("上报主管部门超过一小时", "The authority was told after the hour"),
    "window_closed": ("伤亡变化已超过补报期", "The window for a change of casualties has closed"),
    "not_regraded": ("补报未重新定级", "A change of casualties without a new grade"),
    "casualties_changed": ("伤亡变化须以补报记录", "A change of casualties needs a supplementary report"),
    "report_late": ("调查报告超期", "The investigation report is late"),
    "second_extension": ("只能延期一次", "Only one extension is possible"),
    "extension_late": ("延期申请超期", "The extension was asked for too late"),
    "extension_too_long": ("延期超过 60 日", "The extension is longer than 60 days"),
    "other_scheme": ("事故类别标准不是当时有效的版本", "Not the classification in force at the incident"),
    "table_not_loaded": ("官方类别表尚未导入", "The official table has not been loaded"),
    "category_missing": ("未确定事故类别", "The category of the accident is not given"),
    "unknown_category": ("类别代码不存在", "Unknown category code"),
}
