"""LO5–LO7, LO9, LO10: offline records, durations, occupied places, room to receive, and when a record is whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from evidence.records.judgement import Outcome, Severity
from evidence.records.loading import completeness
from evidence.records.loading.graph import LIMITS, STEPS, StepGraph, step_graph
from tests.fakes.loading_site import OPERATION, START, Site, catalogue, failed, offline


def graph() -> StepGraph:
    tables, day = catalogue().tables, START.date()
    return step_graph(tables.at(STEPS, day), tables.at(LIMITS, day))


@pytest.fixture
def site() -> Site:
    site = Site()
    assert failed(site.book()) == {}
    return site


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
    site.steps("S01", "S07")
    early = site.clock + timedelta(minutes=9)
    site.step("S08", after=12, result="fail")
    later, site.clock = site.clock, early
    assert failed(site.step("S08", after=0, claims=offline(site, timedelta(minutes=4), 7))) == {}
    site.clock = later
    assert failed(site.step("S09")) == {"LO1.soft": "step_not_passed"}


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


def test_LO7_a_record_that_is_dated_back_hides_no_operation_under_way(site: Site) -> None:
    site.steps("S01", "S04")
    site.known("loading_operation", "loading_operation/OLD", {"bay": "B1", "vehicle_ref": "V-1"}, START)
    site.known("loading_operation", "loading_operation/OLD", {"bay": "B1"}, START - timedelta(days=400))
    site.book("loading_operation/LO-2", vehicle_ref="V-2")
    assert failed(site.steps("S01", "S04", "loading_operation/LO-2")[-1]) == {"LO7": "bay_occupied"}


@pytest.mark.parametrize("bookings", [25, 60])
def test_LO7_bookings_of_the_same_bay_hide_no_operation_under_way(site: Site, bookings: int) -> None:
    site.steps("S01", "S04")
    for number in range(bookings):
        site.book(f"loading_operation/LO-{1000 + number}", vehicle_ref=f"V-{number + 2}")
    site.book("loading_operation/LO-2", vehicle_ref="V-2")
    assert failed(site.steps("S01", "S04", "loading_operation/LO-2")[-1]) == {"LO7": "bay_occupied"}


def test_LO7_a_flood_of_records_is_no_proof_that_the_bay_is_free(site: Site) -> None:
    site.steps("S01", "S04")
    for number in range(600):
        site.known("loading_operation", f"loading_operation/F-{number}", {"bay": "B1"}, site.clock)
    site.book("loading_operation/LO-2", vehicle_ref="V-2")
    found = site.steps("S01", "S04", "loading_operation/LO-2")[-1].result("LO7")
    assert found is not None
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "too_many_mentions")


def test_LO7_an_import_of_old_operations_is_no_flood(site: Site) -> None:
    for number in range(600):
        old = ("loading_operation", f"loading_operation/F-{number}", {"bay": "B1"}, START - timedelta(days=99))
        site._add(site._fact(*old, received=START, channel="import", role="importer"))
    site.book("loading_operation/LO-2")
    assert failed(site.steps("S01", "S04", "loading_operation/LO-2")[-1]) == {}


def test_LO7_a_completed_operation_frees_vehicle_and_bay(site: Site) -> None:
    site.steps("S01", "S22")
    site.book("loading_operation/LO-2")
    assert failed(site.steps("S01", "S04", "loading_operation/LO-2")[-1]) == {}


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


@pytest.mark.parametrize(
    ("channel", "delay", "reason"),
    [
        ("mobile", timedelta(minutes=15), None),
        ("mobile", timedelta(minutes=15, seconds=1), "dated_back"),
        ("web", timedelta(days=3), "dated_back"),
        ("import", timedelta(days=3), None),
        ("mobile", -timedelta(minutes=5), None),
        ("mobile", -timedelta(minutes=5, seconds=1), "clock_ahead"),
        ("mobile_offline", -timedelta(days=30), "clock_ahead"),
    ],
)
def test_LO5_a_step_is_dated_when_it_happened(channel: str, delay: timedelta, reason: str | None) -> None:
    site = Site()
    site.book()
    site.clock += timedelta(minutes=5)
    claims = {"channel": channel, "counter": 1, "received": site.clock + delay}
    judgement = site.step("S01", after=0, claims=claims)
    assert failed(judgement).get("LO5.clock") == reason
    assert (site.state() == "held") is (reason is not None)
