"""The management side: actions, nonconformities, drills, consultation, evaluations, reviews, rounds and documents.

Gates, not forms: nothing is closed while something that it promised is still open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from evidence.canonical import Json
from evidence.records.calendar import months_after
from evidence.records.predicates.history import (
    day,
    every,
    happened,
    instant,
    newest,
    number,
    objects,
    said,
    story,
    texts,
)
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

VERIFIED: Final = frozenset({"verify", "effective"})
_ACTION_MOVES: Final = ("", "open", "start", "done", "verify", "refuse", "effective", "ineffective", "reopen", "cancel")


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


def due_passed(scope: Scope, subject: str, at: datetime) -> bool:
    """Whether an instant lies after the due time that the subject was given last; false where it has none."""
    given = [fact for fact in story(scope, subject) if "due_at" in fact.payload]
    return bool(given) and at > instant(scope.use(given[-1]).payload["due_at"])


def check_date_reached(scope: Scope) -> bool:
    """Whether the day set for the effectiveness check has come; true where none was set."""
    planned = newest(scope, "next_check")
    return planned is None or scope.local_day(scope.at) >= day(planned) or scope.because("check_too_early")


def outside_participants(scope: Scope, attendees: Json, stated: Json) -> bool:
    """Whether at least one attendee is a non-managerial worker, and the number stated is the number listed (5.4)."""
    count = len({str(item.get("person_ref")) for item in objects(attendees) if item.get("role") == "worker"})
    if count < 1:
        return scope.because("no_worker_attended")
    return stated in (None, count) or scope.because("count_differs")


def within_months(scope: Scope, first: str, last: str, months: int) -> bool:
    """Whether the day `last` is at most a number of months after the day `first`, the end of a month clamped."""
    return day(last[:10]) <= months_after(day(first[:10]), months) or scope.because("interval_too_long")


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
    latest = months_after(scope.local_day(last.occurred_at), int(number(months)))
    return scope.local_day(scope.at) <= latest or scope.because("drill_overdue")


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


def another_person(scope: Scope, person: str, field: str) -> bool:
    """Whether a person never stood in a field of this stream: approver and author, verifier and doer."""
    return person not in set(every(scope, field)) or scope.because("same_person")


def still_valid(scope: Scope, until: str, at: datetime) -> bool:
    """Whether an instant lies within the day `until` at the site, or before it."""
    return scope.local_day(at) <= day(until) or scope.because("expired")


def action_state(scope: Scope, name: str) -> str:
    """The last move of an action that counted: open, start, done, verify, … Undecidable where the action is unknown."""
    moves = happened(scope, *_ACTION_MOVES, subject=subject_of("action", name))
    if not moves:
        raise Undecidable("unknown_action")
    return scope.use(moves[-1]).event or "open"


def _verified(scope: Scope, name: str) -> bool:
    return bool(scope.facts.about(subject_of("action", name))) and action_state(scope, name) in VERIFIED


def subject_of(kind: str, name: str) -> str:
    """The subject that a reference names, whether it was written as an id or as a whole subject."""
    return name if name.startswith(f"{kind}/") else f"{kind}/{name}"


PREDICATES: Final[dict[str, Predicate]] = {
    "actions_verified": actions_verified,
    "actions_known": actions_known,
    "actions_settled": actions_settled,
    "stated": stated,
    "each_has_action": each_has_action,
    "problems_closed": problems_closed,
    "due_moved_later": due_moved_later,
    "due_passed": due_passed,
    "check_date_reached": check_date_reached,
    "outside_participants": outside_participants,
    "within_months": within_months,
    "drill_in_time": drill_in_time,
    "all_topics": all_topics,
    "checked_at_walking_pace": checked_at_walking_pace,
    "another_person": another_person,
    "still_valid": still_valid,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "no_action": ("没有措施", "No action"),
    "action_open": ("措施尚未验证", "An action is not verified yet"),
    "unknown_action": ("措施不存在", "An action is not known"),
    "no_control_level": ("未标明控制层级", "No level of control"),
    "statement_incomplete": ("要求、证据、性质不全", "Requirement, evidence or nature is missing"),
    "similar_not_checked": ("未举一反三", "Similar cases were not looked for"),
    "problem_without_action": ("有问题没有对应措施", "A problem has no action"),
    "not_an_extension": ("新期限不晚于原期限", "The new due time is not later than the old one"),
    "no_reason": ("没有理由", "No reason"),
    "check_too_early": ("未到效果验证日期", "Before the day of the effectiveness check"),
    "no_worker_attended": ("没有非管理人员参加", "No non-managerial worker attended"),
    "count_differs": ("人数与名单不符", "The number is not that of the list"),
    "interval_too_long": ("间隔超过规定", "The interval is too long"),
    "drill_overdue": ("演练超期", "The drill is overdue"),
    "topic_missing": ("缺少规定议题", "A required topic is missing"),
    "ticked_in_bulk": ("批量勾选", "Ticked in bulk"),
    "same_person": ("不得为同一人", "It is the same person"),
    "expired": ("已过期", "Expired"),
}
