"""Audits: independence, samples that repeat, findings that are settled before the audit is closed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import Malformed
from evidence.records.sampling import default_size, draw_sample, sample_seed, share_among_strata
from tests.fakes.actions import DONE, OPEN, VERIFY, act
from tests.fakes.desk import Desk, failed

AUDIT: dict[str, Any] = {
    "kind": "internal", "objectives": "conformity", "scope_text": "tank farm", "criteria": ["ISO 45001:2018"],
    "team": [{"person_ref": "P-1", "role": "lead", "independent": True}], "process_owners": ["P-5"],
    "planned_from": "2026-03-09", "planned_to": "2026-03-11",
}  # fmt: skip
IDS = [f"hazard/H-{number}" for number in range(20)]
BLOCK = "5c" * 32


def sample(**changes: Any) -> dict[str, Any]:
    drawn = draw_sample(IDS, 5, sample_seed(bytes.fromhex(BLOCK), "AU-1"))
    payload = {
        "record_type": "hazard_report", "population_size": 20, "population": IDS, "sample_size": 5,
        "method": "random", "block_hash": BLOCK, "selected": list(drawn), "high_severity_included": True,
    }  # fmt: skip
    return {**payload, **changes}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"process_owners": ["P-1"]}, "auditor_is_owner"),
        ({"team": [{"person_ref": "P-1", "role": "lead", "independent": False}]}, "not_declared"),
    ],
)
def test_AU1_no_auditor_owns_what_is_audited(changes: dict[str, Any], reason: str | None) -> None:
    assert failed(Desk().record("audit", "audit/AU-1", **{**AUDIT, **changes})).get("AU1") == reason


def test_AU2_the_sample_is_frozen_before_evidence_is_shown() -> None:
    desk = Desk()
    desk.record("audit", "audit/AU-1", **AUDIT)
    assert failed(desk.record("audit", "audit/AU-1", event="begin")) == {"AU2": "no_sample"}
    assert failed(desk.record("audit_sample", "audit/AU-1", **sample())) == {}
    assert desk.state("audit/AU-1") == "sample_frozen"
    assert failed(desk.record("audit", "audit/AU-1", event="begin")) == {}


FINDING: dict[str, Any] = {
    "audit_ref": "AU-1", "grade": "nc_minor", "requirement_ref": "9.1.1", "requirement_text": "in calibration",
    "evidence_refs": ["equipment/PG-1"], "statement": "gauge overdue", "follow_up_on": "2026-06-01",
}  # fmt: skip


@pytest.mark.parametrize(
    ("grade", "settled_by"),
    [("conformity", ""), ("observation", ""), ("opportunity_for_improvement", ""), ("nc_minor", "plan"),
     ("nc_major", "closing")],
)  # fmt: skip
def test_AU3_closed_only_when_its_findings_are_settled(grade: str, settled_by: str) -> None:
    desk = Desk()
    desk.record("audit", "audit/AU-1", **AUDIT)
    desk.record("audit_sample", "audit/AU-1", **sample())
    desk.record("audit", "audit/AU-1", event="begin")
    report = {
        "event": "report", "conclusions": "sound", "sampling_statement": "a sample", "unresolved_opinions": "none",
        "follow_up_on": "2026-06-01",
    }  # fmt: skip
    assert failed(desk.record("audit", "audit/AU-1", **report)) == {}
    finding = "finding/F-1"
    desk.record("audit_finding", finding, **{**FINDING, "grade": grade})

    def closing() -> bool:
        return failed(desk.record("audit", "audit/AU-1", event="close")) == {}

    assert closing() is (settled_by == "")
    if settled_by:
        desk.record("audit_finding", finding, event="answer", response_text="recalibrated", actions=["A-1"])
        desk.record("audit_finding", finding, event="accept_plan", follow_up_on="2026-06-01")
        assert closing() is (settled_by == "plan")
    if settled_by == "closing":
        assert failed(desk.record("audit_finding", finding, event="close")) == {"AF2": "action_open"}
        act(desk, OPEN, DONE, VERIFY)
        assert failed(desk.record("audit_finding", finding, event="close")) == {}
        assert closing()


@pytest.mark.parametrize("left_out", ["requirement_text", "evidence_refs"])
def test_AF1_a_nonconformity_has_three_parts(left_out: str) -> None:
    payload = {name: value for name, value in FINDING.items() if name != left_out}
    assert failed(Desk().record("audit_finding", "finding/F-1", **payload)) == {"AF1": "statement_incomplete"}
    assert failed(Desk().record("audit_finding", "finding/F-1", **{**payload, "grade": "observation"})) == {}


@pytest.mark.parametrize(
    ("changes", "rule", "reason"),
    [
        ({"sample_size": 4, "selected": IDS[:4]}, "AS1", "sample_too_small"),
        ({"selected": IDS[:4]}, "AS2", "size_differs"),
        ({"selected": [*IDS[:4], IDS[0]]}, "AS2", "chosen_twice"),
        ({"judgement_picks": [{"record": "hazard/H-99", "reason": " "}]}, "AS2", "pick_without_reason"),
        ({"selected": IDS[:5]}, "AS3", "other_draw"),
        ({"block_hash": "5d" * 32}, "AS3", "other_draw"),
        ({"population_size": 21}, "AS3", "population_differs"),
        ({"high_severity_included": False}, "AS4", "high_severity_left_out"),
    ],
)
def test_AS1_to_AS4_a_sample_is_large_enough_consistent_and_repeats(
    changes: dict[str, Any], rule: str, reason: str
) -> None:
    assert failed(Desk().record("audit_sample", "audit/AU-1", **sample(**changes)))[rule] == reason


def test_AS3_another_audit_draws_another_sample_from_the_same_block() -> None:
    judgement = Desk().record("audit_sample", "audit/AU-2", **sample())
    assert failed(judgement) == {"AS3": "other_draw"}


def test_AS1_a_smaller_sample_needs_a_reason() -> None:
    few = sample(method="judgement", sample_size=2, selected=IDS[:2])
    assert failed(Desk().record("audit_sample", "audit/AU-1", **few)) == {"AS1": "sample_too_small"}
    assert failed(Desk().record("audit_sample", "audit/AU-1", **few, size_reason="two events in all")) == {}


@pytest.mark.parametrize(
    ("population", "size"), [(0, 0), (1, 1), (3, 3), (9, 3), (10, 4), (16, 4), (17, 5), (10_000, 100), (10_001, 101)]
)
def test_default_sample_size(population: int, size: int) -> None:
    assert default_size(population) == size


@given(st.sets(st.text(max_size=8), max_size=40), st.binary(min_size=32, max_size=32), st.data())
def test_a_draw_repeats_in_any_order_and_a_longer_one_contains_it(ids: set[str], seed: bytes, data: Any) -> None:
    size = data.draw(st.integers(0, len(ids)))
    drawn = draw_sample(ids, size, seed)
    assert len(set(drawn)) == size
    assert set(drawn) <= ids
    assert draw_sample(sorted(ids, reverse=True), size, seed) == drawn
    assert set(drawn) <= set(draw_sample(ids, len(ids), seed))


def test_every_item_is_drawn_about_as_often() -> None:
    counts = dict.fromkeys(IDS, 0)
    for number in range(2000):
        for name in draw_sample(IDS, 5, sample_seed(number.to_bytes(32, "big"), "AU-1")):
            counts[name] += 1
    # 500 expected of each; five standard deviations are 97.
    assert all(400 < count < 600 for count in counts.values())


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50), max_size=6), st.data())
def test_shares_of_strata_are_whole_and_proportional(sizes: dict[str, int], data: Any) -> None:
    n = data.draw(st.integers(0, sum(sizes.values())))
    shares = share_among_strata(sizes, n)
    assert sum(shares.values()) == n
    assert all(0 <= shares[name] <= size for name, size in sizes.items())
    filled = [name for name, size in sizes.items() if size]
    assert n < len(filled) or all(shares[name] for name in filled)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: draw_sample(["a", "a"], 1, b"s" * 32), lambda: draw_sample(["a"], 2, b"s" * 32),
        lambda: draw_sample(["a"], -1, b"s" * 32), lambda: draw_sample(["a"], 1, b"s" * 31),
        lambda: draw_sample(["\ud800"], 1, b"s" * 32), lambda: sample_seed(b"s" * 31, "AU-1"),
        lambda: sample_seed(b"s" * 32, ""), lambda: default_size(-1), lambda: share_among_strata({"a": 1}, 2),
        lambda: share_among_strata({"a": -1, "b": 2}, 1),
    ],
)  # fmt: skip
def test_a_draw_that_cannot_be_is_refused(draw: Any) -> None:
    with pytest.raises(Malformed):
        draw()
