"""Predicates on permits for special work: validity, gas tests, the guardian, and loading bays nearby."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from evidence.canonical import Json
from evidence.records.facts import Fact
from evidence.records.judgement import Severity
from evidence.records.loading.amounts import compare
from evidence.records.loading.course import OPERATION
from evidence.records.predicates.competence import competent
from evidence.records.predicates.history import instant, objects, person_id
from evidence.records.predicates.loading import course_of, identifier, limit
from evidence.records.predicates.reading import current, recent_mentions
from evidence.records.predicates.scope import Predicate, Scope, Undecidable
from evidence.records.units import WrongUnit

CAPS: Final = "permit-caps"
PERMIT: Final = "work_permit"
BAY: Final = "loading_bay"
TRANSFER: Final = frozenset({"checking", "authorised", "transferring", "stopped", "closing", "held", "resumed"})
"""States in which goods may be in the open or vapour about."""
TERMS: Final = ("permit_no", "kind", "level", "location", "area_ref", "near_bays", "valid_from", "valid_to")
_LONGEST: Final = timedelta(days=62)
"""Longer than any permit lasts with its extension, counted from its application."""
_ENDED: Final = frozenset({"suspend", "close", "cancel", "refuse"})


def permit_active(scope: Scope, place: str, at: Any, kind: str = "") -> bool:
    """Whether work under a permit goes on at an instant at `area/<id>` or near `bay/<id>`; of one kind, or of any."""
    when = at if isinstance(at, datetime) else instant(at)
    return any(_active(scope, permit, when, place, kind) for permit in _permits(scope, place))


def no_conflicting_permit(scope: Scope, bay: str) -> bool:
    """S05: no work that excludes loading goes on within the radius of the bay, or in its area."""
    place, kinds = f"bay/{identifier(bay, 'bay')}", scope.table(CAPS)["conflicts_with_loading"]
    area = area_of_bay(scope, place)
    permits = [permit for where in (place, area) if where for permit in _permits(scope, where)]
    for kind in kinds if isinstance(kinds, list) else ():
        # Work that started against a rule is as hot as any.
        if any(_active(scope, permit, scope.at, place, str(kind), True) for permit in dict.fromkeys(permits)):
            return scope.because("permit_conflict")
    return True


def bays_quiet(scope: Scope) -> bool:
    """The other way round: no loading goes on at the bays within the radius of the work that starts, or in its area."""
    stated = stated_by(scope, scope.candidate.subject, scope.candidate)
    kinds = scope.table(CAPS)["conflicts_with_loading"]
    if not isinstance(kinds, list) or stated.get("kind") not in kinds:
        return True
    busy = [fact for bay in _bays_about(scope, stated) if (fact := _loading_at(scope, bay)) is not None]
    for fact in busy:
        scope.use(fact)
        scope.because("bay_in_use")
    return not busy


def area_of_bay(scope: Scope, bay: str) -> str:
    """`area/<id>` of a bay as its record says; empty where it names none."""
    named = [fact for fact in current(scope, bay, BAY) if "area_ref" in fact.payload]
    if not named:
        return ""
    return f"area/{identifier(scope.use(named[-1]).payload['area_ref'], 'area')}"


def permit_within_cap(scope: Scope, valid_from: str, valid_to: str) -> bool:
    """The validity is positive and at most the cap of the permit's kind and level."""
    start, end = instant(valid_from), instant(valid_to)
    if end <= start:
        return scope.because("ends_before_it_starts")
    return end - start <= _cap(scope, stated_by(scope, scope.candidate.subject, scope.candidate)) or scope.because(
        "over_cap"
    )


def permit_extension_allowed(scope: Scope, extended_to: str) -> bool:
    """The kind can be extended, it was not before, and all in all the cap holds."""
    stated = stated_by(scope, scope.candidate.subject, None)
    kinds = scope.table(CAPS)["extendable"]
    if not isinstance(kinds, list) or stated.get("kind") not in kinds:
        return scope.because("not_extendable")
    if "extended_to" in stated:
        return scope.because("extended_before")
    if scope.at > _ends(stated):
        return scope.because("permit_expired")
    start, end = instant(stated.get("valid_from")), instant(extended_to)
    return end - start <= _cap(scope, stated) or scope.because("over_cap")


def permit_terms_kept(scope: Scope) -> bool:
    """What was applied for stays: kind, level, place and validity change by a new permit, the end by an extension."""
    stated, payload = stated_by(scope, scope.candidate.subject, None), scope.candidate.payload
    changed = any(name in stated and payload.get(name, stated[name]) != stated[name] for name in TERMS)
    if changed or ("extended_to" in payload and scope.candidate.event != "extend"):
        return scope.because("terms_changed")
    return True


def permit_in_time(scope: Scope) -> bool:
    """The judged event lies within the permit's validity, its first and its last second included."""
    stated = stated_by(scope, scope.candidate.subject, None)
    if scope.at < instant(stated.get("valid_from")):
        return scope.because("permit_not_yet_valid")
    return scope.at <= _ends(stated) or scope.because("permit_expired")


def permit_over(scope: Scope, subject: str, at: Any) -> bool:
    """Whether a permit's validity has passed at an instant."""
    stated = stated_by(scope, subject, None)
    return "valid_to" in stated and (at if isinstance(at, datetime) else instant(at)) > _ends(stated)


def guardian_apart(scope: Scope) -> bool:
    """The guardian neither works under the permit nor approves it."""
    stated = stated_by(scope, scope.candidate.subject, scope.candidate)
    others = [*objects(stated.get("workers")), *objects(stated.get("approvers"))]
    apart = person_id(stated.get("guardian_ref")) not in {person_id(item.get("person_ref")) for item in others}
    return apart or scope.because("guardian_not_apart")


def approver_apart(scope: Scope) -> bool:
    """Nobody approves a permit that he applied for or works under."""
    stated = stated_by(scope, scope.candidate.subject, scope.candidate)
    doing = {person_id(item.get("person_ref")) for item in objects(stated.get("workers"))}
    doing.add(person_id(stated.get("applicant_ref")))
    approving = {person_id(item.get("person_ref")) for item in objects(scope.candidate.payload.get("approvers"))}
    return not approving & doing or scope.because("approver_not_apart")


def guardian_competent(scope: Scope) -> bool:
    """The guardian is competent for that post at the judged instant."""
    stated = stated_by(scope, scope.candidate.subject, scope.candidate)
    guardian = identifier(stated.get("guardian_ref"), "person")
    return competent(scope, guardian, "guardian", scope.at) if guardian else scope.because("person_not_named")


def _permits(scope: Scope, place: str) -> Iterator[str]:
    """The permits at a place that may be in force, the newest first."""
    yield from dict.fromkeys(fact.subject for fact in recent_mentions(scope, place, PERMIT, scope.at - _LONGEST))


def records_of(scope: Scope, subject: str, refused: bool = False) -> list[Fact]:
    """The permit's records that count: one that its own judgement refused does not, unless `refused`."""
    return [
        fact
        for fact in scope.facts.about(subject)
        if fact.type == PERMIT and fact.index < scope.candidate.index and (refused or fact.blocked is not Severity.HARD)
    ]


def stated_by(scope: Scope, subject: str, last: Fact | None) -> Mapping[str, Json]:
    """What the permit says, later records over earlier ones, with the judged one last where it counts."""
    stated: dict[str, Json] = {}
    for fact in records_of(scope, subject):
        stated.update(fact.payload)
    return {**stated, **(last.payload if last is not None else {})}


def _active(scope: Scope, subject: str, at: datetime, place: str, kind: str, refused: bool = False) -> bool:
    """Whether work goes on; with `refused`, also where its start or resumption broke a rule. An end must be sound."""
    working, stated, last = False, dict[str, Json](), None
    for fact in records_of(scope, subject, refused):
        if fact.occurred_at > at:
            continue
        if fact.blocked is Severity.HARD and fact.event not in ("start", "resume"):
            continue
        stated |= {name: value for name, value in fact.payload.items() if fact.blocked is None or name not in stated}
        working, last = (fact.event in ("start", "resume")) or (working and fact.event not in _ENDED), fact
    if not working or last is None or (kind and stated.get("kind") != kind):
        return False
    if not instant(stated.get("valid_from")) <= at <= _ends(stated):
        return False
    near = [item for item in objects(stated.get("near_bays")) if f"bay/{identifier(item.get('bay'), 'bay')}" == place]
    if near and not any(_within_radius(scope, item) for item in near):
        return False
    scope.use(last)
    return True


def _bays_about(scope: Scope, stated: Mapping[str, Json]) -> list[str]:
    """The bays that work may harm: those named within the radius, and those of its area that it does not name."""
    named = {f"bay/{identifier(item.get('bay'), 'bay')}": item for item in objects(stated.get("near_bays"))}
    found = [bay for bay, item in named.items() if _within_radius(scope, item)]
    if area := identifier(stated.get("area_ref"), "area"):
        mentions = scope.facts.mentioning(f"area/{area}", BAY)
        there = dict.fromkeys(fact.subject for fact in mentions if fact.subject not in named)
        found += [bay for bay in there if area_of_bay(scope, bay) == f"area/{area}"]
    return found


def _within_radius(scope: Scope, item: Mapping[str, Json]) -> bool:
    try:
        return "distance" not in item or compare(item["distance"], limit(scope, "hot_work_radius")) <= 0
    except WrongUnit:
        return True


def _loading_at(scope: Scope, bay: str) -> Fact | None:
    since = scope.at - timedelta(days=int(limit(scope, "open_operation_days")))
    seen: set[str] = set()
    for fact in recent_mentions(scope, bay, OPERATION, since):
        if fact.subject not in seen and course_of(scope, fact.subject).state in TRANSFER:
            return fact
        seen.add(fact.subject)
    return None


def _cap(scope: Scope, stated: Mapping[str, Json]) -> timedelta:
    caps = scope.table(CAPS)["caps"]
    levels = caps.get(str(stated.get("kind"))) if isinstance(caps, dict) else None
    hours = levels.get(str(stated.get("level")), levels.get("any")) if isinstance(levels, dict) else None
    if type(hours) is not int:
        raise Undecidable("no_cap")
    return timedelta(hours=hours)


def _ends(stated: Mapping[str, Json]) -> datetime:
    return instant(stated.get("extended_to", stated.get("valid_to")))


PREDICATES: Final[dict[str, Predicate]] = {
    "permit_active": permit_active,
    "no_conflicting_permit": no_conflicting_permit,
    "bays_quiet": bays_quiet,
    "permit_within_cap": permit_within_cap,
    "permit_extension_allowed": permit_extension_allowed,
    "permit_terms_kept": permit_terms_kept,
    "approver_apart": approver_apart,
    "permit_in_time": permit_in_time,
    "permit_over": permit_over,
    "guardian_apart": guardian_apart,
    "guardian_competent": guardian_competent,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "no_cap": ("没有时限规定", "The table has no limit for this permit"),
    "permit_conflict": ("附近有进行中的动火等作业", "Conflicting work goes on nearby"),
    "bay_in_use": ("附近车位正在装卸", "Loading goes on at a bay nearby"),
    "ends_before_it_starts": ("起止时间颠倒", "It ends before it begins"),
    "over_cap": ("超过时限上限", "Longer than the cap"),
    "not_extendable": ("该类作业票不得延期", "A permit of this kind cannot be extended"),
    "extended_before": ("已延期一次", "Extended once before"),
    "terms_changed": ("作业票内容被更改", "What was applied for was changed"),
    "approver_not_apart": ("审批人是申请人或作业人员", "The approver applied for it or works under it"),
    "permit_not_yet_valid": ("尚未生效", "Not yet valid"),
    "permit_expired": ("已过期", "Expired"),
    "guardian_not_apart": ("监护人不独立", "The guardian is not apart from work and approval"),
    "measure_not_confirmed": ("安全措施未落实", "A measure is not confirmed"),
}
