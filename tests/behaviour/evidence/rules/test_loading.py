"""LO1 and LO4: the order of a loading, what a break makes necessary again, and emergencies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from evidence.records.judgement import Outcome, Severity
from tests.fakes.loading_site import HEADER, OPERATION, PHOTO, SOUND, Site, catalogue, failed, offline, photo


@pytest.fixture
def site() -> Site:
    site = Site()
    assert failed(site.book()) == {}
    return site


def test_a_clean_loading_breaks_no_rule_and_ends_completed(site: Site) -> None:
    judgements = {code: site.step(code) for code in SOUND}
    assert {code: failed(item) for code, item in judgements.items()} == {code: {} for code in SOUND}
    assert all(item.step is not None and item.step.accepted for item in judgements.values())
    assert site.state() == "completed"


def test_a_clean_loading_goes_through_its_states(site: Site) -> None:
    states = [site.state()] + [site.steps(code, code) and site.state() for code in SOUND]
    walked = [state for position, state in enumerate(states) if not position or states[position - 1] != state]
    assert walked == ["booked", "checking", "authorised", "transferring", "stopped", "closing", "completed"]


# LO1: order


def test_LO1_valve_before_earth_is_stored_marked_and_holds(site: Site) -> None:
    site.steps("S01", "S06")
    judgement = site.step("S13")
    assert failed(judgement)["LO1"] == "step_missing"
    assert judgement.blocked() is Severity.HARD
    assert site.state() == "held"


def test_LO1_a_connection_before_the_earth_is_out_of_order(site: Site) -> None:
    site.steps("S01", "S06")
    site.step("S08")
    assert failed(site.step("S09"))["LO1"] == "step_missing"


def test_LO1_a_hard_precondition_has_no_override(site: Site) -> None:
    site.steps("S01", "S06")
    override = [{"rule": "LO1", "by": "M-1", "reason": "in a hurry", "photo": PHOTO}]
    judgement = site.step("S09", override=override, attachments=[photo()])
    result = judgement.result("LO1")
    assert result is not None
    assert result.outcome is Outcome.FAIL
    assert "override_refused" in judgement.marks
    assert site.state() == "held"


def test_LO1_a_repeated_step_counts_after_a_failure(site: Site) -> None:
    site.steps("S01", "S06")
    assert site.step("S07", result="fail", interlock_signal="tripped").blocked() is None
    assert site.state() == "held", "a hard step that fails holds the operation"
    assert failed(site.event("resume", after=5, cause="clamp loose", measures="clamp set again")) == {}
    assert failed(site.step("S07")) == {}
    site.steps("S08", "S12")
    assert site.state() == "authorised"


def test_LO1_the_latest_record_of_a_step_counts(site: Site) -> None:
    site.steps("S01", "S11")
    site.step("S10", result="fail")
    site.event("resume", after=5, cause="leak", measures="gasket replaced")
    assert failed(site.step("S12"))["LO1"] == "step_not_passed"


def test_LO1_a_held_operation_takes_no_further_step_until_it_is_resumed(site: Site) -> None:
    site.steps("S01", "S12")
    site.event("hold", cause="thunderstorm")
    assert failed(site.step("S13")) == {"LO1": "held"}


def test_LO1_making_safe_is_permitted_while_held(site: Site) -> None:
    site.steps("S01", "S14")
    site.event("hold", cause="thunderstorm")
    assert [failed(site.step(code)) for code in ("S15", "S17", "S18")] == [{}, {}, {}]
    assert site.state() == "held"


def test_LO1_nothing_follows_a_completed_operation(site: Site) -> None:
    site.steps("S01", "S22")
    assert failed(site.step("S13"))["LO1"] != ""
    assert site.state() == "completed"


@pytest.mark.parametrize(("minutes", "reason"), [(15, None), (15 + 1 / 60, "step_stale")])
def test_LO1_the_authorisation_is_15_minutes_old_at_most(site: Site, minutes: float, reason: str | None) -> None:
    site.steps("S01", "S12")
    assert failed(site.step("S13", after=minutes)).get("LO1") == reason


def test_LO1_a_disconnected_hose_needs_a_new_connection_and_leak_test(site: Site) -> None:
    site.steps("S01", "S11")
    site.step("S17", after=1)
    assert failed(site.step("S12"))["LO1"] == "step_not_passed"


def test_LO1_a_precondition_that_happened_later_does_not_count(site: Site) -> None:
    site.steps("S01", "S07")
    site.steps("S08", "S08")
    site.clock -= timedelta(minutes=12)
    assert failed(site.step("S09", after=0))["LO1"] == "precondition_later"


def test_LO1_soft_preconditions_can_be_overridden(site: Site) -> None:
    site.steps("S01", "S02")
    assert failed(site.step("S04"))["LO1.soft"] == "step_missing"
    override = [{"rule": "LO1.soft", "by": "M-1", "reason": "briefed at the other gate", "photo": PHOTO}]
    judgement = site.step("S04", override=override)
    result = judgement.result("LO1.soft")
    assert result is not None
    assert result.outcome is Outcome.OVERRIDDEN
    assert judgement.blocked() is None
    assert failed(site.step("S05")) == {}


def test_LO1_only_named_steps_can_be_not_applicable(site: Site) -> None:
    site.steps("S01", "S07")
    assert failed(site.step("S08", result="na")) == {"LO1.na": "na_reason_missing"}
    site.event("resume", after=1, cause="reason missing", measures="reason given")
    assert failed(site.step("S08", result="na", na_reason="cargo without static risk")) == {}
    assert failed(site.step("S09", result="na", na_reason="no hose")) == {"LO1.na": "na_not_allowed"}


@pytest.mark.parametrize(("minutes", "reason"), [(30, None), (30 + 1 / 60, "held_long")])
def test_LO4_after_30_minutes_of_hold_the_checks_are_repeated(site: Site, minutes: float, reason: str | None) -> None:
    site.steps("S01", "S11")
    site.event("hold", cause="storm nearby")
    site.event("resume", after=minutes, cause="storm over", measures="area checked")
    assert failed(site.step("S12", after=1)).get("LO4") == reason


def test_LO4_after_the_repetition_work_goes_on(site: Site) -> None:
    site.steps("S01", "S13")
    site.event("hold", cause="storm")
    site.event("resume", after=60, cause="storm over", measures="area checked")
    assert failed(site.step("S13"))["LO4"] == "held_long"
    site.event("resume", after=1, cause="order restored", measures="checks first")
    for code in ("S05", "S07", "S10", "S11", "S12", "S13"):
        assert failed(site.step(code)) == {}, code
    assert site.state() == "transferring"


def test_LO4_a_transfer_does_not_go_on_unchecked(site: Site) -> None:
    site.steps("S01", "S13")
    site.event("hold", cause="storm")
    site.event("resume", after=45, cause="storm over", measures="none")
    assert failed(site.step("S14", after=1))["LO4"] == "held_long"


@pytest.mark.parametrize(
    ("why", "reason"), [("shift_change", "shift_changed"), ("operator_change", "operator_changed")]
)
def test_LO4_a_handover_makes_the_checks_necessary_again(site: Site, why: str, reason: str) -> None:
    site.steps("S01", "S11")
    handover: dict[str, Any] = {"handover_reason": why, "operator_ref": "W-2", "loading_manager_ref": "M-1"}
    assert failed(site.event("handover", **handover)) == {}
    assert failed(site.step("S12", operator_ref="W-2", performed_by="W-2"))["LO4"] == reason


def test_LO4_after_the_transfer_nothing_has_to_be_repeated(site: Site) -> None:
    site.steps("S01", "S17")
    site.event("hold", cause="storm")
    site.event("resume", after=60, cause="storm over", measures="none")
    assert [failed(item) for item in site.steps("S18", "S22")] == [{}] * 5
    assert site.state() == "completed"


def test_LO4_another_operator_without_a_handover_is_noticed(site: Site) -> None:
    site.steps("S01", "S12")
    assert failed(site.step("S13", operator_ref="W-2"))["LO4"] == "operator_changed"


@pytest.mark.parametrize(
    ("code", "state"), [("X01", "emergency_stopped"), ("X02", "aborted"), ("X03", "emergency_stopped")]
)
def test_X01_an_emergency_is_never_refused(site: Site, code: str, state: str) -> None:
    site.steps("S01", "S13")
    judgement = site.step(code, interlock_signal="tripped", performed_by="D-1", incident_ref="IN-1")
    assert failed(judgement) == {}
    assert site.state() == state


def test_X01_stands_from_positioning_on_and_gives_its_cause(site: Site) -> None:
    site.steps("S01", "S03")
    assert failed(site.step("X01")) == {"X01": "not_positioned"}
    other = Site()
    other.book()
    other.steps("S01", "S04")
    assert failed(other.step("X01", cause=None)) == {"X01": "cause_missing"}


def test_X01_the_way_out_leads_over_an_incident(site: Site) -> None:
    site.steps("S01", "S13")
    site.step("X01")
    assert failed(site.event("abort", cause="done")) == {"LC1": "not_in_this_state"}
    assert failed(site.event("link_incident", incident_ref="IN-1")) == {}
    assert failed(site.event("abort", cause="done")) == {}
    assert site.state() == "aborted"


def test_X01_a_fault_after_an_emergency_stop_does_not_turn_it_into_a_hold(site: Site) -> None:
    site.steps("S01", "S13")
    site.step("X01")
    assert failed(site.step("S17", performed_by="D-1"))["LO8"] == "driver_signs"
    assert site.state() == "emergency_stopped"


def test_X01_whose_result_is_a_failure_stops_all_the_same(site: Site) -> None:
    site.steps("S01", "S13")
    assert failed(site.step("X01", result="fail")) == {}
    assert site.state() == "emergency_stopped"
    assert failed(site.step("S14"))["LO1"] == "step_not_passed", "the authorisation ended with it"


def test_X01_recorded_offline_and_late_stops_all_the_same(site: Site) -> None:
    site.steps("S01", "S13")
    judgement = site.step("X01", claims=offline(site, timedelta(hours=2), 41))
    assert failed(judgement) == {"LO5.emergency": "late_sync"}
    assert site.state() == "emergency_stopped"


def test_X03_a_spill_without_an_incident_opens_one(site: Site) -> None:
    site.steps("S01", "S13")
    assert failed(site.step("X03")) == {"X03": "incident_not_linked"}
    rule = next(item for item in catalogue().types["loading_step"].rules if item.id == "X03")
    assert rule.effect == "open_incident"


def test_only_the_loading_manager_resumes(site: Site) -> None:
    site.steps("S01", "S05")
    site.event("hold", cause="storm")
    payload = {"event": "resume", "site": "SH-1", "cause": "over", "measures": "none"}
    assert failed(site.record("loading_operation", OPERATION, payload, role="operator")) == {"LC2": "wrong_role"}
    assert site.state() == "held"


def test_steps_without_a_booking_are_judged_by_what_they_say_themselves() -> None:
    site = Site()
    assert failed(site.step("S01")) == {}
    # The header's papers are missing, and that is what is said.
    assert failed(site.step("S02", escort_ref="E-1")) == {"S02": "paper_missing"}


def test_the_header_is_a_record_of_its_own() -> None:
    without = {key: value for key, value in HEADER.items() if key != "vehicle_ref"}
    with pytest.raises(Exception, match="vehicle_ref"):
        Site().record("loading_operation", OPERATION, without)
