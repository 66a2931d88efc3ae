"""One judgement in the making: lifecycle first, then each rule that applies, then the move of the subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from evidence.records.facts import Fact, Facts
from evidence.records.judgement import MAX_INPUTS, Judgement, Outcome, RuleResult, Severity, Step
from evidence.records.lifecycle import HELD, NEW, UNPROVEN_ROLES, Move, attempt, current, fold, followed
from evidence.records.lifecycle_definition import LifecycleDef
from evidence.records.rule_definition import RuleDef
from evidence.records.rules.cel import Verdict
from evidence.records.rules.horizon import Horizon
from evidence.records.rules.marks import marks_of
from evidence.records.rules.override import overridden
from evidence.records.rules.plan import Plan

if TYPE_CHECKING:
    from evidence.records.rules.engine import RuleEngine

LIFECYCLE_VERSION: Final = 1
GUARD_REASON: Final = "guard"


class Judging:
    """One judgement in the making."""

    def __init__(self, engine: RuleEngine, plan: Plan, candidate: Fact, facts: Facts) -> None:
        self.engine, self.plan, self.candidate = engine, plan, candidate
        self.facts = Horizon(facts, candidate.index)
        self.scope = engine.scope(candidate, self.facts)
        """One for all rules; what a rule notes is cleared before the next one."""
        self.results: list[RuleResult] = []
        self.marks = marks_of(candidate)
        self.state, self.opened_by = self._position()
        self.evaluation = engine.evaluation(plan.needs, candidate, self.state)

    def judgement(self) -> Judgement:
        """The judgement. Call it once."""
        lifecycle = self.plan.record_type.lifecycle
        event, step = self._own_event(lifecycle) if lifecycle is not None else ("", None)
        plan, whole = self.plan, self.evaluation.refused  # What cannot be evaluated leaves every rule undecided.
        for rule in plan.rules(event) if whole else plan.rules_meeting(event, self.candidate.payload):
            self._rule(rule)
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
                self._check("LC3", LIFECYCLE_VERSION, Severity.HARD, tried.definition.when, GUARD_REASON)
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
            return self._verdict(expression).value is True

        to = followed(governor.lifecycle, self.state, self.candidate, holds)
        return Step(self.candidate.type, self.state, self.state if to is None else to, True)

    def _held(self, step: Step | None) -> Step | None:
        """The move, or into `held` where a failed rule holds the subject and its state has a way there."""
        plan = self.plan
        if step is None or self.state not in plan.holdable:
            return step
        if any(item.rule in plan.holding and _stands_against(item) for item in self.results):
            return Step(step.event, self.state, HELD, False)
        return step

    def _rule(self, rule: RuleDef) -> None:
        self._forget()
        if rule.applies:
            applies = self._verdict(rule.applies)
            if applies.value is None:
                self._add(rule.id, rule.version, rule.severity, Outcome.UNKNOWN, applies.reason)
            if applies.value is not True:
                return
            self.scope.reasons.clear()
        self._check(rule.id, rule.version, rule.severity, rule.check, rule.reason)

    def _check(self, rule: str, version: int, severity: Severity, check: str, reason: str) -> None:
        verdict = self._verdict(check)
        if verdict.value is None:
            self._add(rule, version, severity, Outcome.UNKNOWN, verdict.reason)
        elif verdict.value:
            self._add(rule, version, severity, Outcome.PASS, "")
        else:
            # Of several predicates that said no the last one was decisive: `&&` and `||` stop there.
            noted = self.scope.reasons
            self._add(rule, version, severity, Outcome.FAIL, noted[-1] if noted else reason)

    def _verdict(self, source: str) -> Verdict:
        return self.evaluation.verdict(source, self.scope)

    def _forget(self) -> None:
        self.scope.inputs.clear()
        self.scope.reasons.clear()

    def _lifecycle_result(self, rule: str, reason: str, inputs: tuple[int, ...]) -> None:
        outcome = Outcome.FAIL if reason else Outcome.PASS
        self.results.append(RuleResult(rule, LIFECYCLE_VERSION, outcome, Severity.HARD, reason, inputs))

    def _add(self, rule: str, version: int, severity: Severity, outcome: Outcome, reason: str) -> None:
        # The record itself is no input: a judgement rests on what was there before it.
        own = self.candidate.index
        inputs = tuple(sorted(i for i in self.scope.inputs if i < own)[-MAX_INPUTS:]) if self.scope.inputs else ()
        self.results.append(RuleResult(rule, version, outcome, severity, reason, inputs))


def _stands_against(item: RuleResult) -> bool:
    if item.outcome is Outcome.FAIL:
        return True
    return item.outcome is Outcome.UNKNOWN and item.severity is Severity.HARD
