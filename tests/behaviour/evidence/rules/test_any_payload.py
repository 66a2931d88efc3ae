"""No payload, however wrong, makes the rules of any shipped type raise, print, or say something that has no words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.canonical import dumps
from evidence.records.catalogue import load_catalogue
from evidence.records.facts import Fact, MemoryFacts
from evidence.records.judgement import Outcome, parse_judgement
from evidence.records.predicates import reasons
from evidence.records.rules.engine import RuleEngine
from evidence.records.rules.marks import MARKS
from tests.fakes.rules import NOON, fact

CATALOGUE = load_catalogue()
ENGINE = RuleEngine(CATALOGUE)
PLAUSIBLE = st.sampled_from(
    ["", "pass", "S05", "2026-03-04", "2026-02-30", "2026-03-04T00:00:00Z", "9999-12-31", "0001-01-01", "1.5", "-0",
     "1e9", "person/P-1", "P-1", "general", "fail", "\u202e", "a\0b", "é" * 50]
)  # fmt: skip
LEAVES = st.one_of(PLAUSIBLE, st.integers(-(2**53), 2**53), st.booleans(), st.none())
NAMES = st.sampled_from(["value", "unit", "role", "rule", "by", "reason", "item", "ok", "person_ref", "sha256"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=8
)


@st.composite
def record(draw: st.DrawFn, type_id: str, index: int) -> Fact:
    kind = CATALOGUE.types[type_id]
    names = draw(st.lists(st.sampled_from(sorted(set(kind.fields) - {"event"})), unique=True, max_size=12))
    payload: dict[str, Any] = {name: draw(VALUES) for name in names}
    events = list(kind.lifecycle.events) if kind.lifecycle is not None else []
    event = draw(st.sampled_from(["", *events, "nothing"]))
    subject = "matter/M-1" if kind.subject_kind == "*" else f"{kind.subject_kind}/X-1"
    return fact(
        index,
        event,
        type=type_id,
        version=kind.version,
        subject=subject,
        payload=payload,
        role=draw(st.sampled_from(["worker", "site_head", "detector", ""])),
        channel=draw(st.sampled_from(["web", "mobile_offline", "detector", "import"])),
    )


@pytest.mark.parametrize("type_id", sorted(CATALOGUE.types))
@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_payload_is_judged(type_id: str, capfd: pytest.CaptureFixture[str], data: st.DataObject) -> None:
    known = MemoryFacts()
    for index in range(4):
        item = data.draw(record(type_id, index))
        judgement = ENGINE.judge(item, known)
        assert parse_judgement(judgement.to_value()) == judgement
        assert dumps(ENGINE.judge(item, known).to_value()) == dumps(judgement.to_value())
        said = {result.reason for result in judgement.results if result.outcome is not Outcome.PASS}
        assert said <= set(reasons())
        assert set(judgement.marks) <= set(MARKS)
        links = [link.subject for link in CATALOGUE.types[type_id].links(item.payload)]
        known.add(replace(item, blocked=judgement.blocked(), step=judgement.step), links)
    ENGINE.deadlines(item.subject, known, NOON, record_type=type_id)
    if CATALOGUE.types[type_id].lifecycle is not None:
        ENGINE.display_state(item.subject, known, NOON, record_type=type_id)
    assert capfd.readouterr() == ("", "")
