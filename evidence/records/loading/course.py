"""One loading operation followed through its stream, record by record in log order.

A step *stands* once it passed in order and nothing since has undone it, failed it or made it necessary again. What a
step needs is read from the graph; what an earlier record's own judgement held against it is frozen with that record.
A record that reaches the log late never makes a step stand that a later one of the same step has settled already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from evidence.canonical import Json
from evidence.records.facts import Fact
from evidence.records.judgement import Severity
from evidence.records.loading.graph import Edge, StepGraph, StepRow

STEP: Final = "loading_step"
OPERATION: Final = "loading_operation"
SOFT_ORDER: Final = "LO1.soft"
"""The rule on soft preconditions: an override that names it lets the step stand without them."""
OVER: Final = frozenset({"completed", "aborted"})
STOPPED: Final = frozenset({"held", "emergency_stopped", "incident_linked"})
AFTER_TRANSFER: Final = frozenset({"stopped", "closing", *OVER})
_OPEN: Final = frozenset(
    {"draft", "booked", "checking", "authorised", "transferring", "stopped", "closing", "resumed", ""}
)
EVENTS: Final = {
    "draft": (frozenset({""}), "draft"),
    "book": (frozenset({"", "draft"}), "booked"),
    "hold": (_OPEN - {""}, "held"),
    "resume": (frozenset({"held"}), "resumed"),
    "link_incident": (frozenset({"emergency_stopped"}), "incident_linked"),
    "abort": (_OPEN - {""} | {"held", "incident_linked"}, "aborted"),
}
"""The events of type loading_operation that move the state: from which states, to which."""


@dataclass(frozen=True, slots=True)
class Defect:
    """Why a step is out of order: the precondition, and the reason's code."""

    step: str
    hard: bool
    reason: str
    fact: Fact | None = None
    """The record that decided it, where there is one."""
    after_break: bool = False
    """It stood until a hold, a change of shift or a change of operator made it necessary again."""


@dataclass
class Course:
    """The operation after the records followed so far."""

    graph: StepGraph
    state: str = ""
    phase: str = ""
    """The last state that was not a hold or a resumption: how far the work itself has come."""
    header: dict[str, Json] = field(default_factory=dict)
    standing: dict[str, Fact] = field(default_factory=dict)
    seen: dict[str, Fact] = field(default_factory=dict)
    """The latest record of each step, whatever came of it."""
    settled: dict[str, datetime] = field(default_factory=dict)
    """Up to when each step is decided: older records, synchronised late, do not make it stand again."""
    broken: dict[str, str] = field(default_factory=dict)
    """Steps that a break made necessary again, with the reason's code."""
    steps: list[Fact] = field(default_factory=list)
    held_since: datetime | None = None
    operator: str = ""

    def follow(self, fact: Fact) -> None:
        """Take the next record of the stream."""
        if fact.type == OPERATION:
            self._event(fact)
        elif fact.type == STEP:
            self._step(fact)
        if fact.step is not None and fact.step.to != self.state:
            self._enter(fact.step.to, fact)  # The move that was frozen with the record is the one that counts.

    def after(self, fact: Fact) -> Course:
        """The course with one more record; this one stays as it is."""
        copy = replace(
            self,
            header=dict(self.header),
            standing=dict(self.standing),
            seen=dict(self.seen),
            settled=dict(self.settled),
            broken=dict(self.broken),
            steps=list(self.steps),
        )
        copy.follow(fact)
        return copy

    def defects(self, fact: Fact) -> Iterator[Defect]:
        """What is out of order about a step that comes now. An emergency is never out of order."""
        row = self.graph.rows.get(code_of(fact))
        if row is None or row.emergency:
            return
        if not row.shutdown and (self.state in STOPPED or self.state in OVER):
            yield Defect("", True, "operation_over" if self.state in OVER else "held")
        changed = self.operator_changed(fact)
        for edge in row.needs:
            defect = self._unmet(edge, fact, changed)
            if defect is not None:
                yield defect

    def operator_changed(self, fact: Fact) -> bool:
        """The step names another operator than the steps before it."""
        operator = fact.payload.get("operator_ref")
        return bool(self.operator) and isinstance(operator, str) and operator != self.operator

    def passes(self, fact: Fact) -> bool:
        """The result counts as a pass: `pass`, or `na` with a reason where the table accepts that."""
        result = fact.payload.get("result")
        if result != "na":
            return result == "pass"
        row = self.graph.rows.get(code_of(fact))
        return row is not None and direction_of(fact) in row.na and "na_reason" in fact.payload

    def _unmet(self, edge: Edge, fact: Fact, operator_changed: bool) -> Defect | None:
        target = self.graph.rows.get(edge.step)
        if target is None or direction_of(fact) not in target.directions or (edge.when and edge.when not in self.seen):
            return None
        stands = self.standing.get(edge.step)
        if stands is not None and operator_changed and edge.step in self.graph.repeat and self._breaks():
            return Defect(edge.step, edge.hard, "operator_changed", stands, after_break=True)
        if stands is None:
            if edge.step in self.broken:
                return Defect(edge.step, edge.hard, self.broken[edge.step], after_break=True)
            earlier = self.seen.get(edge.step)
            return Defect(edge.step, edge.hard, "step_not_passed" if earlier else "step_missing", earlier)
        if stands.occurred_at > fact.occurred_at:
            return Defect(edge.step, edge.hard, "precondition_later", stands)
        if edge.within is not None and fact.occurred_at - stands.occurred_at > edge.within:
            return Defect(edge.step, edge.hard, "step_stale", stands)
        return None

    def _step(self, fact: Fact) -> None:
        row = self.graph.rows.get(code_of(fact))
        if row is None:
            return
        if self.operator_changed(fact):
            self._break("operator_changed", fact)
        # What was judged is not judged again: the frozen judgement knew the same records.
        defects = [] if fact.step is not None else list(self.defects(fact))
        self._note_operator(fact)
        good = fact.blocked is None and self.passes(fact)
        if good and defects:
            good = not any(self._against(item, fact) for item in defects)
        self._settle(row, fact, good)
        if good or row.emergency:
            for step in row.undoes:
                self.standing.pop(step, None)
                self._settled_at(step, fact.occurred_at)
            self._move(row)
        elif self._holds(row, fact, defects):
            self._hold(fact.occurred_at)
        if fact.channel == "mobile_offline" and fact.received_at - fact.occurred_at > self.graph.late_sync:
            self._hold(fact.received_at)

    def _settle(self, row: StepRow, fact: Fact, good: bool) -> None:
        code, at = row.code, fact.occurred_at
        before = self.settled.get(code)
        latest = before is None or at >= before
        self.seen[code] = fact
        self.steps.append(fact)
        if latest:
            self.settled[code] = at
        if good and latest:
            self.standing[code] = fact
            self.broken.pop(code, None)
        elif not good:
            self.standing.pop(code, None)

    def _settled_at(self, step: str, at: datetime) -> None:
        before = self.settled.get(step)
        if before is None or before < at:
            self.settled[step] = at

    def _holds(self, row: StepRow, fact: Fact, defects: list[Defect]) -> bool:
        failed = row.hard and not self.passes(fact)
        return failed or fact.blocked is Severity.HARD or any(defect.hard for defect in defects)

    def _against(self, defect: Defect, fact: Fact) -> bool:
        listed = fact.payload.get("override")
        named = [item.get("rule") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
        return defect.hard or SOFT_ORDER not in named

    def _move(self, row: StepRow) -> None:
        if self.state in row.from_states or (self.state == "" and "draft" in row.from_states):
            self.state = self.phase = row.to

    def _event(self, fact: Fact) -> None:
        sources, to = EVENTS.get(fact.event or "draft", (frozenset(), ""))
        if fact.blocked is Severity.HARD:
            return
        if fact.event == "handover" and self.state not in OVER:
            shift = fact.payload.get("handover_reason") == "shift_change"
            self._break("shift_changed" if shift else "operator_changed", fact)
        self.header.update(fact.payload)
        self._note_operator(fact)
        if self.state in sources:
            self._enter(to, fact)

    def _enter(self, state: str, fact: Fact) -> None:
        if state == "held":
            self._hold(fact.occurred_at)
            return
        held = self.held_since
        if state == "resumed" and held is not None and fact.occurred_at - held > self.graph.held_limit:
            self._break("held_long", fact)
        self.state = state
        self.phase = state if state != "resumed" else self.phase

    def _hold(self, since: datetime) -> None:
        if self.state in _OPEN:
            self.state, self.held_since = "held", since

    def _breaks(self) -> bool:
        return self.phase not in AFTER_TRANSFER

    def _break(self, reason: str, fact: Fact) -> None:
        if not self._breaks():
            return
        for step in self.graph.repeat:
            if self.standing.pop(step, None) is not None:
                self.broken[step] = reason
                self._settled_at(step, fact.occurred_at)

    def _note_operator(self, fact: Fact) -> None:
        operator = fact.payload.get("operator_ref")
        if isinstance(operator, str):
            self.operator = operator


def code_of(fact: Fact) -> str:
    """The step's code; empty where it is not disclosed."""
    value = fact.payload.get("step_code")
    return value if isinstance(value, str) else ""


def direction_of(fact: Fact) -> str:
    """`load` or `unload`; loading where it is not disclosed, which asks for no less."""
    value = fact.payload.get("direction")
    return value if isinstance(value, str) else "load"
