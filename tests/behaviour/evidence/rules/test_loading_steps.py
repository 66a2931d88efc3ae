"""Rules of single loading steps: papers, area, quantities, earthing, times, signatures, evidence."""

from __future__ import annotations

from typing import Any

import pytest

from evidence.records.judgement import Severity
from tests.fakes.loading_site import OPERATION, SOUND, Site, catalogue, engine, failed, photo, quantity

TOXIC = {"is_highly_toxic": True}
PAIR = {"done": True, "persons": ["W-1", "W-2"]}
WEIGHT = quantity("99", "t")
CONTROLS = dict.fromkeys(("acceptance", "issue", "keeping", "lock", "ledger"), PAIR)


def before(code: str, **header: Any) -> Site:
    """A sound operation up to the step before `code`."""
    site = Site()
    site.book(**header)
    for earlier in SOUND:
        if earlier < code:
            site.step(earlier)
    return site


def at(code: str, header: dict[str, Any] | None = None, **changes: Any) -> dict[str, str]:
    """What stands against a step after a sound beginning."""
    return failed(before(code, **(header or {})).step(code, **changes))


# S01, S02


def test_S01_the_bay_is_approved_for_the_product() -> None:
    site = Site()
    site.known("loading_bay", "bay/B1", {"event": "approve", "approved_products": ["1203"]})
    site.book()
    judgement = site.step("S01")
    assert failed(judgement) == {"S01": "product_not_approved"}
    assert judgement.blocked() is Severity.SOFT
    assert failed(site.step("S02"))["LO1.soft"] == "step_not_passed"


def test_S01_a_bay_without_record_decides_nothing() -> None:
    site = Site()
    site.book(bay="B9")
    judgement = site.step("S01", bay="B9")
    assert failed(judgement) == {"S01": "no_bay_record"}
    assert judgement.blocked() is None


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"tank_inspection_valid_to": "2026-09-07"}, None),
        ({"tank_inspection_valid_to": "2026-09-06"}, "paper_expired"),
        ({"carrier_permit_valid_to": "2026-09-06"}, "paper_expired"),
        ({"permitted_media": ["1203"]}, "medium_not_permitted"),
        ({"permitted_media": ["Toluene"]}, None),
    ],
)
def test_S02_papers_are_in_date_and_fit(header: dict[str, Any], reason: str | None) -> None:
    assert at("S02", header).get("S02") == reason


def test_S02_the_waybill_is_the_ordered_one() -> None:
    assert at("S02", waybill_no="WB-2") == {"S02": "waybill_differs"}
    assert at("S02", waybill_no="WB-1") == {}


# S05


@pytest.mark.parametrize(("value", "reason"), [("24.9", None), ("25", "gas_alarm")])
def test_S05_gas_is_below_the_alarm(value: str, reason: str | None) -> None:
    assert at("S05", measured=quantity(value, "%{LEL}")).get("S05") == reason


def test_S05_a_share_of_volume_is_no_share_of_the_explosive_limit() -> None:
    assert at("S05", measured=quantity("2", "%")) == {"S05": "wrong_unit"}


def test_S05_a_thunderstorm_cannot_be_passed() -> None:
    checks = [{"item": "no_thunderstorm", "ok": False}]
    assert at("S05", checks=checks)["CHECKS"] == "check_failed"
    storm = {"weather": "thunderstorm"}
    assert at("S05", storm) == {"S05.weather": "thunderstorm"}
    assert at("S05", {"weather": "rain"}) == {}


def test_S05_gas_is_measured_before_it_is_below_the_alarm() -> None:
    assert at("S05", measured=None)["S05"] == "reading_missing"


@pytest.mark.parametrize("code", ["S02", "S05", "S09", "S10", "S11", "S14"])
def test_CHECKS_a_hard_step_passes_with_its_whole_check_list_only(code: str) -> None:
    assert at(code, checks=None)["CHECKS"] == "check_items_missing"
    other = [{"item": "something_else", "ok": True}, *SOUND[code][1]["checks"][1:]]
    assert at(code, checks=other)["CHECKS"] == "check_items_missing"


def test_S14_an_honest_failure_holds_like_a_false_pass() -> None:
    site = before("S14")
    site.step("S14", result="fail", checks=[{"item": "driver_present", "ok": False}])
    assert site.state() == "held"


# What was booked, and what a step says again


@pytest.mark.parametrize(
    "changes",
    [
        {"direction": "unload"}, {"bay": "B2"}, {"un_no": "1005"}, {"hazard_class": "2.1"}, {"product_ref": "NH3"},
        {"driver_ref": "X-9"}, {"escort_ref": "X-9"}, {"loading_manager_ref": "X-9"}, {"vehicle_ref": "V-9"},
    ],
)  # fmt: skip
def test_HEADER_a_step_states_what_was_booked(changes: dict[str, Any]) -> None:
    assert at("S06", **changes)["HEADER"] == "not_as_booked"


def test_HEADER_a_reference_may_name_its_kind() -> None:
    assert at("S06", driver_ref="person/D-1", bay="bay/B1") == {}


def test_LO4_what_the_document_check_rests_on_stays_while_it_stands() -> None:
    for changes in ({"driver_ref": "X-9"}, {"un_no": "1005"}, {"is_highly_toxic": False}, {"max_fill_mass": WEIGHT}):
        site = before("S03", **TOXIC)
        assert failed(site.event("amend", **changes)) == {"LO4.data": "checked_data_changed"}
        assert failed(site.event("hold", cause="x", **changes)) == {"LO4.data": "checked_data_changed"}
        assert failed(site.event("amend", weather="rain")) == {}


def test_LO4_data_are_amended_once_the_document_check_no_longer_stands() -> None:
    site = before("S03")
    site.step("S02", result="fail")
    assert failed(site.event("amend", driver_ref="X-9")) == {}


# LO2: the kind of an instrument


@pytest.mark.parametrize(
    ("category", "reason"), [("earthing_monitor", None), ("truck_scale", "wrong_instrument"), ("other", None)]
)
def test_LO2_the_instrument_is_of_the_kind_that_the_step_needs(category: str, reason: str | None) -> None:
    site = before("S07")
    site.known("equipment", "equipment/EM-1", {"event": "register", "category": category})
    assert failed(site.step("S07")).get("LO2.kind") == reason


# S06, S15: never more than permitted


@pytest.mark.parametrize(("mass", "reason"), [("25", None), ("25.001", "overfilled")])
def test_S06_the_plan_is_within_the_permitted_mass(mass: str, reason: str | None) -> None:
    assert at("S06", planned_quantity=quantity(mass, "t")).get("S06") == reason


@pytest.mark.parametrize(("volume", "reason"), [("30.4", None), ("30.41", "overfilled")])
def test_S06_the_plan_is_within_the_permitted_share_of_the_tank(volume: str, reason: str | None) -> None:
    # 95 % of 32 m3; the mass would allow more.
    header = {"max_fill_mass": quantity("40", "t")}
    assert at("S06", header, planned_quantity=quantity(volume, "m3")).get("S06") == reason


def test_S06_a_site_or_vehicle_may_be_stricter() -> None:
    header = {"max_fill_ratio": "0.5"}
    assert at("S06", header) == {"S06": "overfilled"}


def test_S06_without_any_permitted_filling_nothing_is_decided() -> None:
    site = Site()
    for code in ("S01", "S02", "S03", "S04", "S05"):
        site.step(code)
    judgement = site.step("S06")
    assert failed(judgement)["S06"] == "no_max_fill"
    assert judgement.blocked() is Severity.HARD


@pytest.mark.parametrize(("mass", "reason"), [("25", None), ("25.01", "overfilled")])
def test_S15_the_metered_quantity_is_within_the_permitted_filling(mass: str, reason: str | None) -> None:
    assert at("S15", measured=quantity(mass, "t")).get("S15") == reason


# S07, S11


@pytest.mark.parametrize(("value", "unit", "reason"), [
    ("100", "Ohm", None), ("100.1", "Ohm", "resistance_high"), ("0.0001", "MOhm", None),
    ("1", "MOhm", "resistance_high"),
])  # fmt: skip
def test_S07_the_earthing_resistance_is_within_the_limit(value: str, unit: str, reason: str | None) -> None:
    assert at("S07", measured=quantity(value, unit), interlock_signal=None).get("S07") == reason


def test_S07_a_monitor_or_a_reading_is_needed() -> None:
    assert at("S07", measured=None, interlock_signal="ok").get("S07") is None
    assert at("S07", measured=None, interlock_signal=None)["S07"] == "reading_missing"
    assert at("S07", interlock_signal="bypassed")["S07"] == "interlock_open"


def test_S11_the_interlock_is_ok() -> None:
    assert at("S11", interlock_signal="not_fitted") == {"S11": "interlock_open"}
    assert at("S11", interlock_signal="bypassed") == {"S11": "interlock_open", "INTERLOCK": "interlock_open"}


# S08, S16: rest


@pytest.mark.parametrize(("minutes", "reason"), [(15, None), (15 - 1 / 60, "too_short")])
def test_S08_the_vehicle_rests_before_connecting(minutes: float, reason: str | None) -> None:
    # S05, S06 and S07 come 4, 5 and 3 minutes after positioning.
    assert at("S08", after=minutes - 12).get("S08") == reason


@pytest.mark.parametrize(("minutes", "reason"), [(10, None), (10 - 1 / 60, "too_short")])
def test_S16_the_product_settles_before_gauging(minutes: float, reason: str | None) -> None:
    assert at("S16", after=minutes).get("S16") == reason


# S12: joint authorisation


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"witnessed_by": "W-1"}, "same_signer"),
        ({"witnessed_by": "person/W-1"}, "same_signer"),
        ({"witnessed_by": None}, "second_signer_missing"),
        ({"witnessed_by": "G-1"}, "loading_manager_absent"),
        ({"performed_by": "G-1"}, "operator_not_signed"),
        ({"witnessed_by": None, "signers": [{"person_ref": "M-1", "role": "loading_manager"}]}, None),
    ],
)
def test_S12_two_different_persons_authorise(changes: dict[str, Any], reason: str | None) -> None:
    assert at("S12", **changes).get("S12") == reason


def test_S12_one_person_cannot_hold_both_duties() -> None:
    site = before("S12")
    site.certify("W-1", "loading_manager")
    assert failed(site.step("S12", loading_manager_ref="W-1"))["S12"] == "same_signer"


def test_S12_both_are_competent_then() -> None:
    site = before("S12", operator_ref="W-9")
    assert failed(site.step("S12", operator_ref="W-9", performed_by="W-9"))["LO2"] == "training_missing"


# 五双


def test_S12_double_controls_are_kept_for_highly_toxic_goods() -> None:
    assert at("S12", TOXIC, dual_control=CONTROLS) == {}


@pytest.mark.parametrize("flag", ["is_highly_toxic", "is_explosive_precursor", "is_major_hazard_qty"])
def test_S12_double_controls_are_asked_for_by_each_flag(flag: str) -> None:
    assert at("S12", {flag: True}) == {"S12.double": "control_missing"}


def test_S12_double_controls_are_not_asked_of_other_goods() -> None:
    judgement = before("S12", is_highly_toxic=False).step("S12")
    assert judgement.result("S12.double") is None


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_S12_each_of_the_five_needs_two_certified_persons(control: str) -> None:
    one = CONTROLS | {control: {"done": True, "persons": ["W-1", "W-1"]}}
    undone = CONTROLS | {control: PAIR | {"done": False}}
    unfit = CONTROLS | {control: {"done": True, "persons": ["W-1", "W-9"]}}
    assert at("S12", TOXIC, dual_control=one) == {"S12.double": "not_two_persons"}
    assert at("S12", TOXIC, dual_control=undone) == {"S12.double": "control_missing"}
    assert at("S12", TOXIC, dual_control=unfit) == {"S12.double": "training_missing"}


@pytest.mark.parametrize("flag", ["is_highly_toxic", "is_explosive_precursor"])
def test_S12_double_controls_are_asked_for_by_the_products_sheet(flag: str) -> None:
    for changes, reason in (({flag: True}, "control_missing"), ({flag: False}, None)):
        site = Site()
        site.known("sds", "product/TOL", {"hazard_class": "3", "compatibility_groups": ["organic"], **changes})
        site.book()
        site.steps("S01", "S11")
        assert failed(site.step("S12")).get("S12.double") == reason


@pytest.mark.parametrize(
    ("day", "reason"), [("2025-09-07T08:00:00Z", None), ("2025-09-06T08:00:00Z", "training_too_old")]
)
def test_S12_who_keeps_the_double_controls_was_trained_within_the_year(day: str, reason: str | None) -> None:
    site = before("S12", **TOXIC)
    for kind in ("level1_company", "level2_workshop", "level3_team", "annual_refresher"):
        payload = {"training_type": kind, "result": "pass", "ended_at": day}
        site.known("training_record", "person/W-8", payload)
    keeping = CONTROLS | {"keeping": {"done": True, "persons": ["W-1", "W-8"]}}
    assert failed(site.step("S12", dual_control=keeping)).get("S12.double") == reason


# S13 to S22


def test_S13_the_start_is_slow() -> None:
    assert at("S13", measured=quantity("20", "m3/h")) == {}
    assert at("S13", measured=quantity("20.1", "m3/h")) == {"S13": "flow_high"}


@pytest.mark.parametrize(("minutes", "reason"), [(15, None), (15 + 1 / 60, "check_overdue")])
def test_S14_the_transfer_is_checked_every_15_minutes(minutes: float, reason: str | None) -> None:
    assert at("S14", after=minutes).get("S14") == reason
    assert at("S15", after=minutes).get("S14.stop") == reason


def test_S15_liquefied_gas_leaves_a_residual_pressure() -> None:
    def unloaded(pressure: str) -> dict[str, str]:
        reading = {"kind": "residual_pressure", "value": quantity(pressure, "MPa")}
        site = before("S14")
        return failed(site.step("S15", direction="unload", hazard_class="2.1", readings=[reading]))

    assert "S15.residue" not in unloaded("0.1")
    assert unloaded("0.09")["S15.residue"] == "residue_low"


@pytest.mark.parametrize(("net", "reason"), [("19.95", None), ("19.94", "discrepancy"), ("20.151", "discrepancy")])
def test_S20_weighed_and_metered_quantity_agree(net: str, reason: str | None) -> None:
    # Metered 20.05 t; 0.5 % of it are 0.10025 t.
    assert at("S20", net_quantity=quantity(net, "t")).get("S20") == reason


def test_S22_every_role_signs_as_the_person_it_is() -> None:
    signers = SOUND["S22"][1]["signers"]
    assert at("S22", signers=signers[:3]) == {"S22": "signature_missing"}
    assert at("S22", signers=[{"person_ref": "G-1", "role": "operator"}, *signers[:1], *signers[2:]]) == {
        "S22": "signature_missing"
    }


def test_S22_missing_hard_steps_keep_the_operation_open() -> None:
    site = before("S18")
    assert failed(site.step("S22"))["LO1"] == "step_missing"
    assert site.state() == "held"


# Evidence


def test_EVIDENCE_missing_items_readings_and_photos_are_marked_only() -> None:
    judgement = before("S13").step("S13", measured=None)
    assert failed(judgement) == {"EVIDENCE": "reading_missing"}
    assert judgement.blocked() is None
    assert at("S09", attachments=None) == {"EVIDENCE": "photo_missing"}
    assert at("S09", attachments=[photo("other")]) == {"EVIDENCE": "photo_missing"}
    assert at("S19", checks=None) == {"EVIDENCE": "check_items_missing"}


def test_an_erased_step_code_is_never_read_as_a_pass() -> None:
    site = before("S07")
    fact = site._fact("loading_step", OPERATION, {"result": "pass"}, site.clock)
    judgement = engine().judge(fact, site.facts)
    assert judgement.result("LO1") is not None
    assert failed(judgement)["LO1"] == "no_step"
    assert judgement.blocked() is Severity.HARD


def test_every_rule_of_a_step_says_where_it_comes_from() -> None:
    for rule in catalogue().types["loading_step"].rules:
        assert rule.source
        assert rule.confidence in ("v", "k", "c")
