"""Contractors at the gate: admitted, every document in date, the person trained for the site."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from evidence.canonical import Json
from evidence.records.facts import Fact
from evidence.records.predicates.competence import competent
from evidence.records.predicates.history import day, objects
from evidence.records.predicates.reading import current, effective, moment, subject_of, text
from evidence.records.predicates.scope import Predicate, Scope

TYPE: Final = "contractor_admission"
DOCUMENTS: Final = ("licence_valid_to", "agreement_valid_to", "insurance_valid_to", "valid_to")
_STATES: Final = {
    "": "not_admitted", "apply": "not_admitted", "approve": "", "renew": "", "resume": "", "reject": "not_admitted",
    "suspend": "contractor_suspended", "blacklist": "blacklisted", "end": "admission_ended",
}  # fmt: skip


def admitted(scope: Scope, contractor: str, at: Any) -> bool:
    """Whether a contractor was admitted at an instant with every document in date, and not blacklisted."""
    when = moment(at)
    facts = current(scope, subject_of("contractor", contractor), TYPE)
    if problem := _state(scope, facts, when) or _document(facts, when, scope.local_day(when)):
        return scope.because(problem)
    return True


def entry_allowed(scope: Scope, person: str, contractor: str, at: Any) -> bool:
    """Whether a contractor's person may enter at an instant: admitted, on the list, entry training passed in time."""
    if not admitted(scope, contractor, at):
        return False
    listed = _newest(current(scope, subject_of("contractor", contractor), TYPE), "personnel")
    known = {text(item.get("person_ref")) for item in objects(listed)}
    if person.removeprefix("person/") not in known:
        return scope.because("not_on_the_list")
    return competent(scope, person, "contractor_worker", at)


def documents_in_date(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the agreement is named (安全生产法 49) and no document runs out before the admission begins."""
    facts = current(scope, scope.candidate.subject, TYPE)
    agreed = "agreement_ref" in payload or _newest(facts, "agreement_ref") is not None
    if not agreed:
        return scope.because("no_agreement")
    problem = _document([*facts, scope.candidate], scope.at, scope.local_day(scope.at))
    return not problem or scope.because(problem)


def admission_expired(scope: Scope, subject: str, at: Any) -> bool:
    """Whether a document of a contractor has run out at an instant."""
    when = moment(at)
    return _document(current(scope, subject, TYPE), when, scope.local_day(when)) == "document_expired"


def _state(scope: Scope, facts: list[Fact], when: datetime) -> str:
    state = "not_admitted"
    for fact in sorted(facts, key=effective):
        if effective(fact) <= when and fact.event in _STATES:
            state = _STATES[fact.event]
            scope.use(fact)
    return state


def _document(facts: list[Fact], when: datetime, today: date) -> str:
    known = [fact for fact in facts if effective(fact) <= when]
    barred = _newest(known, "blacklist_until")
    if barred is not None and today <= day(barred):
        return "blacklisted"
    ends = [value for name in DOCUMENTS if (value := _newest(known, name)) is not None]
    return "document_expired" if any(day(end) < today for end in ends) else ""


def _newest(facts: list[Fact], name: str) -> Json:
    return next((fact.payload[name] for fact in reversed(facts) if name in fact.payload), None)


PREDICATES: Final[dict[str, Predicate]] = {
    "admitted": admitted,
    "entry_allowed": entry_allowed,
    "documents_in_date": documents_in_date,
    "admission_expired": admission_expired,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "not_admitted": ("承包商未准入", "The contractor is not admitted"),
    "contractor_suspended": ("承包商已暂停", "The contractor is suspended"),
    "blacklisted": ("承包商在黑名单期内", "The contractor is blacklisted"),
    "admission_ended": ("承包商准入已终止", "The admission has ended"),
    "document_expired": ("承包商证照或协议已过期", "A document of the contractor has expired"),
    "no_agreement": ("没有安全协议", "No safety agreement"),
    "not_on_the_list": ("人员不在承包商名单上", "The person is not on the contractor's list"),
}
