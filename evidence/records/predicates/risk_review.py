"""RA1: an incident on a risk point, or a cluster of confirmed violations in its zones, opens its assessment again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from evidence.canonical import Json
from evidence.records.facts import Fact
from evidence.records.predicates.history import day, happened, newest, number, story, texts
from evidence.records.predicates.management import subject_of
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

_ASSESSING: Final = ("assess", "reassess")
_SUPPORTED: Final = frozenset({"confirm", "uphold"})
_DECIDING: Final = _SUPPORTED | {"dismiss", "overturn", "second_review", "inconclusive"}


def risk_current(scope: Scope, subject: str, at: datetime) -> bool:
    """RA1: whether an active assessment still stands at an instant.

    No longer once its review is due, an incident happened on its risk point after the assessment, or confirmed
    violations cluster in its zones. `subject` is the risk, `risk/<id>`. Undecidable without an assessment.
    """
    reasons = review_reasons(scope, subject, at)
    return not reasons or scope.because(reasons[0])


def reassessed_since(scope: Scope, risks: Json, at: datetime) -> bool:
    """RA1, seen from the incident: whether every risk point named was assessed again at or after an instant."""
    for name in texts(risks):
        subject = subject_of("risk", name)
        assessed = _last_assessment(scope, subject)
        if assessed is None:
            return scope.because("never_assessed")
        scope.use(assessed)
        if assessed.occurred_at < at:
            return scope.because("incident_since_assessment")
    return True


def no_violation_cluster(scope: Scope, at: datetime) -> bool:
    """RA1, seen from the violation: whether fewer than the table's number were confirmed in its number of days.

    Counted in the zone and on the risk point that the violation's stream names; the one being confirmed counts.
    """
    names = (("zone", newest(scope, "zone_id")), ("risk", newest(scope, "risk_ref")))
    places = [subject_of(kind, name) for kind, name in names if isinstance(name, str)]
    count, _ = _cluster(scope)
    return all(len(_confirmed(scope, place, None, at)) < count for place in places) or scope.because(
        "violation_cluster"
    )


def review_reasons(scope: Scope, subject: str, at: datetime) -> tuple[str, ...]:
    """Why the assessment of a risk needs a review at an instant; empty where it does not."""
    assessed = _last_assessment(scope, subject)
    if assessed is None:
        raise Undecidable("never_assessed")
    scope.use(assessed)
    reasons = []
    if "review_due" in assessed.payload and scope.local_day(at) > day(assessed.payload["review_due"]):
        reasons.append("review_overdue")
    incidents = [
        fact
        for fact in scope.facts.mentioning(subject, "incident")
        if fact.event in ("", "report") and assessed.occurred_at < fact.occurred_at <= at
    ]
    for fact in incidents:
        scope.use(fact)
    if incidents:
        reasons.append("incident_since_assessment")
    if _clustered(scope, assessed, at):
        reasons.append("violation_cluster")
    return tuple(reasons)


def _clustered(scope: Scope, assessed: Fact, at: datetime) -> bool:
    count, _ = _cluster(scope)
    places = [assessed.subject, *(subject_of("zone", name) for name in texts(assessed.payload.get("zones")))]
    return any(len(_confirmed(scope, place, assessed.occurred_at, at)) >= count for place in places)


def _confirmed(scope: Scope, place: str, since: datetime | None, at: datetime) -> set[str]:
    """Violations at a place, detected in the table's window up to `at`, whose last decision stands against them."""
    start = at - _cluster(scope)[1]
    seen: set[str] = set()
    own = scope.candidate
    if own.type == "ai_violation" and own.event in _SUPPORTED:
        seen.add(own.subject)
    for fact in scope.facts.mentioning(place, "ai_violation"):
        if fact.subject in seen or not max(start, since or start) < fact.occurred_at <= at:
            continue
        decisions = happened(scope, *_DECIDING, subject=fact.subject)
        if decisions and decisions[-1].event in _SUPPORTED:
            scope.use(decisions[-1])
            seen.add(fact.subject)
    return seen


def _cluster(scope: Scope) -> tuple[int, timedelta]:
    limits = scope.table("management-limits")
    return int(number(limits.get("cluster_count"))), timedelta(days=int(number(limits.get("cluster_days"))))


def _last_assessment(scope: Scope, subject: str) -> Fact | None:
    assessed = [fact for fact in story(scope, subject) if fact.type == "risk_assessment" and (fact.event in _ASSESSING)]
    return assessed[-1] if assessed else None


PREDICATES: Final[dict[str, Predicate]] = {
    "risk_current": risk_current,
    "reassessed_since": reassessed_since,
    "no_violation_cluster": no_violation_cluster,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "review_overdue": ("复评已到期", "The review is overdue"),
    "incident_since_assessment": ("评价之后发生过事件", "An incident happened after the assessment"),
    "violation_cluster": ("已确认违章集中出现", "Confirmed violations cluster"),
    "never_assessed": ("尚未评价", "Never assessed"),
}
