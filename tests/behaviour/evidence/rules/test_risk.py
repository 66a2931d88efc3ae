"""LEC and RA1: scores that follow from tables, and what opens an assessment again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.canonical import Json
from evidence.records.facts import Fact, MemoryFacts
from evidence.records.predicates import risk, risk_review
from evidence.records.predicates.scope import Scope, Undecidable
from evidence.records.rules.engine import RuleEngine
from evidence.records.table import Tables
from tests.fakes.desk import START, TICK, Desk, catalogue, failed

TYPE, RISK = "risk_assessment", "risk/R-1"
LIKELIHOOD = ["10", "6", "3", "1", "0.5", "0.2", "0.1"]
EXPOSURE = ["10", "6", "3", "2", "1", "0.5"]
CONSEQUENCE = ["100", "40", "15", "7", "3", "1"]
ASSESSORS = [{"person_ref": "P-1", "role": "safety_officer"}, {"person_ref": "P-2", "role": "worker"}]


def scope() -> Scope:
    fact = Fact(0, "r-0", TYPE, 1, RISK, START, START, "web", "key", {})
    return Scope(fact, MemoryFacts(), catalogue().tables, catalogue().zone)


def assessment(**changes: Any) -> dict[str, Any]:
    payload = {
        "event": "assess", "method": "lec", "method_version": "LEC-1", "likelihood": "6", "exposure": "6",
        "consequence": "3", "score": "108", "level": 3, "colour": "yellow", "assessors": ASSESSORS,
        "assessed_at": "2026-03-02", "review_due": "2027-03-02", "zones": ["Z-1"],
    }  # fmt: skip
    return {**payload, **changes}


def identified() -> Desk:
    desk = Desk()
    desk.record(TYPE, RISK, risk_point="Bay 3", activity="Loading", hazard_source="Toluene vapour")
    return desk


def assessed(**changes: Any) -> dict[str, str]:
    return failed(identified().record(TYPE, RISK, **assessment(**changes)))


def active(**changes: Any) -> Desk:
    desk = identified()
    assert failed(desk.record(TYPE, RISK, **assessment(**changes))) == {}
    assert failed(desk.record(TYPE, RISK, event="approve", approved_by="P-9")) == {}
    assert failed(desk.record(TYPE, RISK, event="activate")) == {}
    return desk


# LEC


@pytest.mark.parametrize(
    ("factors", "score", "level", "band", "colour"),
    [
        (("3", "10", "15"), "450", 1, 1, "red"),
        (("6", "6", "3"), "108", 3, 3, "yellow"),
        (("1", "6", "15"), "90", 3, 3, "yellow"),
        (("1", "1", "15"), "15", 4, 5, "blue"),
        (("1", "0.5", "40"), "20", 4, 4, "blue"),
        (("0.1", "0.5", "1"), "0.05", 4, 5, "blue"),
        (("10", "10", "100"), "10000", 1, 1, "red"),
    ],
)
def test_LEC_score_level_band_and_colour(
    factors: tuple[str, str, str], score: str, level: int, band: int, colour: str
) -> None:
    found = risk.lec_score(scope(), *factors)
    assert found == score
    assert (risk.lec_level(scope(), found), risk.lec_band(scope(), found)) == (level, band)
    assert risk.lec_colour(scope(), found) == colour


@pytest.mark.parametrize(
    ("score", "level", "band"),
    [
        ("320", 1, 1), ("319.999999999", 2, 2), ("160", 2, 2), ("159.999999999", 3, 3), ("70", 3, 3),
        ("69.999999999", 4, 4), ("20", 4, 4), ("19.999999999", 4, 5), ("0", 4, 5),
    ],
)  # fmt: skip
def test_LEC_a_lower_bound_belongs_to_its_band(score: str, level: int, band: int) -> None:
    assert (risk.lec_level(scope(), score), risk.lec_band(scope(), score)) == (level, band)


@given(st.sampled_from(LIKELIHOOD), st.sampled_from(EXPOSURE), st.sampled_from(CONSEQUENCE))
def test_LEC_every_combination_has_a_level_that_falls_with_no_factor(likelihood: str, exposure: str, cons: str) -> None:
    found = risk.lec_score(scope(), likelihood, exposure, cons)
    level = risk.lec_level(scope(), found)
    higher = risk.lec_score(scope(), "10", exposure, cons)
    assert risk.lec_level(scope(), higher) <= level
    assert not set(found) & set("eE+")


@pytest.mark.parametrize("value", ["", "1e3", "NaN", "Infinity", "٣", "1.", "--1", "9" * 50])
def test_LEC_what_is_no_number_is_undecidable(value: str) -> None:
    with pytest.raises(Undecidable):
        risk.lec_score(scope(), value, "1", "1")


@pytest.mark.parametrize(
    ("factor", "value"),
    [("likelihood", "5"), ("exposure", "4"), ("consequence", "50"), ("likelihood", "10.0"), ("exposure", "0")],
)
def test_LEC1_nothing_between_the_values_of_the_scale(factor: str, value: str) -> None:
    assert assessed(**{factor: value})["LEC1"] == "not_in_scale"


def test_LEC1_a_missing_factor_is_named() -> None:
    payload = assessment()
    del payload["exposure"]
    assert failed(identified().record(TYPE, RISK, **payload))["LEC1"] == "factor_missing"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"score": "107"}, "score_not_derived"),
        ({"level": 2}, "level_not_derived"),
        ({"colour": "orange"}, "colour_not_derived"),
    ],
)
def test_LEC2_a_typed_result_is_refused(changes: dict[str, Any], reason: str) -> None:
    assert assessed(**changes) == {"LEC2": reason}


def test_LEC2_trailing_zeroes_do_not_matter() -> None:
    assert assessed(score="108.00") == {}


def test_LEC3_LEC6_the_residual_risk_goes_by_the_same_tables() -> None:
    residual = {
        "residual_likelihood": "1", "residual_exposure": "6", "residual_consequence": "3", "residual_score": "18",
        "residual_level": 4,
    }  # fmt: skip
    assert assessed(**residual) == {}
    assert assessed(**{**residual, "residual_score": "19"}) == {"LEC3": "score_not_derived"}
    higher = {**residual, "residual_likelihood": "10", "residual_score": "180", "residual_level": 2}
    assert assessed(**higher) == {"LEC6": "residual_above"}


def test_LEC4_an_override_goes_up_or_has_reason_and_approver() -> None:
    assert assessed(override_level=2) == {}
    assert assessed(override_level=4) == {"LEC4": "override_not_justified"}
    assert assessed(override_level=3) == {"LEC4": "override_not_justified"}
    assert assessed(override_level=4, override_reason="interlock fitted") == {"LEC4": "override_not_justified"}
    assert assessed(override_level=4, override_reason="interlock fitted", override_approved_by="P-9") == {}


def test_LEC5_the_edition_in_force_is_named() -> None:
    assert assessed(method_version="LEC-2") == {"LEC5": "other_edition"}


@pytest.mark.parametrize("method", ["lsr", "jha", "hazop"])
def test_the_matrix_methods_have_their_own_table(method: str) -> None:
    matrix = {
        "method": method, "method_version": "LS-1", "likelihood": "4", "consequence": "5", "score": "20", "level": 1,
        "colour": "red",
    }  # fmt: skip
    assert assessed(**matrix) == {}
    assert assessed(**{**matrix, "likelihood": "6", "score": "30"}) == {"LEC1": "not_in_scale"}


# who and how long


@pytest.mark.parametrize(
    ("assessors", "reason"),
    [
        (ASSESSORS[:1], "too_few_assessors"),
        ([ASSESSORS[1], ASSESSORS[1]], "too_few_assessors"),
        ([ASSESSORS[0], {"person_ref": "P-3", "role": "manager"}], "no_worker"),
    ],
)
def test_RA2_two_assess_one_of_them_a_worker(assessors: list[dict[str, str]], reason: str) -> None:
    assert assessed(assessors=assessors) == {"RA2": reason}


def test_RA3_the_review_comes_within_twelve_months() -> None:
    assert assessed(review_due="2027-03-02") == {}
    assert assessed(review_due="2027-03-03") == {"RA3": "interval_too_long"}
    assert assessed(assessed_at="2024-02-29", review_due="2025-02-28") == {}
    assert assessed(assessed_at="2024-02-29", review_due="2025-03-01") == {"RA3": "interval_too_long"}


def test_RA3_a_site_sets_its_own_interval() -> None:
    (shipped,) = [table for table in catalogue().tables.editions() if table.id == "management-limits"]
    months = {**shipped.values["longest_months"], "risk_assessment": 6}  # type: ignore[dict-item]
    own = replace(shipped, version=2, values={**shipped.values, "longest_months": months})
    engine = RuleEngine(replace(catalogue(), tables=Tables([shipped, own])))
    for due, reason in (("2026-09-02", ""), ("2026-09-03", "interval_too_long")):
        payload = {"event": "assess", "assessed_at": "2026-03-02", "review_due": due}
        fact = Fact(0, "r-0", "risk_assessment", 1, "risk/R-1", START, START, "web", "key", payload)
        result = engine.judge(fact, MemoryFacts()).result("RA3")
        assert result is not None
        assert result.reason == reason


def test_RA5_protective_equipment_alone_needs_a_reason() -> None:
    ppe = [{"control_level": "ppe", "text": "half mask"}]
    assert assessed(added_controls=ppe) == {"RA5": "ppe_only"}
    assert assessed(added_controls=[*ppe, {"control_level": "engineering", "text": "vapour return"}]) == {}


# RA1


def incident(desk: Desk, **changes: Any) -> dict[str, str]:
    report = {"event_type": "leak", "location": "Bay 3", "course": "hose burst", "risk_refs": ["R-1"]}
    return failed(desk.record("incident", "incident/I-1", **{**report, **changes}))


def test_RA1_an_incident_on_the_risk_point_opens_a_review() -> None:
    desk = active().wait(days=10)
    assert desk.shown(TYPE, RISK, desk.clock) == "active"
    assert incident(desk) == {"RA1": "incident_since_assessment"}
    assert desk.shown(TYPE, RISK, desk.clock) == "review_due"
    rule = next(item for item in catalogue().types["incident"].rules if item.id == "RA1")
    assert rule.effect == "open_review"


def test_RA1_an_incident_elsewhere_or_at_the_assessment_itself_opens_none() -> None:
    desk = active()
    incident(desk, risk_refs=["R-2"])
    assert desk.shown(TYPE, RISK, desk.clock + timedelta(days=1)) == "active"
    same = active()
    assert incident(same) == {}
    assert same.shown(TYPE, RISK, same.clock) == "active"
    later = active().wait(microseconds=1)
    assert incident(later) == {"RA1": "incident_since_assessment"}


def test_RA1_a_risk_point_without_assessment_says_so() -> None:
    assert incident(Desk()) == {"RA1": "never_assessed"}


def test_RA1_an_assessment_after_the_incident_settles_it() -> None:
    desk = active().wait(days=10)
    incident(desk)
    desk.wait(days=1)
    assert failed(desk.record(TYPE, RISK, **assessment(event="reassess", trigger="incident"))) == {}
    desk.record(TYPE, RISK, event="approve", approved_by="P-9")
    desk.record(TYPE, RISK, event="activate")
    assert desk.shown(TYPE, RISK, desk.clock) == "active"


def test_RA1_a_review_is_due_from_the_day_after() -> None:
    desk = active(review_due="2026-09-30")
    last = START.replace(month=9, day=30, hour=16) - TICK  # the last instant of the day at the site
    assert desk.shown(TYPE, RISK, last) == "active"
    assert desk.shown(TYPE, RISK, last + TICK) == "review_due"


class Violations:
    """Violations in zone Z-1, as facts: detected, then decided."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.index = desk, 100

    def add(self, number: int, detected: datetime, *decisions: str, place: str = "zone/Z-1") -> None:
        payload: dict[str, Json] = {"zone_id": "Z-1"} if place.startswith("zone/") else {"risk_ref": "R-1"}
        self._fact(number, detected, payload, [place])
        for decision in decisions:
            self._fact(number, detected + timedelta(hours=1), {"event": decision}, [])

    def confirming(self, number: int, at: datetime) -> Scope:
        """A scope in which the violation is being confirmed."""
        fact = self._made(number, at, {"event": "confirm"})
        return Scope(fact, self.desk.facts, catalogue().tables, catalogue().zone)

    def _fact(self, number: int, at: datetime, payload: dict[str, Json], links: list[str]) -> None:
        self.desk.facts.add(self._made(number, at, payload), links)

    def _made(self, number: int, at: datetime, payload: dict[str, Json]) -> Fact:
        self.index += 1
        name = f"violation/V-{number}"
        return Fact(self.index, f"v-{self.index}", "ai_violation", 2, name, at, at, "detector", "camera", payload)


@pytest.mark.parametrize("place", ["zone/Z-1", "risk/R-1"])
def test_RA1_three_confirmed_violations_in_thirty_days_open_a_review(place: str) -> None:
    desk = active()
    violations = Violations(desk)
    first = START + timedelta(days=5)
    for number in range(3):
        violations.add(number, first + timedelta(days=number), "confirm", place=place)
        shown = desk.shown(TYPE, RISK, first + timedelta(days=number))
        assert shown == ("review_due" if number == 2 else "active")


def test_RA1_the_window_is_half_open() -> None:
    desk = active()
    violations = Violations(desk)
    first = START + timedelta(days=5)
    for number in range(3):
        violations.add(number, first + timedelta(days=number), "confirm")
    assert desk.shown(TYPE, RISK, first + timedelta(days=30) - TICK) == "review_due"
    assert desk.shown(TYPE, RISK, first + timedelta(days=30)) == "active"


@pytest.mark.parametrize(
    "decisions",
    [
        (),
        ("dismiss",),
        ("confirm", "overturn"),
        ("inconclusive",),
        ("confirm", "second_review"),
        ("uphold", "overturn"),
    ],
)
def test_RA1_counts_only_violations_that_stand(decisions: tuple[str, ...]) -> None:
    desk = active()
    violations = Violations(desk)
    for number in range(9):
        violations.add(number, START + timedelta(days=1, hours=number), *decisions)
    assert desk.shown(TYPE, RISK, START + timedelta(days=2)) == "active"


def test_RA1_violations_before_the_assessment_were_known_to_it() -> None:
    desk = active()
    violations = Violations(desk)
    for number in range(3):
        violations.add(number, START - timedelta(days=number), "confirm")
    assert desk.shown(TYPE, RISK, START + timedelta(days=1)) == "active"


def test_RA1_the_violation_that_completes_the_cluster_is_marked() -> None:
    desk = active()
    violations = Violations(desk)
    now = START + timedelta(days=2)
    violations.add(0, START + timedelta(days=1), "confirm")
    violations.add(1, START + timedelta(days=1))
    violations.add(2, START + timedelta(days=1))
    assert risk_review.no_violation_cluster(violations.confirming(1, now), now)
    violations.add(3, START + timedelta(days=1), "confirm")
    scope = violations.confirming(1, now)
    assert not risk_review.no_violation_cluster(scope, now)
    assert scope.reasons == ["violation_cluster"]
    rule = next(item for item in catalogue().types["ai_violation"].rules if item.id == "RA1")
    assert (rule.on, rule.effect) == (("confirm", "uphold"), "open_review")
