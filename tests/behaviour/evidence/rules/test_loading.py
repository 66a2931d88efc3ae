"""LO1–LO10: the order of a loading, who may do what in it, and when its record is whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from evidence.records.judgement import Outcome, Severity
from evidence.records.loading import completeness
from evidence.records.loading.graph import LIMITS, STEPS, StepGraph, step_graph
from tests.fakes.loading_site import HEADER, OPERATION, PHOTO, SOUND, START, Site, catalogue, failed, photo


def graph() -> StepGraph:
    tables, day = catalogue().tables, START.date()
    return step_graph(tables.at(STEPS, day), tables.at(LIMITS, day))


@pytest.fixture
def site() -> Site:
    site = Site()
    assert failed(site.book()) == {}
    return site


def offline(site: Site, delay: timedelta, counter: int | None) -> dict[str, Any]:
    """Claims of a record made offline now-ish and synchronised `delay` later."""
    return {"channel": "mobile_offline", "counter": counter, "received": site.clock + delay}


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


# LO2: certificates at the step's time


def test_LO2_an_expired_certificate_is_caught_at_the_step(site: Site) -> None:
    other = Site()
    other.certify("D-1", "hazmat_driver", valid_to="2026-09-06")
    other.book()
    other.steps("S01", "S01")
    assert failed(other.step("S02")) == {"LO2": "expired"}
    assert other.state() == "held"
    assert failed(site.steps("S01", "S02")[-1]) == {}


def test_LO2_a_certificate_counts_to_the_last_minute_of_its_last_day_at_the_site() -> None:
    for minute, reason in ((0, None), (1, "expired")):
        site = Site()
        site.known("credential", "credential/M-1-loading_manager", {
            "event": "renew", "valid_from": "2026-01-01", "valid_to": "2026-09-07",
        })  # fmt: skip
        site.book()
        site.steps("S01", "S11")
        site.clock = START.replace(hour=15, minute=59) + timedelta(minutes=minute)  # 23:59 or 00:00 at the site
        assert failed(site.step("S12", after=0)).get("LO2") == reason


def test_LO2_an_overdue_gauge_is_caught_at_the_step() -> None:
    site = Site()
    site.known("calibration_record", "equipment/EM-1", {
        "conformity": "pass", "performed_at": "2026-02-01", "valid_until": "2026-08-01", "interval_months": 6,
        "metrology_class": "mandatory_verification",
    })  # fmt: skip
    site.book()
    site.steps("S01", "S06")
    judgement = site.step("S07")
    assert failed(judgement) == {"LO2": "calibration_expired"}
    assert site.state() == "held"


def test_LO2_what_is_learned_later_does_not_change_the_judgement(site: Site) -> None:
    site.steps("S01", "S06")
    assert failed(site.step("S07")) == {}
    site.calibrate("EM-1", valid_until="2026-08-01")
    frozen = [fact for fact in site.facts.about(OPERATION) if fact.payload.get("step_code") == "S07"]
    assert frozen[-1].blocked is None
    assert failed(site.step("S07"))["LO2"] == "calibration_expired", "only what comes after knows it"


def test_LO2_an_instrument_has_to_be_named(site: Site) -> None:
    site.steps("S01", "S06")
    assert failed(site.step("S07", instrument_ref=None)) == {"LO2": "instrument_not_named"}


def test_LO2_its_inputs_are_the_certificates(site: Site) -> None:
    site.steps("S01", "S06")
    result = site.step("S07").result("LO2")
    assert result is not None
    assert [fact.index for fact in site.facts.about("equipment/EM-1")] == list(result.inputs)


# LO3: overrides


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"by": "W-1"}, "not_loading_manager"),
        ({"photo": "cd" * 32}, "override_photo_missing"),
        ({"reason": "  "}, "override_reason_missing"),
    ],
)
def test_LO3_only_the_loading_manager_overrides_with_reason_and_photo(
    site: Site, change: dict[str, str], reason: str | None
) -> None:
    site.steps("S01", "S02")
    override = [{"rule": "LO1.soft", "by": "M-1", "reason": "briefed elsewhere", "photo": PHOTO} | change]
    judgement = site.step("S04", override=override)
    assert failed(judgement).get("LO3") == reason
    assert (judgement.blocked() is None) is (reason is None)


# LO4: breaks


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


def test_LO4_another_operator_without_a_handover_is_noticed(site: Site) -> None:
    site.steps("S01", "S12")
    assert failed(site.step("S13", operator_ref="W-2"))["LO4"] == "operator_changed"


# LO5: offline


def test_LO5_an_offline_step_in_order_and_in_time_is_only_marked_offline(site: Site) -> None:
    site.steps("S01", "S06")
    judgement = site.step("S07", claims=offline(site, timedelta(minutes=10), 41))
    assert failed(judgement) == {}
    assert "offline" in judgement.marks


@pytest.mark.parametrize(("seconds", "reason"), [(0, None), (1, "late_sync")])
def test_LO5_a_step_synchronised_late_is_marked_and_holds(site: Site, seconds: int, reason: str | None) -> None:
    site.steps("S01", "S06")
    delay = timedelta(minutes=3 + 15, seconds=seconds)  # the step comes three minutes after the one before
    judgement = site.step("S07", claims=offline(site, delay, 41))
    assert failed(judgement).get("LO5") == reason
    assert judgement.blocked() is None, "a mark refuses nothing"
    assert site.state() == ("held" if reason else "checking")


@pytest.mark.parametrize(("counter", "reason"), [(42, None), (41, "counter_not_increasing"), (None, "counter_missing")])
def test_LO5_the_devices_counter_increases(site: Site, counter: int | None, reason: str | None) -> None:
    site.steps("S01", "S06")
    site.step("S07", claims=offline(site, timedelta(minutes=4), 41))
    assert failed(site.step("S08", claims=offline(site, timedelta(minutes=11), counter))).get("LO5") == reason


def test_LO5_a_late_pass_does_not_undo_a_later_failure(site: Site) -> None:
    site.steps("S01", "S06")
    early = site.clock + timedelta(minutes=1)
    site.step("S07", after=10, result="fail", interlock_signal="tripped")
    later, site.clock = site.clock, early
    site.step("S07", after=0, claims=offline(site, timedelta(minutes=12), 7))
    site.clock = later
    site.event("resume", after=5, cause="clamp", measures="none")
    assert failed(site.step("S09"))["LO1"] == "step_not_passed"


# LO6: plausibility


@pytest.mark.parametrize(("seconds", "reason"), [(60, None), (59, "too_quick")])
def test_LO6_a_step_takes_its_time(site: Site, seconds: int, reason: str | None) -> None:
    site.steps("S01", "S08")
    assert failed(site.step("S09", after=seconds / 60)).get("LO6") == reason


@pytest.mark.parametrize(("spread", "reason"), [(60, None), (59, "batch_ticking")])
def test_LO6_five_steps_within_less_than_a_minute_are_ticked_in_a_batch(
    site: Site, spread: int, reason: str | None
) -> None:
    site.steps("S01", "S03")
    judgements = [site.step(code, after=0) for code in ("S04", "S05", "S06", "S07")]
    judgements.append(site.step("S08", after=spread / 60))
    assert failed(judgements[-1]).get("LO6.batch") == reason
    assert judgements[-1].blocked() is not Severity.HARD


def test_LO6_four_quick_steps_are_no_batch(site: Site) -> None:
    site.steps("S01", "S03")
    judgements = [site.step(code, after=0.1) for code in ("S05", "S06", "S07")]
    assert all("LO6.batch" not in failed(item) for item in judgements)


# LO7: one vehicle, one bay


def test_LO7_a_vehicle_or_bay_under_way_elsewhere_is_caught(site: Site) -> None:
    site.steps("S01", "S04")
    site.book("loading_operation/LO-2", vehicle_ref="V-2")
    site.book("loading_operation/LO-3", bay="B2")
    site.book("loading_operation/LO-4", bay="B2", vehicle_ref="V-2")
    reasons = {}
    for number in (2, 3, 4):
        subject = f"loading_operation/LO-{number}"
        bay = "B1" if number == 2 else "B2"
        site.steps("S01", "S01", subject)
        site.steps("S02", "S03", subject)
        reasons[number] = failed(site.step("S04", subject, bay=bay)).get("LO7")
    assert reasons[2] == "bay_occupied"
    assert reasons[3] == "vehicle_occupied"
    assert reasons[4] is not None, "LO-2 and LO-3 hold vehicle and bay now"


def test_LO7_a_booking_alone_occupies_nothing(site: Site) -> None:
    site.book("loading_operation/LO-2")
    assert failed(site.steps("S01", "S04")[-1]) == {}


def test_LO7_a_completed_operation_frees_vehicle_and_bay(site: Site) -> None:
    site.steps("S01", "S22")
    site.book("loading_operation/LO-2")
    assert failed(site.steps("S01", "S04", "loading_operation/LO-2")[-1]) == {}


# LO8: the driver


def test_LO8_the_driver_does_not_sign_for_others(site: Site) -> None:
    site.steps("S01", "S06")
    assert failed(site.step("S07", performed_by="D-1")) == {"LO8": "driver_signs"}


def test_LO8_the_driver_does_what_is_the_drivers(site: Site) -> None:
    assert failed(site.steps("S01", "S04")[-1]) == {}


def test_LO8_the_driver_is_no_operator_of_a_booking() -> None:
    assert failed(Site().book(operator_ref="D-1")) == {"LO8": "driver_signs"}


def test_LO8_the_driver_signs_as_driver_only(site: Site) -> None:
    site.steps("S01", "S21")
    signers = [{"person_ref": "D-1", "role": "loading_manager"}]
    assert failed(site.step("S22", signers=signers))["LO8"] == "driver_signs"


# LO9: unloading

ROOM = {"kind": "free_volume", "value": {"value": "24.2", "unit": "m3"}}


def unloading() -> Site:
    site = Site()
    site.book(direction="unload")
    for code in ("S01", "S02", "S03", "S04", "S05"):
        assert failed(site.step(code, direction="unload")) == {}
    return site


def unload(**changes: Any) -> dict[str, str]:
    payload = {"direction": "unload", "receiving_product": "1294", "readings": [ROOM]} | changes
    return failed(unloading().step("S06", **payload))


def test_LO9_enough_room_and_the_right_product() -> None:
    assert unload() == {}


@pytest.mark.parametrize(("volume", "rules"), [("24.14", {}), ("24.13", {"LO9": "no_room"})])
def test_LO9_the_receiving_tank_has_room_and_a_margin(volume: str, rules: dict[str, str]) -> None:
    # 20 t of 870 kg/m3 are 22.9885 m3; with a margin of 5 % 24.1379 m3.
    room = {"kind": "free_volume", "value": {"value": volume, "unit": "m3"}}
    assert unload(readings=[room]) == rules


def test_LO9_the_receiving_tanks_product_is_checked() -> None:
    assert unload(receiving_product=None) == {"LO9.identity": "identity_not_checked"}
    assert unload(receiving_product="Methanol") == {"LO9.identity": "other_product"}


def test_LO9_is_not_asked_of_a_loading(site: Site) -> None:
    judgement = site.steps("S01", "S06")[-1]
    assert judgement.result("LO9") is None


def test_LO9_a_reading_in_another_unit_is_not_guessed() -> None:
    room = {"kind": "free_volume", "value": {"value": "24", "unit": "MPa"}}
    assert unload(readings=[room]) == {"LO9": "wrong_unit"}


# LO10: complete only with a final anchor


def test_LO10_an_operation_is_complete_only_under_a_final_anchor(site: Site) -> None:
    site.steps("S01", "S22")
    stream = site.facts.about(OPERATION)
    last = stream[-1].index
    assert completeness(stream, last + 1, graph()).complete
    short = completeness(stream, last, graph())
    assert (short.complete, short.reason, short.unanchored) == (False, "not_anchored", (last,))
    assert completeness(stream, 0, graph()).unanchored == tuple(fact.index for fact in stream)


def test_LO10_an_operation_that_is_not_signed_off_is_not_complete(site: Site) -> None:
    site.steps("S01", "S21")
    result = completeness(site.facts.about(OPERATION), 10_000, graph())
    assert (result.complete, result.reason) == (False, "not_completed")


# Emergencies


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
