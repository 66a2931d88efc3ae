"""Permits for special work: validity, gas tests, guardian, and the conflict with loading bays both ways."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from evidence.encoding import format_time
from evidence.records.judgement import Judgement
from tests.fakes.loading_site import START, Site, engine, failed, quantity

PERMIT = "permit/WP-1"


def gas(minutes_ago: float = 0, *, instrument: str = "GD-1", gas: str = "combustible_lel", value: str = "2") -> Any:
    unit = "%{LEL}" if gas == "combustible_lel" else "%"
    at = START - timedelta(minutes=minutes_ago)
    return [{"gas": gas, "value": quantity(value, unit), "tested_at": format_time(at), "instrument_ref": instrument}]


class Permits(Site):
    """A site where a permit is applied for at the clock's time."""

    def permit(self, event: str, subject: str = PERMIT, role: str = "safety_officer", **payload: Any) -> Judgement:
        record = {"event": event, "site": "SH-1", **payload}
        return self.record("work_permit", subject, record, role=role)

    def apply(self, hours: float = 8, subject: str = PERMIT, **changes: Any) -> Judgement:
        return self.permit("apply", subject, **{
            "permit_no": "WP-1", "kind": "hot_work", "level": "first", "description": "Weld a bracket",
            "location": "Pipe rack", "valid_from": format_time(START), "near_bays": [{"bay": "B1"}],
            "valid_to": format_time(START + timedelta(hours=hours)), "applicant_ref": "W-2",
            "workers": [{"person_ref": "W-2"}], "guardian_ref": "G-1", "gas_tests": gas(),
            "jsa": [{"hazard": "Sparks", "measure": "Fire blanket", "confirmed": True}],
        } | changes)  # fmt: skip

    def start(self, subject: str = PERMIT, **changes: Any) -> Judgement:
        approvers = [{"person_ref": "M-1", "role": "safety_officer", "at": format_time(self.clock)}]
        self.permit("approve", subject, approvers=approvers)
        return self.permit("start", subject, **changes)

    def active(self, place: str, at: Any, kind: str = "") -> bool:
        from evidence.records.predicates.permits import permit_active

        probe = self._fact("work_permit", "permit/probe", {}, at)
        return permit_active(engine().scope(probe, self.facts), place, at, kind)


@pytest.fixture
def site() -> Permits:
    return Permits()


def test_a_sound_permit_breaks_no_rule_from_application_to_close(site: Permits) -> None:
    assert failed(site.apply()) == {}
    assert failed(site.start()) == {}
    site.clock += timedelta(hours=8)
    assert failed(site.permit("close", site_restored=True)) == {}
    assert site.state(PERMIT) == "closed"


@pytest.mark.parametrize(
    ("kind", "level", "hours"),
    [
        ("hot_work", "special", 8), ("hot_work", "first", 8), ("hot_work", "second", 72),
        ("confined_space", "none", 24), ("height", "third", 168),
    ],
)  # fmt: skip
def test_WP1_validity_caps(site: Permits, kind: str, level: str, hours: int) -> None:
    assert failed(site.apply(hours, kind=kind, level=level)) == {}
    over = site.apply(hours + 1 / 60, "permit/WP-2", kind=kind, level=level)
    assert failed(over) == {"WP1": "over_cap"}


def test_WP1_a_permit_ends_after_it_starts(site: Permits) -> None:
    assert failed(site.apply(0)) == {"WP1": "ends_before_it_starts"}


def test_WP2_some_kinds_can_be_extended_once_within_the_cap(site: Permits) -> None:
    site.apply(24, kind="height", level="none")
    extension: dict[str, Any] = {
        "approvers": [{"person_ref": "M-1", "role": "site_head", "at": format_time(START)}],
        "cause": "Rain",
    }
    start: dict[str, Any] = {"role": "site_head", **extension}
    site.start()
    over = format_time(START + timedelta(hours=168, minutes=1))
    assert failed(site.permit("extend", extended_to=over, **start)) == {"WP2": "over_cap"}
    within = format_time(START + timedelta(hours=168))
    assert failed(site.permit("extend", extended_to=within, **start)) == {}
    assert failed(site.permit("extend", extended_to=within, **start)) == {"WP2": "extended_before"}


def test_WP2_hot_work_is_not_extended(site: Permits) -> None:
    site.apply(4)
    site.start()
    extension: dict[str, Any] = {
        "approvers": [{"person_ref": "M-1", "role": "site_head", "at": format_time(START)}],
        "cause": "Late",
    }
    extended = format_time(START + timedelta(hours=6))
    judgement = site.permit("extend", role="site_head", extended_to=extended, **extension)
    assert failed(judgement) == {"WP2": "not_extendable"}


def test_WP3_the_gas_test_instrument_is_in_calibration(site: Permits) -> None:
    site.calibrate("GD-2", valid_until="2026-09-06")
    assert failed(site.apply(gas_tests=gas(instrument="GD-2"))) == {"WP3": "calibration_expired"}
    assert failed(site.apply(subject="permit/WP-2", gas_tests=gas(instrument="GD-9"))) == {"WP3": "not_calibrated"}


@pytest.mark.parametrize(("kind", "value", "reason"), [
    ("combustible_lel", "10", None), ("combustible_lel", "10.1", "gas_out_of_limits"),
    ("oxygen", "19.5", None), ("oxygen", "19.4", "gas_out_of_limits"), ("oxygen", "23.6", "gas_out_of_limits"),
    ("toxic", "1", "gas_out_of_limits"),
])  # fmt: skip
def test_WP4_readings_are_within_limits(site: Permits, kind: str, value: str, reason: str | None) -> None:
    assert failed(site.apply(gas_tests=gas(gas=kind, value=value))).get("WP4") == reason


@pytest.mark.parametrize(("minutes", "reason"), [(30, None), (30 + 1 / 60, "gas_test_old")])
def test_WP5_work_starts_soon_after_a_gas_test(site: Permits, minutes: float, reason: str | None) -> None:
    site.apply(gas_tests=gas(minutes))
    assert failed(site.start()).get("WP5") == reason


def test_WP5_no_gas_test_no_hot_work(site: Permits) -> None:
    site.apply(gas_tests=gas(10))
    site.clock += timedelta(hours=1)
    site.start()
    payload = {"cause": "Break"}
    site.permit("suspend", **payload)
    old = site.permit("resume", gas_tests=gas(10))
    assert failed(old)["WP5"] == "gas_test_old"


def test_WP6_hot_work_does_not_start_beside_a_loading(site: Permits) -> None:
    site.book()
    site.steps("S01", "S04")
    site.apply(gas_tests=gas(-20))
    assert failed(site.start()) == {"WP6": "bay_in_use"}


def test_WP6_a_record_that_is_dated_back_hides_no_loading(site: Permits) -> None:
    site.book()
    site.steps("S01", "S04")
    site.known("loading_operation", "loading_operation/OLD", {"bay": "B1"}, START - timedelta(days=400))
    site.apply(gas_tests=gas(-20))
    assert failed(site.start()) == {"WP6": "bay_in_use"}


@pytest.mark.parametrize(("metres", "reason"), [("30", "bay_in_use"), ("30.1", None)])
def test_WP6_only_bays_within_the_radius_matter(site: Permits, metres: str, reason: str | None) -> None:
    site.book()
    site.steps("S01", "S04")
    site.apply(gas_tests=gas(-20), near_bays=[{"bay": "B1", "distance": quantity(metres, "m")}])
    assert failed(site.start()).get("WP6") == reason


def test_S05_no_loading_beside_hot_work(site: Permits) -> None:
    site.apply()
    site.start()
    site.book()
    site.steps("S01", "S04")
    assert failed(site.step("S05")) == {"S05.permit": "permit_conflict"}
    site.permit("close", site_restored=True)
    site.event("resume", after=5, cause="hot work", measures="closed")
    assert failed(site.step("S05")) == {}


def test_S05_a_permit_of_another_kind_does_not_exclude_loading(site: Permits) -> None:
    site.apply(24, kind="height", level="none")
    site.start()
    site.book()
    assert failed(site.steps("S01", "S05")[-1]) == {}


def test_permit_active_from_start_to_the_end_of_its_validity(site: Permits) -> None:
    site.apply(2)
    assert not site.active("bay/B1", START)
    site.start()
    end = START + timedelta(hours=2)
    assert site.active("bay/B1", START)
    assert site.active("bay/B1", end)
    assert not site.active("bay/B1", end + timedelta(seconds=1))
    assert not site.active("bay/B2", START)
    assert not site.active("bay/B1", START, "height")


def test_permit_active_not_while_suspended(site: Permits) -> None:
    site.apply()
    site.start()
    site.clock += timedelta(minutes=10)
    site.permit("suspend", cause="Alarm")
    assert not site.active("bay/B1", site.clock)
    assert site.active("bay/B1", START)


@pytest.mark.parametrize("change", [{"guardian_ref": "W-2"}, {"workers": [{"person_ref": "G-1"}]}])
def test_WP7_the_guardian_is_apart(site: Permits, change: dict[str, Any]) -> None:
    assert failed(site.apply(**change)) == {"WP7": "guardian_not_apart"}


def test_WP8_the_guardian_is_competent(site: Permits) -> None:
    site.apply(guardian_ref="G-9")
    assert "WP8" in failed(site.start())


def test_WP9_every_measure_is_confirmed(site: Permits) -> None:
    jsa = [{"hazard": "Sparks", "measure": "Fire blanket", "confirmed": False}]
    assert failed(site.apply(jsa=jsa)) == {"WP9": "measure_not_confirmed"}


@pytest.mark.parametrize(("minutes", "reason"), [(120, None), (120 + 1 / 60, "permit_expired")])
def test_WP10_work_is_done_within_the_validity(site: Permits, minutes: float, reason: str | None) -> None:
    site.apply(2)
    site.start()
    site.clock += timedelta(minutes=minutes)
    assert failed(site.permit("close", site_restored=True)).get("WP10") == reason


def test_a_worker_cannot_approve(site: Permits) -> None:
    site.apply()
    approvers = [{"person_ref": "M-1", "role": "team_lead", "at": format_time(START)}]
    assert failed(site.permit("approve", role="worker", approvers=approvers)) == {"LC2": "wrong_role"}


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_to": format_time(START + timedelta(days=30))}, {"kind": "lifting"}, {"level": "second"},
        {"near_bays": [{"bay": "B2"}]}, {"extended_to": format_time(START + timedelta(days=30))},
    ],
)  # fmt: skip
def test_WP11_what_was_applied_for_is_not_changed_by_a_later_event(site: Permits, changes: dict[str, Any]) -> None:
    site.apply()
    assert failed(site.start(**changes)) == {"WP11": "terms_changed"}
    assert failed(site.permit("test", gas_tests=gas(), **changes)) == {"WP11": "terms_changed"}


@pytest.mark.parametrize(("approver", "reason"), [("W-2", "approver_not_apart"), ("w-2", "approver_not_apart")])
def test_WP12_nobody_approves_his_own_permit(site: Permits, approver: str, reason: str) -> None:
    site.apply()
    approvers = [{"person_ref": approver, "role": "safety_officer", "at": format_time(site.clock)}]
    assert failed(site.permit("approve", approvers=approvers)) == {"WP12": reason}


def test_WP2_an_expired_permit_is_not_extended(site: Permits) -> None:
    site.apply(2, kind="height", level="third")
    site.start()
    approvers = [{"person_ref": "M-1", "role": "safety_officer", "at": format_time(START)}]
    until = format_time(START + timedelta(hours=9))
    extension: dict[str, Any] = {"extended_to": until, "approvers": approvers, "cause": "rain"}
    site.clock = START + timedelta(hours=2, seconds=1)
    assert failed(site.permit("extend", **extension)) == {"WP2": "permit_expired"}
    site.clock = START + timedelta(hours=2)
    assert failed(site.permit("extend", **extension)) == {}
    site.clock = START + timedelta(hours=8)
    assert failed(site.permit("extend", **extension)) == {"WP2": "extended_before"}


def test_S05_hot_work_that_began_against_a_rule_excludes_loading_too(site: Permits) -> None:
    site.apply(gas_tests=gas(60))
    assert failed(site.start()) == {"WP5": "gas_test_old"}
    site.book()
    site.steps("S01", "S04")
    assert failed(site.step("S05")) == {"S05.permit": "permit_conflict"}


# the same area


class Areas(Permits):
    """The same site; bay B1 lies in area A."""

    def __init__(self) -> None:
        super().__init__()
        self.place("B1", "A")

    def place(self, bay: str, area: str) -> None:
        self.known("loading_bay", f"bay/{bay}", {"event": "approve", "approved_products": ["1294"], "area_ref": area})

    def hot_work(self, **changes: Any) -> Judgement:
        self.apply(
            gas_tests=gas(-(self.clock - START).total_seconds() / 60), **({"near_bays": [{"bay": "B7"}]} | changes)
        )
        return self.start()


AREA_CASES = [
    pytest.param({"area_ref": "A"}, True, id="same area, the bay not named"),
    pytest.param({"area_ref": "area/A"}, True, id="written as a subject"),
    pytest.param({"area_ref": "B"}, False, id="another area"),
    pytest.param({}, False, id="no area"),
    pytest.param({"area_ref": "A", "kind": "height"}, False, id="work that excludes nothing"),
    pytest.param(
        {"area_ref": "A", "near_bays": [{"bay": "B1", "distance": quantity("30", "m")}]}, True, id="at the radius"
    ),
    pytest.param(
        {"area_ref": "A", "near_bays": [{"bay": "B1", "distance": quantity("30.1", "m")}]}, False, id="measured farther"
    ),
]


@pytest.mark.parametrize(("permit", "conflict"), AREA_CASES)
def test_S05_permit_work_in_the_bays_area_excludes_loading(permit: dict[str, Any], conflict: bool) -> None:
    site = Areas()
    site.hot_work(**permit)
    site.book()
    site.steps("S01", "S04")
    assert failed(site.step("S05")).get("S05.permit") == ("permit_conflict" if conflict else None)


@pytest.mark.parametrize(("permit", "conflict"), AREA_CASES)
def test_WP6_loading_at_a_bay_of_the_area_excludes_the_work(permit: dict[str, Any], conflict: bool) -> None:
    site = Areas()
    site.book()
    site.steps("S01", "S04")
    assert failed(site.hot_work(**permit)).get("WP6") == ("bay_in_use" if conflict else None)


def test_WP6_a_bay_that_was_moved_counts_where_it_is_now() -> None:
    for area, reason in (("B", None), ("A", "bay_in_use")):
        site = Areas()
        site.place("B1", area)
        site.book()
        site.steps("S01", "S04")
        assert failed(site.hot_work(area_ref="A")).get("WP6") == reason
