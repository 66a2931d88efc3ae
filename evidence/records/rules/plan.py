"""What the engine works out once for a record type: which rules meet which event, and what their expressions name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from evidence.canonical import Json
from evidence.records.lifecycle import HELD
from evidence.records.model import RecordType
from evidence.records.predicates.scope import Predicate
from evidence.records.rule_definition import RuleDef
from evidence.records.rules.cel import check_expression
from evidence.records.rules.expression import Expression
from evidence.records.rules.gate import Gate, gate_of

LIFECYCLE_RULES: Mapping[str, tuple[str, str]] = {
    "LC1": ("事件符合对象的当前状态", "The event fits the state of its subject"),
    "LC2": ("事件由有权的角色提出", "The event is caused by a role that may do so"),
    "LC3": ("事件的条件成立", "The condition of the event holds"),
}
"""The engine's own hard rules, with their words in Chinese and English."""


@dataclass(frozen=True)
class Needs:
    """What a set of expressions names: only this is handed to the CEL library."""

    fields: frozenset[str]
    whole_payload: bool
    variables: frozenset[str]

    @classmethod
    def of(cls, expressions: Iterable[Expression]) -> Needs:
        """The union of what the expressions name."""
        listed = list(expressions)
        return cls(
            frozenset().union(*(item.fields for item in listed)),
            any(item.whole_payload for item in listed),
            frozenset().union(*(item.variables for item in listed)),
        )


@dataclass(frozen=True, eq=False)
class Plan:
    """A record type, the lifecycle that its records move, and its expressions, checked."""

    record_type: RecordType
    governor: RecordType | None
    """The type whose lifecycle a record of this type moves: its own, or one that follows it; None: there is none."""
    predicates: Mapping[str, Predicate]

    @cached_property
    def needs(self) -> Needs:
        """What all expressions that can meet a record of this type name. Raises `ExpressionInvalid`."""
        own, fields = self.record_type, self.record_type.fields
        sources = [source for rule in own.rules for source in (rule.applies, rule.check)]
        if own.lifecycle is not None:
            sources += [event.when for event in own.lifecycle.events.values()]
        elif self.governor is not None and self.governor.lifecycle is not None:
            sources += [item.when for item in self.governor.lifecycle.follow if item.record == own.id]
        return Needs.of(check_expression(source, fields, self.predicates) for source in sources if source)

    @cached_property
    def display_needs(self) -> Needs:
        """What the conditions of timed states name. Raises `ExpressionInvalid`."""
        lifecycle = self.record_type.lifecycle
        sources = [item.when for item in lifecycle.timed] if lifecycle is not None else []
        fields = self.record_type.fields
        return Needs.of(check_expression(item, fields, self.predicates) for item in sources)

    def rules(self, event: str) -> tuple[RuleDef, ...]:
        """The rules that are about an event, or about every record."""
        found = self._rules.get(event)
        if found is None:
            found = tuple(rule for rule in self.record_type.rules if not rule.on or event in rule.on)
            if self.record_type.lifecycle is not None and event in self.record_type.lifecycle.events:
                self._rules[event] = found
        return found

    def rules_meeting(self, event: str, payload: Mapping[str, Json]) -> tuple[RuleDef, ...]:
        """Those of `rules(event)` that can apply to a payload: `applies` of the others is false for it."""
        value = payload.get(self._gated) if self._gated else None
        if not isinstance(value, str):
            return self.rules(event)
        key = event, value if value in self._gate_values else None
        found = self._meeting.get(key)
        if found is None:
            found = tuple(rule for rule in self.rules(event) if not self._shut(rule, value))
            if event in self._rules or not event:
                self._meeting[key] = found
        return found

    def _shut(self, rule: RuleDef, value: str) -> bool:
        gate = self._gates.get(rule.id)
        return gate is not None and gate.field == self._gated and value not in gate.values

    @cached_property
    def _gates(self) -> dict[str, Gate]:
        found = {rule.id: gate_of(rule.applies) for rule in self.record_type.rules if rule.applies}
        return {rule: gate for rule, gate in found.items() if gate is not None}

    @cached_property
    def _gated(self) -> str:
        """The field that most of the rules' conditions begin with; empty where none does."""
        fields = [gate.field for gate in self._gates.values()]
        return max(sorted(set(fields)), key=fields.count, default="")

    @cached_property
    def _gate_values(self) -> frozenset[str]:
        return frozenset().union(*(gate.values for gate in self._gates.values() if gate.field == self._gated))

    @cached_property
    def _meeting(self) -> dict[tuple[str, str | None], tuple[RuleDef, ...]]:
        return {}

    @cached_property
    def holding(self) -> frozenset[str]:
        """The rules whose failure holds the subject."""
        return frozenset(rule.id for rule in self.record_type.rules if rule.effect == "hold")

    @cached_property
    def holdable(self) -> frozenset[str]:
        """The states that have a way to `held`: what was stopped in an emergency is not merely held."""
        if self.governor is None or self.governor.lifecycle is None:
            return frozenset()
        lifecycle = self.governor.lifecycle
        ways = [event.from_states for event in lifecycle.events.values() if event.to == HELD]
        ways += [item.from_states for item in lifecycle.follow if item.to == HELD]
        return frozenset().union(*ways)

    @cached_property
    def _rules(self) -> dict[str, tuple[RuleDef, ...]]:
        return {}
