"""One judgement in the making: lifecycle first, then each rule that applies, then the move of the subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from evidence.records.facts import Fact, Facts
from evidence.records.judgement import MAX_INPUTS, Judgement, Outcome, RuleResult, Severity, Step
from evidence.records.lifecycle import HELD, NEW, UNPROVEN_ROLES, Move, attempt, current, fold, followed
from evidence.records.lifecycle_definition import LifecycleDef
from evidence.records.predicates.scope import Scope
from evidence.records.rules.horizon import Horizon
from evidence.records.rules.marks import marks_of
from evidence.records.rules.override import overridden
from evidence.records.rules.plan import Plan, holds_subject

if TYPE_CHECKING:
    from evidence.records.rules.engine import RuleEngine

LIFECYCLE_VERSION: Final = 1
GUARD_REASON: Final = "guard"


class Judging:
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
        """The judgement. Call it once."""
        lifecycle = self.plan.record_type.lifecycle
        event, step = self._own_event(lifecycle) if lifecycle is not None else ("", None)
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

    def _own_event(self, lifecycle: LifecycleDef) -> tuple[str, Step]:
        """The event by the type's own lifecycle, with the results of LC1 to LC3."""
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

    def _corrected_moves(self) -> Sequence[Move]:
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
        lifecycle = governor.lifecycle
        # Held only where the lifecycle has a way there: what was stopped in an emergency is not merely held.
        ways = [event.from_states for event in lifecycle.events.values() if event.to == HELD]
        ways += [item.from_states for item in lifecycle.follow if item.to == HELD]
        against = (item for item in self.results if _stands_against(item))
        if any(self.state in way for way in ways) and holds_subject(self.plan.record_type.rules, against):
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


def _stands_against(item: RuleResult) -> bool:
    if item.outcome is Outcome.FAIL:
        return True
    return item.outcome is Outcome.UNKNOWN and item.severity is Severity.HARD
