"""Deadlines as a record type states them: what starts a clock, when it is due, who hears of it, what stops it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from evidence.records.durations import Duration, parse_duration
from evidence.records.lifecycle_definition import LifecycleDef
from evidence.records.node import Node
from evidence.records.rule_definition import CONFIDENCES, RULE_ID, RULE_ID_MEANING, check_ids, events_of

CLOCKS: Final = ("received_at", "occurred_at")
_TABLE: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}\.[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Due:
    """When a deadline is due: a time after its start, or a payload field, or a time from a table."""

    within: Duration | None = None
    field: str = ""
    table: str = ""
    """`<table>.<key>`: ISO 8601 durations by row; the first field of `by` that names a row decides, else `other`."""
    by: tuple[str, ...] = ()
    """A text names the row of its value, true the row of the field's name."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who is to be told, `offset` after the start; negative: that long before it is due."""

    offset: timedelta
    to: str

    @property
    def before_due(self) -> bool:
        """Counted back from the due time instead of on from the start."""
        return self.offset < timedelta()


@dataclass(frozen=True, slots=True)
class DeadlineDef:
    """A clock on a subject: what starts it, when it is due, which events stop it."""

    id: str
    labels: Mapping[str, str]
    start_events: tuple[str, ...]
    """Empty: any record of the type."""
    clock: str
    """`received_at`, `occurred_at`, or `field:<name>`."""
    due: Due
    stops: tuple[str, ...]
    human: bool
    """Only a person's decision stops it."""
    escalate: tuple[Escalation, ...]
    soft: bool
    """A reminder only: nothing is breached."""
    source: str
    confidence: str


def parse_deadlines(node: Node, lifecycle: LifecycleDef | None, fields: Collection[str]) -> tuple[DeadlineDef, ...]:
    """The deadlines of a type with this lifecycle and these fields. Raises `RecordTypeInvalid`."""
    deadlines = tuple(_deadline(item, lifecycle, fields) for item in node.each())
    check_ids(node, [deadline.id for deadline in deadlines])
    return deadlines


def _deadline(node: Node, lifecycle: LifecycleDef | None, fields: Collection[str]) -> DeadlineDef:
    node.keys({"id", "labels", "starts", "due", "stops"}, {"escalate", "soft", "human", "source", "confidence"})
    starts = node["starts"]
    starts.keys({"clock"}, {"event"})
    event = starts.get("event", [])
    listed = Node([event.value], event.path) if isinstance(event.value, str) else event
    return DeadlineDef(
        id=node["id"].text(RULE_ID, RULE_ID_MEANING),
        labels=node["labels"].labels(),
        start_events=events_of(listed, lifecycle),
        clock=_clock(starts["clock"], fields),
        due=_due(node["due"], fields),
        stops=events_of(node["stops"], lifecycle),
        human=node.get("human", True).flag(),
        escalate=tuple(_escalation(item) for item in node.get("escalate", []).each()),
        soft=node.get("soft", False).flag(),
        source=node["source"].text() if "source" in node else "",
        confidence=node["confidence"].choice(CONFIDENCES) if "confidence" in node else "",
    )


def _clock(node: Node, fields: Collection[str]) -> str:
    clock = node.text()
    if clock not in CLOCKS and not (clock.startswith("field:") and clock.removeprefix("field:") in fields):
        node.fail(f"must be {' or '.join(CLOCKS)}, or field:<name> with a payload field")
    return clock


def _due(node: Node, fields: Collection[str]) -> Due:
    if "within" in node:
        node.keys({"within"})
        return Due(within=_span(node["within"]))
    if "field" in node:
        node.keys({"field"})
        return Due(field=_field(node["field"], fields))
    node.keys({"table", "by"})
    return Due(table=node["table"].text(_TABLE, "<table>.<key>"), by=_by(node["by"], fields))


def _by(node: Node, fields: Collection[str]) -> tuple[str, ...]:
    if isinstance(node.value, str):
        return (_field(node, fields),)
    named = tuple(_field(item, fields) for item in node.each())
    if not named:
        node.fail("must name at least one field")
    return named


def _escalation(node: Node) -> Escalation:
    if "before" in node:
        node.keys({"before", "to"})
        return Escalation(-_duration(node["before"]), node["to"].text())
    node.keys({"after", "to"})
    return Escalation(_duration(node["after"]), node["to"].text())


def _span(node: Node) -> Duration:
    try:
        return parse_duration(node.text())
    except ValueError as error:
        node.fail(str(error))


def _duration(node: Node) -> timedelta:
    """Natural time: who is told when does not depend on the length of a month."""
    span = _span(node)
    if span.months:
        node.fail("is told in days, hours or minutes, like P30D; a month has no fixed length")
    return timedelta(days=span.days, minutes=span.minutes)


def _field(node: Node, fields: Collection[str]) -> str:
    if not isinstance(node.value, str) or node.value not in fields:
        node.fail(f"names a field that does not exist: {node.value}")
    return node.value
