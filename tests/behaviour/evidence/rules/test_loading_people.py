"""LO2, LO3, LO8: certificates at the step's own time, overrides, and what the driver may sign."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from evidence.records.judgement import Judgement, Outcome, Severity
from tests.fakes.loading_site import OPERATION, PHOTO, START, Site, failed, photo


@pytest.fixture
def site() -> Site:
    site = Site()
    assert failed(site.book()) == {}
    return site


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
    assert failed(judgement) == {"LO2": "calibration_expired", "CA4": "locked"}
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


@pytest.mark.parametrize("spelling", ["person/D-1", "person/person/D-1", "d-1"])
def test_LO8_another_spelling_of_the_driver_signs_no_more(site: Site, spelling: str) -> None:
    site.train("D-1")
    site.certify("D-1", "loading_manager")
    site.steps("S01", "S11")
    judgement = site.step("S12", witnessed_by=spelling, loading_manager_ref=spelling)
    assert failed(judgement)["LO8"] == "driver_signs"


def test_LO8_the_driver_of_the_booking_does_not_sign_as_operator_by_naming_another_driver(site: Site) -> None:
    site.steps("S01", "S04")
    judgement = site.step("S05", driver_ref="X-9", operator_ref="D-1", performed_by="D-1")
    assert failed(judgement)["LO8"] == "driver_signs"


def test_LO8_a_drivers_key_sends_no_step_of_the_operator(site: Site) -> None:
    site.steps("S01", "S03")
    assert failed(site.step("S04", claims={"role": "driver"})) == {}
    assert failed(site.step("S05", claims={"role": "driver"})) == {"LO8": "driver_signs"}


@pytest.mark.parametrize("spelling", ["person/M-1", "person/person/M-1", "m-1"])
def test_S12_one_person_in_two_spellings_is_one_signer(spelling: str) -> None:
    site = Site()
    site.book(operator_ref="M-1")
    judgement = site.step("S12", operator_ref="M-1", performed_by="M-1", witnessed_by=spelling)
    assert failed(judgement)["S12"] == "same_signer"


@pytest.mark.parametrize(
    ("role", "reason"), [("loading_manager", None), ("device", None), ("operator", "not_loading_manager")]
)
def test_LO3_an_override_comes_from_no_other_roles_key(site: Site, role: str, reason: str | None) -> None:
    site.steps("S01", "S07")
    override = [{"rule": "S08", "by": "M-1", "reason": "same product all day", "photo": PHOTO}]
    judgement = site.step("S08", after=1, override=override, attachments=[photo()], claims={"role": role})
    assert failed(judgement).get("LO3") == reason


def cosign(site: Site, **changes: Any) -> Judgement:
    """The loading manager's own record of the joint confirmation, with his own key unless told otherwise."""
    claims = {"kid": changes.pop("kid", "phone-of-M-1"), "role": "loading_manager"}
    first = site.facts.about(OPERATION)[-1].record_id
    named = {"cosigns": first, "performed_by": "M-1", "witnessed_by": "W-1", "attachments": None}
    return site.step("S12", after=1, claims=claims, **(named | changes))


def test_S12_one_key_two_keys_carry_no_mark(site: Site) -> None:
    first = site.steps("S01", "S12")[-1]
    assert outcome(first) is Outcome.FAIL
    assert first.blocked() is None, "a mark only"
    second = cosign(site)
    assert (outcome(second), failed(second)) == (Outcome.PASS, {})
    result = second.result("S12.one_key")
    assert result is not None
    assert result.inputs == (site.index - 2,)
    assert site.state() == "authorised"
    assert failed(site.step("S13")) == {}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"kid": "tablet-1"}, id="the same key"),
        pytest.param({"cosigns": None}, id="nothing cosigned"),
        pytest.param({"cosigns": "r-999"}, id="no such record"),
        pytest.param({"performed_by": "W-1", "witnessed_by": "M-1"}, id="the same person with another key"),
        pytest.param(
            {"performed_by": "G-1", "signers": [{"person_ref": "M-1", "role": "loading_manager"}]}, id="other"
        ),
    ],
)
def test_S12_one_key_what_is_no_cosigning(site: Site, changes: dict[str, Any]) -> None:
    site.steps("S01", "S12")
    judgement = cosign(site, **changes)
    result = judgement.result("S12.one_key")
    assert result is not None
    assert (result.outcome, result.reason, result.severity) == (Outcome.FAIL, "one_key", Severity.MARK)


def test_S12_one_key_a_refused_or_other_step_cannot_be_cosigned(site: Site) -> None:
    site.steps("S01", "S11")
    assert outcome(cosign(site)) is Outcome.FAIL, "it names S11"
    other = Site()
    other.book()
    other.steps("S01", "S11")
    assert failed(other.step("S12", witnessed_by=None)) == {"S12": "second_signer_missing"}
    assert outcome(cosign(other)) is Outcome.FAIL


def outcome(judgement: Judgement) -> Outcome:
    """What S12.one_key gave."""
    result = judgement.result("S12.one_key")
    assert result is not None
    return result.outcome
