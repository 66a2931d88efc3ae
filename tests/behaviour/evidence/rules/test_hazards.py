"""H48 and the hazard report: three steps to report, an answer in 48 hours, a pair of photos to close."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.records.deadline_state import DeadlineState
from evidence.records.geodesy import GCJ02, MixedDatum, Position, distance
from evidence.records.judgement import Judgement, Outcome
from tests.fakes.desk import START, TICK, Desk, at, failed, photo

TYPE, HAZARD = "hazard_report", "hazard/H-1"
HOURS_48 = START + timedelta(hours=48)
PLACE = {"lat": "31.230400", "lon": "121.473700", "accuracy_m": "8", "datum": "WGS84"}
ACCEPT: dict[str, Any] = {
    "event": "accept",
    "response_text": "confirmed",
    "category": "fire",
    "hazard_level": "general",
}
ASSIGN: dict[str, Any] = {"event": "assign", "owner_ref": "P-7", "due_at": at(days=5)}
FIVE = {"measures": "replace the valve", "fund": "3500", "contingency": "stop the line"}


def reported(**changes: Any) -> Desk:
    desk = Desk()
    payload = {"attachments": [photo("photo_before", "b0")], "place": PLACE, "description": "leak at the flange"}
    judgement = desk.record(TYPE, HAZARD, role="worker", **{**payload, **changes})
    assert failed(judgement) == {}
    return desk


def rectifying(**changes: Any) -> Desk:
    desk = reported(**changes)
    for event in (ACCEPT, ASSIGN):
        assert failed(desk.wait(hours=1).record(TYPE, HAZARD, **event)) == {}
    return desk


def rectify(desk: Desk, *after: dict[str, Any]) -> Judgement:
    desk.wait(hours=1)
    return desk.record(TYPE, HAZARD, role="worker", event="rectify", attachments=list(after), rectified_at=at(hours=3))


def after_photo(content: str = "c0", **more: Any) -> dict[str, Any]:
    return photo("photo_after", content, **more)


# H48: the clock of the answer


@pytest.mark.parametrize("decision", ["accept", "decline", "duplicate", "transfer"])
@pytest.mark.parametrize(
    ("received", "state"),
    [
        pytest.param(HOURS_48 - TICK, DeadlineState.MET, id="a microsecond before"),
        pytest.param(HOURS_48, DeadlineState.MET, id="at 48 hours"),
        pytest.param(HOURS_48 + TICK, DeadlineState.MET_LATE, id="a microsecond after"),
    ],
)
def test_H48_a_persons_decision_stops_the_clock_at_its_receipt(decision: str, received: Any, state: Any) -> None:
    desk = reported()
    details = {
        "accept": {"category": "fire", "hazard_level": "general"},
        "decline": {"decline_reason": "not_a_hazard"},
        "duplicate": {"duplicate_of": "H-0"},
        "transfer": {"transferred_to": "Port authority"},
    }
    if decision == "duplicate":
        desk.record(TYPE, "hazard/H-0", attachments=[photo("photo_before", "e0")], place=PLACE, description="same")
    desk.clock = received
    judgement = desk.record(TYPE, HAZARD, event=decision, response_text="answered", **details[decision])
    assert failed(judgement) == {}
    deadline = desk.deadline(TYPE, HAZARD, "H48", received)
    assert (deadline.state, deadline.due, deadline.met_at) == (state, HOURS_48, received)


def test_H48_an_automatic_acknowledgement_does_not_stop_it() -> None:
    desk = reported()
    desk.wait(minutes=1).record(TYPE, HAZARD, role="service", event="acknowledge")
    assert desk.state(HAZARD) == "acknowledged"
    assert desk.deadline(TYPE, HAZARD, "H48", HOURS_48).state is not DeadlineState.MET
    assert desk.deadline(TYPE, HAZARD, "H48", HOURS_48 + TICK).state is DeadlineState.BREACHED


def test_H48_a_machine_cannot_decide() -> None:
    desk = reported()
    judgement = desk.wait(hours=1).record(TYPE, HAZARD, role="device", **ACCEPT)
    assert "LC2" in failed(judgement)
    assert desk.deadline(TYPE, HAZARD, "H48", HOURS_48 + TICK).state is DeadlineState.BREACHED


def test_H48_the_reporter_cannot_answer_a_report() -> None:
    desk = reported()
    assert "LC2" in failed(desk.wait(hours=1).record(TYPE, HAZARD, role="worker", **ACCEPT))
    assert desk.state(HAZARD) == "submitted"


def test_H48_a_late_answer_never_erases_the_breach() -> None:
    desk = reported().wait(hours=72)
    desk.record(TYPE, HAZARD, **ACCEPT)
    for later in (timedelta(0), timedelta(days=400)):
        deadline = desk.deadline(TYPE, HAZARD, "H48", desk.clock + later)
        assert (deadline.state, deadline.breached_at) == (DeadlineState.MET_LATE, HOURS_48)


def test_H48_a_decision_dated_back_is_late_by_its_receipt() -> None:
    desk = reported().wait(hours=50)
    desk.record(TYPE, HAZARD, occurred=START + timedelta(hours=2), **ACCEPT)
    deadline = desk.deadline(TYPE, HAZARD, "H48", desk.clock)
    assert deadline.state is DeadlineState.MET_LATE
    assert deadline.stated_in_time


def test_H48_an_offline_report_starts_at_its_receipt() -> None:
    desk = Desk().wait(hours=30)
    desk.record(
        TYPE, HAZARD, role="worker", occurred=START, attachments=[photo("photo_before")], place=PLACE, description="x"
    )
    assert desk.deadline(TYPE, HAZARD, "H48", desk.clock).due == START + timedelta(hours=78)


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (timedelta(hours=24) - TICK, []),
        (timedelta(hours=24), ["team_lead"]),
        (timedelta(hours=36) - TICK, ["team_lead"]),
        (timedelta(hours=36), ["team_lead", "department_head"]),
        (timedelta(hours=48), ["team_lead", "department_head", "site_head"]),
    ],
)
def test_H48_is_escalated_at_24_36_and_48_hours(passed: timedelta, told: list[str]) -> None:
    deadline = reported().deadline(TYPE, HAZARD, "H48", START + passed)
    assert [item.to for item in deadline.escalations if item.reached] == told


def test_H48_has_a_separate_clock_for_the_rectification_by_level() -> None:
    for level, days in (("general", 7), ("serious", 15), ("major", 30)):
        desk = reported()
        desk.record(TYPE, HAZARD, **{**ACCEPT, "hazard_level": level})
        assert desk.deadline(TYPE, HAZARD, "HZ20", START).due == START + timedelta(days=days)


# three steps


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [("place", "no_place"), ("description", "no_words")],
)
def test_HZ1_photo_place_and_words_are_all_that_is_needed(left_out: str, reason: str) -> None:
    payload = {"attachments": [photo("photo_before")], "place": PLACE, "description": "leak"}
    assert failed(Desk().record(TYPE, HAZARD, role="worker", **payload)) == {}
    del payload[left_out]
    assert failed(Desk().record(TYPE, HAZARD, role="worker", **payload)) == {"HZ1": reason}


def test_HZ1_a_voice_note_counts_as_words_and_a_photo_of_another_kind_not_as_photo() -> None:
    voice = {"attachments": [photo("photo_before"), photo("voice", "d0")], "area": "A-3"}
    assert failed(Desk().record(TYPE, HAZARD, **voice)) == {}
    other = {"attachments": [photo("ticket")], "area": "A-3", "description": "leak"}
    assert failed(Desk().record(TYPE, HAZARD, **other)) == {"HZ1": "no_photo"}


def test_HZ2_HZ3_HZ12_gallery_pictures_own_grades_and_gcj02_are_marked_and_stored() -> None:
    desk = Desk()
    judgement = desk.record(
        TYPE, HAZARD, role="worker", attachments=[photo("photo_before", source="gallery")], hazard_level="major",
        place={**PLACE, "datum": "GCJ02"}, description="leak",
    )  # fmt: skip
    assert failed(judgement) == {"HZ2": "gallery_photo", "HZ3": "graded_by_reporter", "HZ12": "gcj02"}
    assert desk.state(HAZARD) == "submitted"


def test_HZ4_an_anonymous_report_names_nobody() -> None:
    base = {"attachments": [photo("photo_before")], "place": PLACE, "description": "leak", "anonymous": True}
    assert failed(Desk().record(TYPE, HAZARD, **base, follow_up_token_sha256="0f" * 32)) == {}
    assert failed(Desk().record(TYPE, HAZARD, **base, reporter_ref="P-1")) == {"HZ4": "not_anonymous"}


# five fulfilments


@pytest.mark.parametrize("missing", ["measures", "fund", "contingency"])
def test_HZ5_a_major_hazard_has_all_five_settled(missing: str) -> None:
    desk = reported()
    desk.record(TYPE, HAZARD, **{**ACCEPT, "hazard_level": "major"})
    part = {name: value for name, value in FIVE.items() if name != missing}
    assert failed(desk.record(TYPE, HAZARD, **ASSIGN, **part)) == {"HZ5": f"no_{missing}"}
    assert desk.state(HAZARD) == "triaged"
    assert failed(desk.record(TYPE, HAZARD, **ASSIGN, **FIVE)) == {}


def test_HZ5_a_general_hazard_needs_owner_and_time_only() -> None:
    assert rectifying().state(HAZARD) == "assigned"


# the pair of photos


def test_HZ6_a_pair_of_photos_of_the_same_place_is_accepted() -> None:
    desk = rectifying()
    assert failed(rectify(desk, after_photo(geo={**PLACE, "lat": "31.230700"}))) == {}
    assert desk.state(HAZARD) == "pending_verification"


@pytest.mark.parametrize(
    ("photos", "reason"),
    [
        pytest.param([photo("photo_before", "c0")], "no_after_photo", id="none from after"),
        pytest.param([after_photo("b0")], "same_photo", id="the bytes from before"),
        pytest.param([after_photo(captured_at=at())], "after_not_later", id="the same instant"),
        pytest.param([after_photo(captured_at=at(seconds=-1))], "after_not_later", id="earlier"),
        pytest.param(
            [after_photo(), after_photo("c1", captured_at=at(seconds=-1))], "after_not_later", id="one earlier"
        ),
    ],
)
def test_HZ6_refuses(photos: list[dict[str, Any]], reason: str) -> None:
    desk = rectifying()
    assert failed(rectify(desk, *photos))["HZ6"] == reason
    assert desk.state(HAZARD) == "assigned"


def test_HZ6_the_next_microsecond_is_later() -> None:
    assert failed(rectify(rectifying(), after_photo(captured_at=at(microseconds=1)))) == {}


@pytest.mark.parametrize(
    ("position", "outcome"),
    [
        pytest.param({**PLACE, "lat": "31.230840"}, Outcome.PASS, id="49 m north"),
        pytest.param({**PLACE, "lat": "31.230860"}, Outcome.FAIL, id="51 m north"),
        pytest.param({**PLACE, "lon": "121.474300"}, Outcome.FAIL, id="57 m east"),
        pytest.param({**PLACE, "datum": "GCJ02"}, Outcome.UNKNOWN, id="another datum"),
    ],
)
def test_HZ7_both_photos_show_the_same_place(position: dict[str, str], outcome: Outcome) -> None:
    result = rectify(rectifying(), after_photo(geo=position)).result("HZ7")
    assert result is not None
    assert result.outcome is outcome


def test_HZ7_can_be_overridden_with_a_reason() -> None:
    desk = rectifying().wait(hours=1)
    judgement = desk.record(
        TYPE, HAZARD, event="rectify", rectified_at=at(hours=3),
        attachments=[after_photo(geo={**PLACE, "lat": "31.24"})],
        override=[{"rule": "HZ7", "by": "P-2", "reason": "no reception between the tanks"}],
    )  # fmt: skip
    result = judgement.result("HZ7")
    assert result is not None
    assert result.outcome is Outcome.OVERRIDDEN


# verification


def verify(desk: Desk, person: str, event: str = "verify", result: str = "passed") -> Judgement:
    return desk.record(
        TYPE, HAZARD, event=event, verifier_ref=person, verify_result=result, response_text="seen",
        reporter_invited_at=at(hours=4),
    )  # fmt: skip


def test_HZ8_the_owner_does_not_verify_nor_did_an_earlier_owner() -> None:
    desk = rectifying()
    desk.record(TYPE, HAZARD, **{**ASSIGN, "owner_ref": "P-8"})
    rectify(desk, after_photo())
    for owner in ("P-7", "P-8"):
        assert failed(verify(desk, owner)) == {"HZ8": "verifier_is_owner"}
    assert failed(verify(desk, "P-9")) == {}
    assert desk.state(HAZARD) == "closed"


def test_a_refused_rectification_goes_back_and_a_closed_report_can_be_opened_again() -> None:
    desk = rectifying()
    rectify(desk, after_photo())
    assert "LC3" in failed(verify(desk, "P-9", "verify", "refused"))
    verify(desk, "P-9", "refuse", "refused")
    assert desk.state(HAZARD) == "rejected_rectification"
    rectify(desk, after_photo("c1"))
    verify(desk, "P-9")
    desk.record(TYPE, HAZARD, role="worker", event="confirm", reporter_satisfied=False)
    desk.record(TYPE, HAZARD, role="worker", event="reopen", response_text="it leaks again")
    assert desk.state(HAZARD) == "reopened"


def test_HZ9_a_major_hazard_is_reported_and_made_known_before_it_is_closed() -> None:
    desk = reported()
    desk.record(TYPE, HAZARD, **{**ACCEPT, "hazard_level": "major"})
    desk.record(TYPE, HAZARD, **ASSIGN, **FIVE)
    rectify(desk, after_photo())
    assert failed(verify(desk, "P-9")) == {"HZ9": "no_reported_to_authority_at"}
    desk.record(TYPE, HAZARD, event="make_known", reported_to_authority_at=at(hours=1))
    assert failed(verify(desk, "P-9")) == {"HZ9": "no_published_at"}
    desk.record(TYPE, HAZARD, event="make_known", published_at=at(hours=2))
    assert failed(verify(desk, "P-9")) == {}


def test_HZ11_a_duplicate_points_at_another_known_report() -> None:
    for target, reason in (("H-1", "duplicate_of_itself"), ("H-404", "unknown_report")):
        judgement = reported().record(TYPE, HAZARD, event="duplicate", response_text="known", duplicate_of=target)
        assert failed(judgement) == {"HZ11": reason}


def test_HZ13_an_extension_moves_the_due_time_on() -> None:
    desk = rectifying()
    shorter = {"event": "extend", "due_at": at(days=5), "extension_reason": "parts"}
    assert failed(desk.record(TYPE, HAZARD, **shorter)) == {"HZ13": "not_an_extension"}
    assert failed(desk.record(TYPE, HAZARD, **{**shorter, "due_at": at(days=6)})) == {}
    assert desk.deadline(TYPE, HAZARD, "HZ21", desk.clock).due == START + timedelta(days=6)


def test_an_assignment_past_its_time_is_shown_as_overdue() -> None:
    desk = rectifying()
    assert desk.shown(TYPE, HAZARD, START + timedelta(days=5)) == "assigned"
    assert desk.shown(TYPE, HAZARD, START + timedelta(days=5) + TICK) == "overdue"


# distances

_LATITUDES = st.decimals("-70", "70", places=6)
_LONGITUDES = st.decimals("-180", "180", places=6)


@given(_LATITUDES, _LONGITUDES, st.decimals("-0.01", "0.01", places=6))
def test_distance_is_symmetric_and_a_degree_north_is_111_km(lat: Decimal, lon: Decimal, north: Decimal) -> None:
    one, other = Position(lat, lon), Position(lat + north, lon)
    assert distance(one, other) == distance(other, one)
    assert abs(distance(one, other) - abs(north) * 111_100) <= abs(north) * 1000


def test_distance_crosses_the_date_line_and_refuses_two_datums() -> None:
    east, west = Position(Decimal(0), Decimal("179.9999")), Position(Decimal(0), Decimal("-179.9999"))
    assert Decimal(22) < distance(east, west) < Decimal(23)
    with pytest.raises(MixedDatum):
        distance(east, Position(Decimal(0), Decimal("179.9999"), GCJ02))


@pytest.mark.parametrize("changes", [{"hazard_level": "general"}, {"due_at": at(days=90)}, {"owner_ref": "P-8"}])
def test_HZ14_a_major_hazard_is_not_made_smaller_by_starting_on_it(changes: dict[str, Any]) -> None:
    desk = reported()
    desk.record(TYPE, HAZARD, **{**ACCEPT, "hazard_level": "major"})
    desk.record(TYPE, HAZARD, **ASSIGN, **FIVE)
    assert failed(desk.record(TYPE, HAZARD, role="worker", event="start", **changes)) == {"HZ14": "changed_elsewhere"}
    assert failed(desk.record(TYPE, HAZARD, role="worker", event="start", hazard_level="major")) == {}


@pytest.mark.parametrize("spelling", ["P-7", "person/P-7", "person/person/P-7", "p-7"])
def test_HZ8_the_owner_does_not_verify_in_any_spelling(spelling: str) -> None:
    desk = rectifying()
    rectify(desk, after_photo(captured_at=at(hours=2)))
    verdict = desk.record(TYPE, HAZARD, event="verify", verifier_ref=spelling, verify_result="passed")
    assert failed(verdict)["HZ8"] == "verifier_is_owner"
