"""Audits and access: who may audit, what a sample rests on, when a finding is closed, how far an authority may look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence.canonical import Json
from evidence.errors import Malformed
from evidence.records.predicates.history import day, instant, newest, number, objects, person_id, said, story, texts
from evidence.records.predicates.management import actions_verified, subject_of
from evidence.records.predicates.scope import Predicate, Scope, Undecidable
from evidence.records.sampling import default_size, draw_sample, sample_seed

_SETTLED: Final = frozenset({"closed", "withdrawn"})
_UNANSWERED: Final = frozenset({"conformity", "opportunity_for_improvement", "observation"})


def auditors_independent(scope: Scope, team: Json, owners: Json) -> bool:
    """Whether no auditor owns a process that is audited, and every auditor has declared it (9.2.2)."""
    auditors = objects(team)
    if not auditors:
        return scope.because("no_auditor")
    if {person_id(item.get("person_ref")) for item in auditors} & {person_id(owner) for owner in texts(owners)}:
        return scope.because("auditor_is_owner")
    return all(item.get("independent") is True for item in auditors) or scope.because("not_declared")


def sample_frozen(scope: Scope) -> bool:
    """Whether a sample was recorded in the audit's stream before evidence is shown."""
    found = [fact for fact in story(scope)[:-1] if fact.type == "audit_sample"]
    for fact in found:
        scope.use(fact)
    return bool(found) or scope.because("no_sample")


def sample_large_enough(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether a sample has the default size max(3, ceil(sqrt(N))), or a smaller one with a reason."""
    least = default_size(int(number(payload.get("population_size"))))
    if number(payload.get("sample_size")) >= least or said(payload.get("size_reason")):
        return True
    return scope.because("sample_too_small")


def sample_consistent(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the items drawn are as many as stated, each once, none also picked by judgement, all picks reasoned."""
    drawn, picks = texts(payload.get("selected")), objects(payload.get("judgement_picks"))
    chosen = [*drawn, *(str(item.get("record")) for item in picks)]
    if len(set(chosen)) != len(chosen):
        return scope.because("chosen_twice")
    if number(payload.get("sample_size")) != len(drawn):
        return scope.because("size_differs")
    return all(said(item.get("reason")) for item in picks) or scope.because("pick_without_reason")


def sample_replays(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the draw, done again from the block hash and the audit's id, chooses the same items.

    Undecidable where the record does not list the population: then whoever has the list repeats it.
    """
    population = texts(payload.get("population"))
    if not population:
        raise Undecidable("population_not_listed")
    audit = scope.candidate.subject.partition("/")[2]
    try:
        seed = sample_seed(bytes.fromhex(str(payload.get("block_hash"))), audit)
        drawn = draw_sample(population, int(number(payload.get("sample_size"))), seed)
    except (Malformed, ValueError):
        return scope.because("draw_impossible")
    if len(population) != number(payload.get("population_size")):
        return scope.because("population_differs")
    return sorted(texts(payload.get("selected"))) == list(drawn) or scope.because("other_draw")


def findings_settled(scope: Scope) -> bool:
    """Whether every nonconformity found in the audit is closed or withdrawn, or a minor one has its plan accepted."""
    grades: dict[str, Json] = {}
    for fact in scope.facts.mentioning(scope.candidate.subject, "audit_finding"):
        grades[fact.subject] = fact.payload.get("grade", grades.get(fact.subject))
    for subject, grade in grades.items():
        settled = _SETTLED | {"plan_accepted"} if grade == "nc_minor" else _SETTLED
        if grade not in _UNANSWERED and scope.state_of(subject) not in settled:
            return scope.because("finding_open")
    return True


def finding_answered(scope: Scope) -> bool:
    """Whether a finding that needs an answer names a nonconformity that is closed, or actions that are verified."""
    if newest(scope, "grade") in _UNANSWERED:
        return True
    reference = newest(scope, "nonconformity_ref")
    if isinstance(reference, str):
        closed = scope.state_of(subject_of("nonconformity", reference)) == "closed"
        return closed or scope.because("nonconformity_open")
    return actions_verified(scope, newest(scope, "actions"))


def access_covers(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether a query or export of an authority stays within what was granted: types, sites, period and time.

    The grant ends at the instant `expires_at`: a query at that instant is the first that is too late.
    """
    if scope.at >= instant(newest(scope, "expires_at")):
        return scope.because("grant_expired")
    for asked, granted in (("query_types", "scope_types"), ("query_sites", "scope_sites")):
        allowed = texts(newest(scope, granted))
        if allowed and not set(texts(payload.get(asked))) <= set(allowed):
            return scope.because("outside_scope")
    if "query_from" in payload and day(payload["query_from"]) < day(newest(scope, "period_from")):
        return scope.because("outside_period")
    if "query_to" in payload and day(payload["query_to"]) > day(newest(scope, "period_to")):
        return scope.because("outside_period")
    return True


PREDICATES: Final[dict[str, Predicate]] = {
    "auditors_independent": auditors_independent,
    "sample_frozen": sample_frozen,
    "sample_large_enough": sample_large_enough,
    "sample_consistent": sample_consistent,
    "sample_replays": sample_replays,
    "findings_settled": findings_settled,
    "finding_answered": finding_answered,
    "access_covers": access_covers,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "no_auditor": ("没有审核员", "No auditor"),
    "auditor_is_owner": ("审核员是被审过程负责人", "An auditor owns an audited process"),
    "not_declared": ("审核员未声明独立", "An auditor has not declared to be independent"),
    "no_sample": ("未先冻结样本", "No sample was frozen"),
    "sample_too_small": ("样本量不足且无理由", "The sample is too small, without a reason"),
    "chosen_twice": ("同一项被选两次", "An item was chosen twice"),
    "size_differs": ("样本量与清单不符", "The size is not that of the list"),
    "pick_without_reason": ("判断抽样缺少理由", "A pick by judgement has no reason"),
    "population_not_listed": ("总体未列出", "The population is not listed"),
    "population_differs": ("总体数量不符", "The population has another size"),
    "draw_impossible": ("无法重复抽样", "The draw cannot be repeated"),
    "other_draw": ("重复抽样结果不同", "The draw, repeated, chooses other items"),
    "high_severity_left_out": ("高严重度项未全部纳入", "Items of high severity are left out"),
    "no_follow_up": ("没有跟踪日期", "No date of follow-up"),
    "finding_open": ("有不符合项未关闭", "A finding is not settled"),
    "nonconformity_open": ("对应不符合未关闭", "The nonconformity is not closed"),
    "grant_expired": ("授权已到期", "The grant has expired"),
    "outside_scope": ("超出授权范围", "Outside the scope granted"),
    "outside_period": ("超出授权期间", "Outside the period granted"),
}
