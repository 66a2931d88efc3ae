"""Judge a record by the rules of its type: lifecycle first, then every rule that applies, as of the record's instant.

engine = RuleEngine(catalogue)
judgement = engine.judge(candidate, facts)

The same candidate over the same facts gives the same bytes. Nothing that a payload holds makes it raise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from evidence.records.facts import Fact, Facts
from evidence.records.judgement import (
    MAX_INPUTS,
    Judgement,
    Outcome,
    RuleResult,
    Severity,
    Step,
)
from evidence.records.lifecycle import HELD, NEW, UNPROVEN_ROLES, attempt, current, fold, followed
from evidence.records.model import RecordType
from evidence.records.predicates import predicates as all_predicates
from evidence.records.predicates.scope import Predicate, Scope, Undecidable
from evidence.records.rules.cel import Evaluation
from evidence.records.rules.horizon import Horizon
from evidence.records.rules.marks import marks_of
from evidence.records.rules.override import overridden
from evidence.records.rules.plan import Needs, Plan, holds_subject
from evidence.records.table import Tables

LIFECYCLE_VERSION: Final = 1
GUARD_REASON: Final = "guard"


class Catalogue(Protocol):
    """What the engine takes from the catalogue."""

    @property
    def types(self) -> Mapping[str, RecordType]: ...

    @property
    def tables(self) -> Tables: ...

    @property
    def zone(self) -> ZoneInfo: ...

    def all_types(self) -> Sequence[RecordType]: ...


class RuleEngine:
    """Judges records by a catalogue's types, tables and time zone. Immutable and free of input and output."""

    def __init__(self, catalogue: Catalogue, predicates: Mapping[str, Predicate] | None = None) -> None:
        self._tables, self._zone = catalogue.tables, catalogue.zone
        self._predicates = all_predicates() if predicates is None else predicates
        self._plans: dict[tuple[str, int], Plan] = {}
        self._current: dict[str, Plan] = {}
        self._lifecycles = _lifecycles(catalogue.types)
        governors = _governors(catalogue.types)
        for item in (*catalogue.all_types(), *catalogue.types.values()):
            plan = Plan(item, item if item.lifecycle is not None else governors.get(item.id), self._predicates)
            self._plans[item.id, item.version] = plan
        for name, item in catalogue.types.items():
            self._current[name] = self._plans[item.id, item.version]

    def check(self) -> None:
        """Check every expression of every current type. Raises `ExpressionInvalid` for the first that is not usable."""
        for plan in self._current.values():
            _ = plan.needs, plan.display_needs

    def plan(self, type_id: str, version: int | None = None) -> Plan:
        """The plan of a version of a type, the current one where that version is not known. Raises `KeyError`."""
        found = self._plans.get((type_id, version)) if version is not None else None
        return found or self._current[type_id]

    def judge(self, candidate: Fact, facts: Facts) -> Judgement:
        """The judgement on a record over the facts below its index; later ones are not seen.

        Raises `KeyError` for a type that the catalogue does not have, `ExpressionInvalid` for rules that are not
        usable; neither depends on the payload.
        """
        return _Judging(self, self.plan(candidate.type, candidate.version), candidate, facts).judgement()

    def scope(self, candidate: Fact, facts: Facts, memo: dict[Any, Any] | None = None) -> Scope:
        """A scope in which predicates about `candidate` work."""
        scope = Scope(candidate, facts, self._tables, self._zone, memo={} if memo is None else memo)
        scope.position = partial(self._position_of, facts)
        return scope

    def evaluation(self, needs: Needs, candidate: Fact, facts: Facts, state: str) -> Evaluation:
        """An evaluation of expressions with these needs about `candidate`, its subject being in `state`."""
        payload = dict(candidate.payload) if needs.whole_payload else _only(candidate.payload, needs.fields)
        variables = {name: _VARIABLES[name](candidate) for name in needs.variables if name in _VARIABLES}
        if "state" in needs.variables:
            variables["state"] = state
        if "event" in needs.variables:
            lifecycle = self.plan(candidate.type, candidate.version).record_type.lifecycle
            variables["event"] = candidate.event or (lifecycle.default_event if lifecycle is not None else "")
        return Evaluation.of(self.scope(candidate, facts), variables, needs.predicates, payload)

    def guard(self, facts: Facts) -> Any:
        """A guard for `fold`: evaluates a record's conditions over what was known when it was sequenced."""

        def holds(fact: Fact, expression: str, state: str) -> bool:
            known = Horizon(facts, fact.index)
            evaluation = self.evaluation(self.plan(fact.type, fact.version).needs, fact, known, state)
            return evaluation.verdict(expression, self.scope(fact, known)).value is True

        return holds

    def _position_of(self, facts: Facts, subject: str, record_type: str) -> tuple[str, Fact | None]:
        governor = self._lifecycles.get(record_type or subject.partition("/")[0])
        if governor is None:
            raise Undecidable("no_lifecycle")
        return current(governor, facts.about(subject), self.guard(facts))

    @property
    def tables_digest(self) -> str:
        """What judgements name as `tables`."""
        return self._tables.digest


class _Judging:
    """One judgement in the making."""

    def __init__(self, engine: RuleEngine, plan: Plan, candidate: Fact, facts: Facts) -> None:
        self.engine, self.plan, self.candidate = engine, plan, candidate
        self.facts = Horizon(facts, candidate.index)
        self.memo: dict[Any, Any] = {}
        self.results: list[RuleResult] = []
        self.marks = marks_of(candidate)
        self.state, self.opened_by = self._position()
        self.evaluation = engine.evaluation(plan.needs, candidate, self.facts, self.state)
        self.evaluation.scope.memo = self.memo

    def judgement(self) -> Judgement:
        lifecycle = self.plan.record_type.lifecycle
        event, step = self._own_event() if lifecycle is not None else ("", None)
        for rule in self.plan.rules(event):
            scope = self._scope()
            if rule.applies:
                applies = self.evaluation.verdict(rule.applies, scope)
                if applies.value is False:
                    continue
                if applies.value is None:
                    self._add(rule.id, rule.version, rule.severity, Outcome.UNKNOWN, applies.reason, scope)
                    continue
                scope.reasons.clear()
            self._check(rule.id, rule.version, rule.severity, rule.check, rule.reason, scope)
        self.results, all_counted = overridden(self.results, self.candidate.payload.get("override"))
        if not all_counted:
            self.marks.add("override_refused")
        return Judgement(
            at=self.candidate.occurred_at,
            known=self.candidate.index,
            rules=self.plan.record_type.schema_claim,
            tables=self.engine.tables_digest,
            results=tuple(self.results),
            marks=tuple(sorted(self.marks)),
            step=self._held(self._settled(step)),
        )

    def _position(self) -> tuple[str, Fact | None]:
        governor = self.plan.governor
        if governor is None:
            return NEW, None
        return current(governor, self.facts.about(self.candidate.subject), self.engine.guard(self.facts))

    def _own_event(self) -> tuple[str, Step]:
        """The event by the type's own lifecycle, with the results of LC1 to LC3."""
        lifecycle = self.plan.record_type.lifecycle
        assert lifecycle is not None  # noqa: S101  # the caller asked
        candidate, moves = self.candidate, self._corrected_moves()
        tried = attempt(lifecycle, self.state, candidate, moves)
        decisive = (self.opened_by.index,) if self.opened_by is not None else ()
        refusal = tried.refusal
        legal = refusal is None or refusal.rule != "LC1"
        self._lifecycle_result("LC1", "" if refusal is None or legal else refusal.reason, decisive)
        if legal and tried.definition is not None:
            if tried.definition.by or tried.definition.human:
                self._lifecycle_result("LC2", refusal.reason if refusal is not None else "", ())
                if refusal is None and tried.definition.by and candidate.role in UNPROVEN_ROLES:
                    self.marks.add("role_unproven")
            if tried.definition.when:
                self._check("LC3", LIFECYCLE_VERSION, Severity.HARD, tried.definition.when, GUARD_REASON, self._scope())
        event = candidate.event or lifecycle.default_event
        return event, Step(tried.event, tried.from_state, tried.to, legal)

    def _corrected_moves(self) -> Any:
        """The course so far where the record replaces an earlier one; nothing else needs it."""
        if self.candidate.supersedes is None:
            return ()
        stream = self.facts.about(self.candidate.subject)
        if all(fact.record_id != self.candidate.supersedes for fact in stream):
            self.marks.add("supersedes_unknown")
            return ()
        return fold(self.plan.record_type, stream, self.engine.guard(self.facts)).moves

    def _settled(self, step: Step | None) -> Step | None:
        """The move that counts: none where a hard rule stands against the record."""
        if any(_stands_against(item) for item in self.results if item.severity is Severity.HARD):
            event = step.event if step is not None else self.candidate.type
            return Step(event, self.state, self.state, False) if self.plan.governor is not None else None
        return step if step is not None else self._followed_step()

    def _followed_step(self) -> Step | None:
        governor = self.plan.governor
        if governor is None or governor.lifecycle is None:
            return None

        def holds(expression: str) -> bool:
            return self.evaluation.verdict(expression, self._scope()).value is True

        to = followed(governor.lifecycle, self.state, self.candidate, holds)
        return Step(self.candidate.type, self.state, self.state if to is None else to, True)

    def _held(self, step: Step | None) -> Step | None:
        governor = self.plan.governor
        if step is None or governor is None or governor.lifecycle is None:
            return step
        states = governor.lifecycle.states
        open_now = self.state in states and not states[self.state].final
        against = (item for item in self.results if _stands_against(item))
        if HELD in states and open_now and holds_subject(self.plan.record_type.rules, against):
            return Step(step.event, self.state, HELD, False)
        return step

    def _check(self, rule: str, version: int, severity: Severity, check: str, reason: str, scope: Scope) -> None:
        verdict = self.evaluation.verdict(check, scope)
        if verdict.value is None:
            self._add(rule, version, severity, Outcome.UNKNOWN, verdict.reason, scope)
        elif verdict.value:
            self._add(rule, version, severity, Outcome.PASS, "", scope)
        else:
            self._add(rule, version, severity, Outcome.FAIL, scope.reasons[-1] if scope.reasons else reason, scope)

    def _lifecycle_result(self, rule: str, reason: str, inputs: tuple[int, ...]) -> None:
        outcome = Outcome.FAIL if reason else Outcome.PASS
        self.results.append(RuleResult(rule, LIFECYCLE_VERSION, outcome, Severity.HARD, reason, inputs))

    def _add(self, rule: str, version: int, severity: Severity, outcome: Outcome, reason: str, scope: Scope) -> None:
        # The record itself is no input: a judgement rests on what was there before it.
        inputs = sorted(index for index in scope.inputs if index < self.candidate.index)[-MAX_INPUTS:]
        self.results.append(RuleResult(rule, version, outcome, severity, reason, tuple(inputs)))

    def _scope(self) -> Scope:
        return self.engine.scope(self.candidate, self.facts, self.memo)


_VARIABLES: Final[dict[str, Any]] = {
    "subject": lambda fact: fact.subject,
    "subject_id": lambda fact: fact.subject.partition("/")[2],
    "channel": lambda fact: fact.channel,
    "role": lambda fact: fact.role,
    "at": lambda fact: fact.occurred_at,
    "received_at": lambda fact: fact.received_at,
    "supersedes": lambda fact: fact.supersedes or "",
}


def _only(payload: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    return {name: payload[name] for name in fields if name in payload}


def _stands_against(item: RuleResult) -> bool:
    if item.outcome is Outcome.FAIL:
        return True
    return item.outcome is Outcome.UNKNOWN and item.severity is Severity.HARD


def _governors(types: Mapping[str, RecordType]) -> dict[str, RecordType]:
    """For a type without lifecycle: the first type, by id, whose lifecycle follows it in the same streams."""
    found: dict[str, RecordType] = {}
    for name in sorted(types):
        lifecycle = types[name].lifecycle
        for item in lifecycle.follow if lifecycle is not None else ():
            found.setdefault(item.record, types[name])
    return found


def _lifecycles(types: Mapping[str, RecordType]) -> dict[str, RecordType]:
    """By record type, and by subject kind: the type whose lifecycle a subject has.

    Of several for a kind it is the one named like the kind, else the first by id.
    """
    having = [types[name] for name in sorted(types) if types[name].lifecycle is not None]
    by_kind = {item.subject_kind: item for item in reversed(having)}
    return by_kind | {item.id: item for item in having}
