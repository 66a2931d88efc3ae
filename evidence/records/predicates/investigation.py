"""Investigations: what the reports of an incident must say, which causes count, and when an incident may be closed.

The parts of both reports are tables, so a jurisdiction with another template brings its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evidence.canonical import Json
from evidence.records.predicates.history import happened, instant, newest, objects, said, texts
from evidence.records.predicates.incidents import happened_at
from evidence.records.predicates.scope import Predicate, Scope


def first_report_complete(scope: Scope) -> bool:
    """IN5: whether the first report has every part of the template (条例 art. 12), as far as the stream tells."""
    return _template(scope, "first_report")


def final_report_complete(scope: Scope) -> bool:
    """IN5: whether the investigation report has every part of the template (条例 art. 30)."""
    return _template(scope, "final_report")


def team_independent(scope: Scope, team: Json) -> bool:
    """Whether everyone in the investigation team has declared to have no direct interest (条例 art. 23)."""
    members = objects(team)
    if not members:
        return scope.because("no_team")
    return all(item.get("no_interest") is True for item in members) or scope.because("interest_not_declared")


def cause_beyond_person(scope: Scope, causes: Json) -> bool:
    """Whether at least one root cause is not merely human error: that alone is where an investigation starts."""
    found = objects(causes)
    if not found:
        return scope.because("no_root_cause")
    return any(item.get("kind") != "human_error" for item in found) or scope.because("human_error_alone")


def lessons_settled(scope: Scope) -> bool:
    """IN4, without the actions: a root cause, the risk assessment reviewed, told around, effectiveness date reached."""
    missing = []
    if not objects(newest(scope, "root_causes")):
        missing.append("no_root_cause")
    if not risk_reviewed(scope):
        missing.append("risk_not_reviewed")
    if not texts(newest(scope, "communicated_to")):
        missing.append("not_communicated")
    if not said(newest(scope, "effectiveness_review")):
        missing.append("no_effectiveness_review")
    due = newest(scope, "effectiveness_due")
    if due is None or scope.at < instant(due):
        missing.append("effectiveness_date_ahead")
    return not missing or scope.because(missing[0])


def risk_reviewed(scope: Scope) -> bool:
    """Whether each risk point of the incident was assessed again after it; without one, a reason must be given."""
    risks = texts(newest(scope, "risk_refs"))
    if not risks:
        return said(newest(scope, "no_risk_reason"))
    return all(_reassessed(scope, f"risk/{name}", happened_at(scope)) for name in risks)


def _reassessed(scope: Scope, subject: str, since: datetime) -> bool:
    found = [
        fact
        for fact in happened(scope, "assess", "reassess", subject=subject)
        if fact.type == "risk_assessment" and fact.occurred_at > since
    ]
    for fact in found:
        scope.use(fact)
    return bool(found)


def _template(scope: Scope, name: str) -> bool:
    parts = texts(scope.table("incident-reports").get(name))
    missing = [part for part in parts if not said(newest(scope, part))]
    return not missing or scope.because(f"no_{missing[0]}")


PREDICATES: Final[dict[str, Predicate]] = {
    "first_report_complete": first_report_complete,
    "final_report_complete": final_report_complete,
    "team_independent": team_independent,
    "cause_beyond_person": cause_beyond_person,
    "lessons_settled": lessons_settled,
    "risk_reviewed": risk_reviewed,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "no_team": ("没有调查组", "No investigation team"),
    "interest_not_declared": ("调查组成员未声明无利害关系", "A member has not declared to have no interest"),
    "no_worker_participant": ("没有从业人员参与调查", "No worker took part in the investigation"),
    "no_root_cause": ("没有根本原因", "No root cause"),
    "human_error_alone": ("仅以人为失误为根本原因", "Human error alone is no root cause"),
    "risk_not_reviewed": ("风险评价未复审", "The risk assessment was not reviewed"),
    "not_communicated": ("未通报", "Not communicated"),
    "no_effectiveness_review": ("没有效果评审", "No review of effectiveness"),
    "effectiveness_date_ahead": ("效果验证日期未到", "The date of the effectiveness check has not come"),
    "no_unit_name": ("缺少单位概况", "The unit is missing"),
    "no_location": ("缺少地点", "The place is missing"),
    "no_scene": ("缺少现场情况", "The state of the scene is missing"),
    "no_course": ("缺少简要经过", "The course of events is missing"),
    "no_deaths": ("缺少死亡人数", "The number of deaths is missing"),
    "no_serious_injuries": ("缺少重伤人数", "The number of serious injuries is missing"),
    "no_missing": ("缺少下落不明人数", "The number of missing persons is missing"),
    "no_direct_loss_cny": ("缺少直接经济损失", "The direct loss is missing"),
    "no_immediate_actions": ("缺少已采取措施", "The measures taken are missing"),
    "no_rescue": ("缺少救援情况", "The rescue is missing"),
    "no_direct_causes": ("缺少直接原因", "The direct causes are missing"),
    "no_root_causes": ("缺少根本原因", "The root causes are missing"),
    "no_nature": ("缺少事故性质", "The nature of the accident is missing"),
    "no_responsibility_conclusion": ("缺少责任认定", "The finding on responsibility is missing"),
    "no_prevention": ("缺少防范和整改措施", "The preventive measures are missing"),
}
