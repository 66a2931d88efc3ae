"""The management side: actions, nonconformities, drills, consultation, evaluations, reviews, rounds and documents.

Gates, not forms: nothing is closed while something that it promised is still open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from evidence.canonical import Json
from evidence.records.predicates.history import (
    every,
    instant,
    newest,
    number,
    objects,
    person_id,
    said,
    story,
    texts,
)
from evidence.records.predicates.scope import Predicate, Scope

VERIFIED: Final = frozenset({"verified", "effective"})
"""States of an action whose doing somebody else has confirmed."""
_NON_MANAGERIAL: Final = frozenset({"worker", "representative", "contractor"})


def actions_verified(scope: Scope, actions: Json) -> bool:
    """Whether there is at least one action and each one named is verified or was found effective."""
    names = texts(actions)
    if not names:
        return scope.because("no_action")
    return all(_verified(scope, name) for name in names) or scope.because("action_open")


def actions_settled(scope: Scope) -> bool:
    """The same for the actions that the stream named last."""
    return actions_verified(scope, newest(scope, "actions"))


def stated(scope: Scope, field: str) -> bool:
    """Whether the stream says something in a field: not missing, not blank, not empty, not false."""
    value = newest(scope, field)
    return said(value) and value is not False


def stated_as(scope: Scope, field: str, value: str) -> bool:
    """Whether the newest value of a field in the stream is this one."""
    return newest(scope, field) == value


def target_reached(scope: Scope, value: str) -> bool:
    """Whether a value is at its objective's target or beyond it, in the direction that is better."""
    ahead = number(value) - number(newest(scope, "target"))
    if newest(scope, "better") == "lower":
        ahead = -ahead
    return ahead >= 0 or scope.because("target_missed")


def actions_known(scope: Scope, actions: Json) -> bool:
    """Whether there is at least one action and the ledger knows each one named."""
    names = texts(actions)
    if not names:
        return scope.because("no_action")
    return all(scope.facts.about(subject_of("action", name)) for name in names) or scope.because("unknown_action")


def each_has_action(scope: Scope, items: Json) -> bool:
    """Whether every item of a list (problems, failed checks) names an action or a report that follows it up."""
    followed = all(said(item.get("action_ref")) or said(item.get("hazard_ref")) for item in objects(items))
    return followed or scope.because("problem_without_action")


def problems_closed(scope: Scope, items: Json) -> bool:
    """Whether every item names an action and each of these is verified; true where there is no item."""
    names = [str(item.get("action_ref")) for item in objects(items)]
    if not each_has_action(scope, items):
        return False
    return all(_verified(scope, name) for name in names) or scope.because("action_open")


def due_moved_later(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether an extension gives a later due time than the one before, and a reason."""
    earlier = [instant(fact.payload["due_at"]) for fact in story(scope)[:-1] if "due_at" in fact.payload]
    if earlier and instant(payload.get("due_at")) <= earlier[-1]:
        return scope.because("not_an_extension")
    return said(payload.get("extension_reason")) or scope.because("no_reason")


def workers_attended(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether at least one attendee is a non-managerial worker, and the number stated is the number listed (5.4)."""
    listed = objects(payload.get("attendees"))
    workers = {str(item.get("person_ref")) for item in listed if item.get("role") in _NON_MANAGERIAL}
    if not workers:
        return scope.because("no_worker_attended")
    return payload.get("non_managerial_count") in (None, len(workers)) or scope.because("count_differs")


def all_topics(scope: Scope, items: Json, table: str) -> bool:
    """Whether a list of objects with `topic` covers every topic of a table's list (9.3: each input, each output)."""
    table_id, _, key = table.partition(".")
    covered = {item.get("topic") for item in objects(items)}
    missing = [topic for topic in texts(scope.table(table_id).get(key)) if topic not in covered]
    return not missing or scope.because("topic_missing")


def checked_at_walking_pace(scope: Scope, items: Json) -> bool:
    """Whether no five checks of a round carry times within less than the table's seconds: ticked, not walked."""
    times = sorted(instant(item["at"]) for item in objects(items) if "at" in item)
    shortest = timedelta(seconds=int(number(scope.table("management-limits").get("five_checks_seconds"))))
    quick = any(last - first < shortest for first, last in zip(times, times[4:], strict=False))
    return not quick or scope.because("ticked_in_bulk")


def signed_by_inspector(scope: Scope, person: str) -> bool:
    """Whether the person who signs a round is one of those who walked it (安全生产法 36)."""
    return person in texts(newest(scope, "inspector_refs")) or scope.because("not_an_inspector")


def unchanged(scope: Scope, field: str) -> bool:
    """Whether the record leaves a field as its stream has it: other events than those made for it change nothing."""
    stated = scope.candidate.payload.get(field)
    if stated is None:
        return True
    earlier = [fact for fact in story(scope) if field in fact.payload and fact is not scope.candidate]
    if earlier and scope.use(earlier[-1]).payload[field] == stated:
        return True
    return scope.because("changed_elsewhere")


def another_person(scope: Scope, person: str, field: str) -> bool:
    """Whether a person never stood in a field of this stream: approver and author, verifier and doer."""
    others = {person_id(other) for other in every(scope, field)}
    return person_id(person) not in others or scope.because("same_person")


def _verified(scope: Scope, name: str) -> bool:
    return scope.state_of(subject_of("action", name)) in VERIFIED


def subject_of(kind: str, name: str) -> str:
    """The subject that a reference names, whether it was written as an id or as a whole subject."""
    return name if name.startswith(f"{kind}/") else f"{kind}/{name}"


PREDICATES: Final[dict[str, Predicate]] = {
    "actions_verified": actions_verified,
    "actions_known": actions_known,
    "actions_settled": actions_settled,
    "stated": stated,
    "stated_as": stated_as,
    "target_reached": target_reached,
    "each_has_action": each_has_action,
    "problems_closed": problems_closed,
    "due_moved_later": due_moved_later,
    "workers_attended": workers_attended,
    "all_topics": all_topics,
    "checked_at_walking_pace": checked_at_walking_pace,
    "signed_by_inspector": signed_by_inspector,
    "another_person": another_person,
    "unchanged": unchanged,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "changed_elsewhere": ("该事件不得更改此项", "This event cannot change that"),
    "no_action": ("没有措施", "No action"),
    "action_open": ("措施尚未验证", "An action is not verified yet"),
    "unknown_action": ("措施不存在", "An action is not known"),
    "no_control_level": ("未标明控制层级", "No level of control"),
    "statement_incomplete": ("要求、证据、性质不全", "Requirement, evidence or nature is missing"),
    "similar_not_checked": ("未举一反三", "Similar cases were not looked for"),
    "problem_without_action": ("有问题没有对应措施", "A problem has no action"),
    "not_an_extension": ("新期限不晚于原期限", "The new due time is not later than the old one"),
    "no_reason": ("没有理由", "No reason"),
    "no_worker_attended": ("没有非管理人员参加", "No non-managerial worker attended"),
    "no_outcome": ("没有结果", "No outcome"),
    "no_evidence": ("没有证据", "No evidence"),
    "count_differs": ("人数与名单不符", "The number is not that of the list"),
    "topic_missing": ("缺少规定议题", "A required topic is missing"),
    "ticked_in_bulk": ("批量勾选", "Ticked in bulk"),
    "not_an_inspector": ("签字人不是检查人", "Who signs did not inspect"),
    "target_missed": ("未达到目标值", "The target is not reached"),
    "file_missing": ("未附文件或摘要不符", "The file is missing or has another digest"),
    "not_trained": ("投用前未培训", "Nobody was trained before use"),
    "one_side_only": ("仅列出内部或外部因素", "Only internal or only external issues"),
    "no_climate_hazard": ("未列出气候危害", "No climate hazard is listed"),
    "requirement_not_named": ("未关联法规要求", "The requirement is not named"),
    "same_person": ("不得为同一人", "It is the same person"),
}
