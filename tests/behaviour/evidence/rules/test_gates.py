"""Gates of expressions: a rule that is passed over unseen is one whose condition is false."""

from __future__ import annotations

from itertools import product

import pytest

from evidence.records.rules.cel import Evaluation
from evidence.records.rules.gate import gate_of
from tests.fakes.loading_site import Site, catalogue, engine


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("payload.a == 'x'", {"x"}),
        ('payload.a == "x" && nothing()', {"x"}),
        ("payload.a in ['x', 'y'] && (payload.b == 'z' || payload.c)", {"x", "y"}),
        ("payload.a in ['x']", {"x"}),
    ],
)
def test_a_leading_condition_is_a_gate(source: str, values: set[str]) -> None:
    gate = gate_of(source)
    assert gate is not None
    assert (gate.field, set(gate.values)) == ("a", values)
    assert gate.shut({"a": "other"})
    assert not any(gate.shut({"a": value}) for value in values)
    assert not any(gate.shut(payload) for payload in ({}, {"a": None}, {"a": 1}, {"a": ["x"]}))


@pytest.mark.parametrize(
    "source",
    [
        "payload.a == 'x' || payload.b == 'y'",
        "payload.a == 'x' && payload.b == 'y' || payload.c == 'z'",
        "payload.a == 'x' ? true : payload.b == 'y'",
        "payload.a == 'x' == false",
        "payload.a != 'x'",
        "payload.a.b == 'x'",
        "payload.a == payload.b",
        "payload.a == 'it\\'s'",
        "payload.a == r'x'",
        "payload.a in [payload.b, 'x']",
        "payload.a in ['x', payload.b]",
        "payload.a in ['x', 'y'] == false",
        "payload.a in ['x' + 'y']",
        "payload.a in []",
        "payload.a in payload.b",
        "!(payload.a == 'x')",
        "(payload.a == 'x')",
        "has(payload.a)",
        "a",
    ],
)
def test_anything_else_is_none(source: str) -> None:
    assert gate_of(source) is None


def test_a_shut_gate_is_a_false_condition_of_every_shipped_rule() -> None:
    conditions = {
        (gate, rule.applies)
        for record_type in catalogue().types.values()
        for rule in record_type.rules
        if (gate := gate_of(rule.applies)) is not None
    }
    assert conditions
    site = Site()
    scope = engine().scope(site.known("sds", "product/P", {}), site.facts)
    for (gate, source), value in product(conditions, ("", "other", "S99", "S1")):
        evaluation = Evaluation({"channel": "mobile"}, {gate.field: value}, engine().plan("loading_step").predicates)
        assert gate.shut({gate.field: value}), source
        assert evaluation.verdict(source, scope).value is False, source


def test_the_rules_that_meet_a_step_leave_out_only_those_of_other_steps() -> None:
    plan = engine().plan("loading_step")
    everything = {rule.id for rule in plan.rules("")}
    met = {rule.id for rule in plan.rules_meeting("", {"step_code": "S12"})}
    assert {"S12", "S12.double", "S05.permit", "LO1", "LO7", "CA4", "EVIDENCE"} <= met
    assert {"S01", "S13", "X03"} <= everything - met
    assert {rule.id for rule in plan.rules_meeting("", {"step_code": "S99"})} < met
    assert {rule.id for rule in plan.rules_meeting("", {})} == everything
    assert {rule.id for rule in plan.rules_meeting("", {"step_code": 12})} == everything
