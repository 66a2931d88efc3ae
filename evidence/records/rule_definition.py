"""Rules and measures as a record type's file states them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from evidence.records.judgement import Severity
from evidence.records.lifecycle_definition import LifecycleDef, expression
from evidence.records.node import Node

CONFIDENCES: Final = ("v", "k", "c")
"""v: stated by a source · k: general knowledge · c: sources conflict. k and c want the operator's confirmation."""
EFFECTS: Final = ("hold", "open_nonconformity", "open_incident", "open_review", "impact_review")
MAX_RULES: Final = 56
"""Rules of one type; with the engine's own they fit into one judgement."""
RULE_ID: Final = re.compile(r"[A-Z][A-Za-z0-9_.-]{0,23}")
RULE_ID_MEANING: Final = "an id such as TR1: a capital letter first, then letters, digits, _ . -"
_REASON: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class RuleDef:
    """One rule: where it applies, `check` must be true. `applies`, `check` are CEL; see the rules engine."""

    id: str
    version: int
    labels: Mapping[str, str]
    severity: Severity
    on: tuple[str, ...]
    """Lifecycle events that it is about; empty: every record of the type."""
    applies: str
    check: str
    reason: str
    source: str
    confidence: str
    effect: str
    """What a failure sets going; empty: nothing."""


@dataclass(frozen=True, slots=True)
class MeasureDef:
    """A rule that is no check of one record but a statistic, an effect or a guarantee of the ledger, listed by id."""

    id: str
    labels: Mapping[str, str]
    source: str
    confidence: str


def parse_rules(node: Node, lifecycle: LifecycleDef | None) -> tuple[RuleDef, ...]:
    """The rules of a type. Raises `RecordTypeInvalid`."""
    rules = tuple(_rule(item, lifecycle) for item in node.each())
    check_ids(node, [rule.id for rule in rules])
    if len(rules) > MAX_RULES:
        node.fail(f"more than {MAX_RULES} rules")
    return rules


def parse_measures(node: Node) -> tuple[MeasureDef, ...]:
    """The measures of a type. Raises `RecordTypeInvalid`."""
    measures = []
    for item in node.each():
        item.keys({"id", "labels", "source", "confidence"})
        name, labels = item["id"].text(RULE_ID, RULE_ID_MEANING), item["labels"].labels()
        measures.append(MeasureDef(name, labels, item["source"].text(), item["confidence"].choice(CONFIDENCES)))
    check_ids(node, [measure.id for measure in measures])
    return tuple(measures)


def _rule(node: Node, lifecycle: LifecycleDef | None) -> RuleDef:
    node.keys(
        {"id", "version", "labels", "severity", "check", "source", "confidence"}, {"on", "applies", "reason", "effect"}
    )
    return RuleDef(
        id=node["id"].text(RULE_ID, RULE_ID_MEANING),
        version=node["version"].natural(),
        labels=node["labels"].labels(),
        severity=Severity(node["severity"].choice(tuple(str(item) for item in Severity))),
        on=events_of(node.get("on", []), lifecycle),
        applies=expression(node, "applies"),
        check=expression(node, "check"),
        reason=node.get("reason", "not_met").text(_REASON, "a code of lower-case letters, digits and underscores"),
        source=node["source"].text(),
        confidence=node["confidence"].choice(CONFIDENCES),
        effect=node["effect"].choice(EFFECTS) if "effect" in node else "",
    )


def events_of(node: Node, lifecycle: LifecycleDef | None) -> tuple[str, ...]:
    """Names of events of the lifecycle. Raises `RecordTypeInvalid`."""
    events = node.texts()
    known = lifecycle.events if lifecycle is not None else {}
    if unknown := [event for event in events if event not in known]:
        node.fail(f"unknown event {', '.join(unknown)}; known are {', '.join(known) or 'none: there is no lifecycle'}")
    return events


def check_ids(node: Node, ids: list[str]) -> None:
    """Require every id once in the list at `node`. Raises `RecordTypeInvalid`."""
    for position, name in enumerate(ids):
        if name in ids[:position]:
            Node(None, (*node.path, position)).fail(f"{name} is given twice")
