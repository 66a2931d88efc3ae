"""Judge a record by the rules of its type: lifecycle first, then every rule that applies, as of the record's instant.

engine = RuleEngine(catalogue)
judgement = engine.judge(candidate, facts)

The same candidate over the same facts gives the same bytes. Nothing that a payload holds makes it raise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from evidence.encoding import MAX_SAFE_INTEGER
from evidence.records.course import Course
from evidence.records.deadlines import Deadline, deadlines_of
from evidence.records.facts import Fact, Facts
from evidence.records.judgement import Judgement, Severity
from evidence.records.lifecycle import Guard, current, display_state, fold
from evidence.records.model import RecordType
from evidence.records.predicates import predicates as all_predicates
from evidence.records.predicates.scope import Predicate, Scope, Undecidable
from evidence.records.rules.cel import Evaluation
from evidence.records.rules.horizon import Horizon
from evidence.records.rules.judging import Judging
from evidence.records.rules.plan import Needs, Plan
from evidence.records.table import Tables

EVERYTHING: Final = MAX_SAFE_INTEGER
"""As a horizon: all entries there are."""


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
        return Judging(self, self.plan(candidate.type, candidate.version), candidate, facts).judgement()

    def scope(self, candidate: Fact, facts: Facts) -> Scope:
        """A scope in which predicates about `candidate` work."""
        scope = Scope(candidate, facts, self._tables, self._zone)
        scope.position = partial(self._position_of, facts)
        return scope

    def evaluation(self, needs: Needs, candidate: Fact, state: str) -> Evaluation:
        """An evaluation of expressions with these needs about `candidate`, its subject being in `state`."""
        payload = dict(candidate.payload) if needs.whole_payload else _only(candidate.payload, needs.fields)
        variables = {name: _VARIABLES[name](candidate) for name in needs.variables if name in _VARIABLES}
        if "state" in needs.variables:
            variables["state"] = state
        if "event" in needs.variables:
            lifecycle = self.plan(candidate.type, candidate.version).record_type.lifecycle
            variables["event"] = candidate.event or (lifecycle.default_event if lifecycle is not None else "")
        return Evaluation(variables, payload, self._predicates)

    def guard(self, facts: Facts) -> Guard:
        """A guard for `fold`: evaluates a record's conditions over what was known when it was sequenced.

        A record of a type that the catalogue no longer has moves nothing.
        """

        def holds(fact: Fact, expression: str, state: str) -> bool:
            known = Horizon(facts, fact.index)
            try:
                plan = self.plan(fact.type, fact.version)
            except KeyError:
                return False
            evaluation = self.evaluation(plan.needs, fact, state)
            return evaluation.verdict(expression, self.scope(fact, known)).value is True

        return holds

    def course(self, subject: str, facts: Facts, *, record_type: str = "", known: int = EVERYTHING) -> Course:
        """What a subject went through, knowing the entries below `known`; `record_type` empty: by its kind's lifecycle.

        Raises `KeyError` where there is no such lifecycle.
        """
        horizon = Horizon(facts, known)
        return fold(self.lifecycle_of(subject, record_type), horizon.about(subject), self.guard(horizon))

    def display_state(
        self, subject: str, facts: Facts, at: datetime, *, record_type: str = "", known: int = EVERYTHING
    ) -> str:
        """The state to show as of `at`: one that time alone brings stands in place of the stored one.

        Conditions see as `payload` the newest value of each field. Raises `KeyError` where there is no lifecycle.
        """
        governor = self.lifecycle_of(subject, record_type)
        horizon = Horizon(facts, known)
        stream = [fact for fact in horizon.about(subject) if fact.type == governor.id]
        state, _ = current(governor, horizon.about(subject), self.guard(horizon))
        if governor.lifecycle is None or not stream:
            return state
        newest: dict[str, Any] = {}
        for fact in stream:
            newest |= {} if fact.blocked is Severity.HARD else fact.payload
        asked = replace(stream[-1], index=known, occurred_at=at, received_at=at, payload=newest, supersedes=None)
        scope = self.scope(asked, horizon)
        plan = self.plan(governor.id, governor.version)
        evaluation = self.evaluation(plan.display_needs, asked, state)
        return display_state(governor.lifecycle, state, lambda when: evaluation.verdict(when, scope).value is True)

    def deadlines(
        self, subject: str, facts: Facts, now: datetime, *, record_type: str, known: int = EVERYTHING
    ) -> tuple[Deadline, ...]:
        """Every clock that the deadlines of a type started on a subject, as of `now`. Raises `KeyError`."""
        horizon = Horizon(facts, known)
        plan = self.plan(record_type)
        stream = horizon.about(subject)
        return deadlines_of(plan.record_type, stream, now, self._tables, self._zone, self.guard(horizon))

    def lifecycle_of(self, subject: str, record_type: str = "") -> RecordType:
        """The type whose lifecycle a subject has, by its kind or the one named. Raises `KeyError` for none."""
        return self._lifecycles[record_type or subject.partition("/")[0]]

    def _position_of(self, facts: Facts, subject: str, record_type: str) -> tuple[str, Fact | None]:
        try:
            governor = self.lifecycle_of(subject, record_type)
        except KeyError:
            raise Undecidable("no_lifecycle") from None
        return current(governor, facts.about(subject), self.guard(facts))

    @property
    def tables_digest(self) -> str:
        """What judgements name as `tables`."""
        return self._tables.digest


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
