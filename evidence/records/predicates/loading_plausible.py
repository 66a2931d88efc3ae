"""Predicates on whether a loading can have gone as recorded: offline records, durations, occupied places (LO5–LO7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from evidence.records.facts import Fact
from evidence.records.loading.course import OPERATION, OVER
from evidence.records.predicates.history import instant
from evidence.records.predicates.loading import course_of, given, graph_of, identifier, limit, row_of
from evidence.records.predicates.reading import recent_mentions
from evidence.records.predicates.scope import Predicate, Scope
from evidence.records.rules.marks import SKEW

OCCUPYING: Final = frozenset(
    {
        "checking",
        "authorised",
        "transferring",
        "stopped",
        "closing",
        "held",
        "resumed",
        "emergency_stopped",
        "incident_linked",
    }
)
"""States in which an operation has the vehicle on the site. A booking alone occupies nothing."""
_ONLINE: Final = ("mobile", "web")
"""Channels on which a person records while it happens."""
_OTHERS: Final = 20
"""Newest other operations of one bay or vehicle that are followed step by step; of others the last state counts."""


def synchronised_in_time(scope: Scope) -> bool:
    """LO5: a step recorded offline has the device's counter, in order, and reached the ledger in time."""
    fact, good = scope.candidate, True
    if fact.counter is None:
        good = scope.because("counter_missing")
    else:
        earlier = [item for item in course_of(scope).steps if item.kid == fact.kid and item.counter is not None]
        if earlier and (earlier[-1].counter or 0) >= fact.counter:
            scope.use(earlier[-1])
            good = scope.because("counter_not_increasing")
    if fact.received_at - fact.occurred_at > graph_of(scope).late_sync:
        good = scope.because("late_sync")
    return good


def clock_plausible(scope: Scope) -> bool:
    """LO5: the step did not occur after it was received, nor, recorded online, long before."""
    fact = scope.candidate
    if fact.occurred_at - fact.received_at > SKEW:
        return scope.because("clock_ahead")
    late = fact.channel in _ONLINE and fact.received_at - fact.occurred_at > graph_of(scope).late_sync
    return not late or scope.because("dated_back")


def duration_plausible(scope: Scope) -> bool:
    """LO6: the step took at least the time that it takes, since the step before it or since its own start."""
    started = scope.candidate.payload.get("started_at")
    earlier = [item for item in course_of(scope).steps if item.occurred_at <= scope.at]
    since = instant(started) if isinstance(started, str) else None
    if since is None:
        if not earlier:
            return True
        before = max(earlier, key=lambda item: (item.occurred_at, item.index))
        since = before.occurred_at
        scope.use(before)
    return scope.at - since >= row_of(scope).min_time or scope.because("too_quick")


def not_ticked_in_batch(scope: Scope) -> bool:
    """LO6: the table's number of steps did not all come within less than its time."""
    count, seconds = int(limit(scope, "batch_steps")), int(limit(scope, "batch_seconds"))
    times = sorted((item.occurred_at, item.index) for item in course_of(scope).steps)
    window = [item for item in times if item[0] <= scope.at][-(count - 1) :]
    if len(window) < count - 1 or scope.at - window[0][0] >= timedelta(seconds=seconds):
        return True
    scope.inputs.update(index for _, index in window)
    return scope.because("batch_ticking")


def vehicle_and_bay_free(scope: Scope) -> bool:
    """LO7: neither the vehicle nor the bay is in another operation that is under way."""
    good = True
    for kind, name in (("vehicle", "vehicle_ref"), ("bay", "bay")):
        for other in _others(scope, f"{kind}/{identifier(given(scope, name), kind)}"):
            scope.use(other)
            good = scope.because(f"{kind}_occupied")
            break
    return good


def _others(scope: Scope, subject: str) -> Iterator[Fact]:
    """The newest header record of each other operation under way that mentions the subject."""
    if subject.endswith("/"):
        return
    since = scope.at - timedelta(days=int(limit(scope, "open_operation_days")))
    seen = {scope.candidate.subject}
    for fact in recent_mentions(scope, subject, OPERATION, since):
        if fact.subject not in seen:
            seen.add(fact.subject)
            state = course_of(scope, fact.subject).state if len(seen) <= _OTHERS else _frozen_state(scope, fact.subject)
            if state in OCCUPYING and state not in OVER:
                yield fact


def _frozen_state(scope: Scope, operation: str) -> str:
    """The state that the newest judgement of an operation left it in: quick to find, however many there are."""
    moves = (fact.step for fact in reversed(scope.facts.about(operation)) if fact.index < scope.candidate.index)
    return next((step.to for step in moves if step is not None), "")


PREDICATES: Final[dict[str, Predicate]] = {
    "synchronised_in_time": synchronised_in_time,
    "clock_plausible": clock_plausible,
    "duration_plausible": duration_plausible,
    "not_ticked_in_batch": not_ticked_in_batch,
    "vehicle_and_bay_free": vehicle_and_bay_free,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "counter_missing": ("离线记录无设备计数器", "An offline record without the device's counter"),
    "counter_not_increasing": ("设备计数器未递增", "The device's counter did not increase"),
    "late_sync": ("离线记录同步过晚", "An offline record synchronised late"),
    "clock_ahead": ("发生时间晚于入账时间", "It occurred after it was received"),
    "dated_back": ("在线记录的时间早于入账过久", "Recorded online, yet dated long before it was received"),
    "too_quick": ("步骤用时短于合理时间", "The step took less time than it can take"),
    "batch_ticking": ("短时间内批量勾选", "Several steps ticked off at once"),
    "vehicle_occupied": ("车辆正在另一作业中", "The vehicle is in another operation"),
    "bay_occupied": ("车位正被另一作业占用", "The bay is in another operation"),
}
