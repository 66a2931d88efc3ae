"""IN1 to IN5: who is told by when, how grave it was, what reports must say, and when an incident is closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.records.deadline_state import DeadlineState
from evidence.records.facts import Fact, MemoryFacts
from evidence.records.judgement import Judgement, Severity
from evidence.records.predicates.incidents import incident_grade
from evidence.records.predicates.scope import Scope
from tests.fakes.desk import START, TICK, Desk, at, catalogue, failed

TYPE, INCIDENT = "incident", "incident/I-1"
REPORT: dict[str, Any] = {"event_type": "explosion", "location": "Bay 3", "course": "hose burst while filling"}
COUNTS: dict[str, Any] = {
    "deaths": 1, "serious_injuries": 0, "minor_injuries": 2, "missing": 0, "direct_loss_cny": "250000.50",
}  # fmt: skip
CATEGORY = {"category_scheme": "GB/T 6441-1986", "category_code": "18"}
TEAM = [{"person_ref": "P-1", "role": "leader", "no_interest": True}]
FINAL: dict[str, Any] = {
    "event": "submit_report", "report_submitted_at": at(days=50), "unit_name": "Bay operations", "rescue": "foam",
    "direct_causes": ["hose past its test date"], "root_causes": [{"kind": "maintenance", "text": "no recall"}],
    "nature": "liability", "responsibility_conclusion": "maintenance plan", "prevention": "recall by the ledger",
    "worker_participants": ["P-4"],
}  # fmt: skip
GRADES = ["none", "general", "serious", "major", "especially_major"]


def grade(deaths: int = 0, serious: int = 0, loss: str = "0") -> str:
    fact = Fact(0, "r-0", TYPE, 1, INCIDENT, START, START, "web", "key", {})
    return incident_grade(Scope(fact, MemoryFacts(), catalogue().tables, catalogue().zone), deaths, serious, loss)


def reported(desk: Desk | None = None, **changes: Any) -> Desk:
    desk = desk or Desk()
    assert failed(desk.record(TYPE, INCIDENT, role="worker", **{**REPORT, **changes})) == {}
    return desk


def triage(desk: Desk, severity: str = "general", **changes: Any) -> Judgement:
    return desk.record(TYPE, INCIDENT, event="triage", severity_grade=severity, **{**COUNTS, **changes})


def investigating(**changes: Any) -> Desk:
    desk = reported(**changes)
    desk.record(TYPE, INCIDENT, event="inform_head", unit_head_notified_at=at(minutes=5))
    desk.record(TYPE, INCIDENT, event="notify_authority", authority_reported_at=at(minutes=30), authority="Bureau")
    assert failed(triage(desk)) == {}
    assert failed(desk.record(TYPE, INCIDENT, event="investigate", team=TEAM, **CATEGORY)) == {}
    return desk


# IN1


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        pytest.param(timedelta(minutes=65) - TICK, None, id="a microsecond before the hour"),
        pytest.param(timedelta(minutes=65), None, id="at the hour"),
        pytest.param(timedelta(minutes=65) + TICK, "authority_told_late", id="a microsecond after the hour"),
    ],
)
def test_IN1_the_authority_is_told_within_an_hour_of_the_head(told: timedelta, reason: str | None) -> None:
    desk = reported()
    desk.wait(minutes=5).record(TYPE, INCIDENT, event="inform_head", unit_head_notified_at=at(minutes=5), deaths=1)
    desk.clock = START + told
    payload = {"authority_reported_at": at(seconds=told.total_seconds()), "authority": "Bureau"}
    judgement = desk.record(TYPE, INCIDENT, event="notify_authority", **payload)
    assert failed(judgement).get("IN1") == reason
    expected = DeadlineState.MET if reason is None else DeadlineState.MET_LATE
    assert desk.deadline(TYPE, INCIDENT, "IN1", desk.clock).state is expected


def test_IN1_silence_is_a_breach_after_the_hour() -> None:
    desk = reported(deaths=1, unit_head_notified_at=at())
    due = START + timedelta(hours=1)
    assert desk.deadline(TYPE, INCIDENT, "IN1", due).state is DeadlineState.DUE_SOON
    assert desk.deadline(TYPE, INCIDENT, "IN1", due + TICK).state is DeadlineState.BREACHED
    desk.clock = due
    assert "IN1" not in failed(triage(desk))
    late = reported(deaths=1, unit_head_notified_at=at())
    late.clock = due + TICK
    assert failed(triage(late)) == {"IN1": "authority_not_told"}


def test_IN1_a_notifiable_incident_says_when_its_head_was_told() -> None:
    judgement = Desk().record(TYPE, INCIDENT, role="worker", **REPORT, deaths=1)
    assert failed(judgement) == {"IN1": "head_not_told"}


def test_IN1_a_near_miss_need_not_be_told_unless_somebody_says_so() -> None:
    near = {"event_type": "near_miss"}
    assert Desk().record(TYPE, INCIDENT, **{**REPORT, **near}).result("IN1") is None
    told = Desk().record(TYPE, INCIDENT, **{**REPORT, **near}, notifiable=True)
    assert failed(told) == {"IN1": "head_not_told"}


# IN2


@pytest.mark.parametrize(
    ("deaths", "serious", "loss", "expected"),
    [
        (0, 0, "0", "none"), (0, 0, "0.01", "general"), (1, 0, "0", "general"), (0, 1, "0", "general"),
        (2, 9, "9999999.99", "general"), (3, 0, "0", "serious"), (0, 10, "0", "serious"), (0, 0, "10000000", "serious"),
        (9, 49, "49999999.99", "serious"), (10, 0, "0", "major"), (0, 50, "0", "major"), (0, 0, "50000000", "major"),
        (29, 99, "99999999.99", "major"), (30, 0, "0", "especially_major"), (0, 100, "0", "especially_major"),
        (0, 0, "100000000", "especially_major"), (1, 10, "50000000", "major"),
    ],
)  # fmt: skip
def test_IN2_lower_bounds_belong_to_their_grade(deaths: int, serious: int, loss: str, expected: str) -> None:
    assert grade(deaths, serious, loss) == expected


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200_000_000))
def test_IN2_is_the_highest_of_its_three_tests(deaths: int, serious: int, loss: int) -> None:
    single = [grade(deaths=deaths), grade(serious=serious), grade(loss=str(loss))]
    assert grade(deaths, serious, str(loss)) == max(single, key=GRADES.index)


def test_IN2_a_typed_grade_is_refused() -> None:
    desk = reported()
    assert failed(triage(desk, "serious"))["IN2"] == "grade_not_derived"
    assert desk.state(INCIDENT) == "reported"
    assert "IN2" not in failed(triage(desk, "general"))
    assert desk.state(INCIDENT) == "triaged"


def test_IN2_goes_by_the_table_of_the_day() -> None:
    desk = Desk(datetime(2007, 5, 31, 15, 59, tzinfo=UTC))
    desk.record(TYPE, INCIDENT, **REPORT)
    assert failed(triage(desk))["IN2"] == "no_table"
    desk.wait(minutes=1)
    assert "IN2" not in failed(triage(desk))


# IN3


def supplement(desk: Desk, moment: datetime, severity: str = "serious", **changes: Any) -> Judgement:
    desk.clock = moment
    return desk.record(
        TYPE, INCIDENT, event="supplement", severity_grade=severity, **{**COUNTS, "deaths": 3, **changes}
    )


@pytest.mark.parametrize(
    ("report", "days"),
    [({}, 30), ({"event_type": "fire"}, 7), ({"road_traffic": True}, 7), ({"event_type": "leak"}, 30)],
)
def test_IN3_a_change_of_casualties_counts_in_its_window(report: dict[str, Any], days: int) -> None:
    end = START + timedelta(days=days)
    assert failed(supplement(investigating(**report), end)) == {}
    assert failed(supplement(investigating(**report), end + TICK)) == {"IN3": "window_closed"}


@pytest.mark.parametrize(
    ("report", "days"),
    [
        ({}, 30),
        ({"road_traffic": False}, 30),
        ({"event_type": "fire"}, 7),
        ({"road_traffic": True}, 7),
        ({"event_type": "fire", "road_traffic": False}, 7),
    ],
)
def test_IN33_the_reminder_comes_before_the_window_of_its_kind_ends(report: dict[str, Any], days: int) -> None:
    desk, end = reported(**report), START + timedelta(days=days)
    assert desk.deadline(TYPE, INCIDENT, "IN33", end - timedelta(days=2) - TICK).state is DeadlineState.RUNNING
    reminded = desk.deadline(TYPE, INCIDENT, "IN33", end - timedelta(days=2))
    assert (reminded.state, reminded.due, reminded.soft) == (DeadlineState.DUE_SOON, end, True)


def test_IN3_a_change_of_casualties_is_graded_again() -> None:
    assert failed(supplement(investigating(), START + timedelta(days=2), "general")) == {"IN3": "grade_not_derived"}


def test_IN3_casualties_change_by_a_supplementary_report_only() -> None:
    desk = investigating()
    assert failed(desk.record(TYPE, INCIDENT, **{**FINAL, "deaths": 2, "severity_grade": "general"})) == {
        "IN3A": "casualties_changed"
    }
    supplement(desk, START + timedelta(days=3))
    assert failed(desk.record(TYPE, INCIDENT, **{**FINAL, "deaths": 3, "severity_grade": "serious"})) == {}


@pytest.mark.parametrize(
    ("moment", "reason"),
    [(timedelta(days=60), None), (timedelta(days=60) + TICK, "report_late")],
)
def test_IN3_the_investigation_report_comes_within_sixty_days(moment: timedelta, reason: str | None) -> None:
    desk = investigating()
    desk.clock = START + moment
    assert failed(desk.record(TYPE, INCIDENT, **FINAL)).get("IN3B") == reason
    assert desk.state(INCIDENT) == "report_review"
    deadline = desk.deadline(TYPE, INCIDENT, "IN31", desk.clock)
    assert deadline.state is (DeadlineState.MET if reason is None else DeadlineState.MET_LATE)


def extend(desk: Desk, moment: timedelta, due: timedelta) -> dict[str, str]:
    desk.clock = START + moment
    asked = {"report_due": at(seconds=due.total_seconds()), "extension_approved_by": "City government"}
    return failed(desk.record(TYPE, INCIDENT, event="extend_report", **asked))


def test_IN3_one_extension_of_sixty_days_asked_for_in_time() -> None:
    days = timedelta(days=1)
    assert extend(investigating(), 60 * days, 120 * days) == {}
    assert extend(investigating(), 60 * days + TICK, 120 * days) == {"IN3C": "extension_late"}
    assert extend(investigating(), 50 * days, 120 * days + timedelta(seconds=1)) == {"IN3C": "extension_too_long"}
    desk = investigating()
    assert extend(desk, 40 * days, 100 * days) == {}
    assert extend(desk, 41 * days, 110 * days) == {"IN3C": "second_extension"}
    desk.clock = START + 120 * days
    assert failed(desk.record(TYPE, INCIDENT, **FINAL)) == {}
    assert desk.deadline(TYPE, INCIDENT, "IN32", desk.clock).state is DeadlineState.MET_LATE


# IN4


def action(desk: Desk, name: str, *events: str) -> None:
    payloads: dict[str, dict[str, Any]] = {
        "open": {"title": "recall hoses", "action_type": "corrective", "control_level": "engineering",
                 "owner_ref": "P-7", "due_at": at(days=80)},
        "done": {"done_at": at(days=70), "result": "recalled"},
        "verify": {"verifier_ref": "P-8"},
        "effective": {"effectiveness": "effective", "effectiveness_text": "no hose past its date"},
    }  # fmt: skip
    for event in events:
        assert failed(desk.record("action", f"action/{name}", event=event, **payloads[event])) == {}


CLOSE: dict[str, Any] = {
    "event": "close", "effectiveness_review": "none again", "communicated_to": ["all teams"],
    "no_risk_reason": "outside any risk point",
}  # fmt: skip


def checking(**changes: Any) -> Desk:
    """An incident whose report is approved, with action A-1 done but not verified, in its effectiveness check."""
    desk = investigating(**changes)
    assert failed(desk.record(TYPE, INCIDENT, **FINAL)) == {}
    action(desk, "A-1", "open", "done")
    approve = {"event": "approve_report", "approval_at": at(days=55), "actions": ["A-1"]}
    assert failed(desk.record(TYPE, INCIDENT, role="site_head", **approve)) == {}
    desk.record(TYPE, INCIDENT, event="check_effectiveness", effectiveness_due=at(days=90))
    desk.clock = START + timedelta(days=90)
    return desk


def test_IN4_closed_with_everything_settled() -> None:
    desk = checking()
    action(desk, "A-1", "verify")
    assert failed(desk.record(TYPE, INCIDENT, **CLOSE)) == {}
    assert desk.state(INCIDENT) == "closed"


def test_IN4_every_action_is_verified() -> None:
    desk = checking()
    assert failed(desk.record(TYPE, INCIDENT, **CLOSE)) == {"IN4": "action_open"}
    assert desk.state(INCIDENT) == "effectiveness_check"


def test_IN4_a_verification_that_was_refused_does_not_count() -> None:
    desk = checking()
    refused = desk.record("action", "action/A-1", event="verify", verifier_ref="P-7")
    assert failed(refused) == {"AC1": "verifier_is_owner"}
    assert failed(desk.record(TYPE, INCIDENT, **CLOSE)) == {"IN4": "action_open"}


def test_IN4_the_date_of_the_effectiveness_check_has_come() -> None:
    desk = checking()
    action(desk, "A-1", "verify", "effective")
    desk.clock -= TICK
    assert failed(desk.record(TYPE, INCIDENT, **CLOSE)) == {"IN4": "effectiveness_date_ahead"}
    desk.clock += TICK
    assert failed(desk.record(TYPE, INCIDENT, **CLOSE)) == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"communicated_to": []}, "not_communicated"),
        ({"effectiveness_review": " "}, "no_effectiveness_review"),
        ({"root_causes": []}, "no_root_cause"),
        ({"no_risk_reason": " "}, "risk_not_reviewed"),
    ],
)
def test_IN4_names_what_is_missing(changes: dict[str, Any], reason: str) -> None:
    desk = checking()
    action(desk, "A-1", "verify")
    assert failed(desk.record(TYPE, INCIDENT, **{**CLOSE, **changes})) == {"IN4": reason}


def test_IN4_the_risk_point_was_assessed_again_after_the_incident() -> None:
    assess = {
        "event": "assess", "method": "lec", "method_version": "LEC-1", "likelihood": "6", "exposure": "6",
        "consequence": "3", "score": "108", "level": 3, "colour": "yellow", "assessed_at": "2026-03-02",
        "assessors": [{"person_ref": "P-1", "role": "worker"}, {"person_ref": "P-2", "role": "manager"}],
        "review_due": "2027-03-02",
    }  # fmt: skip
    desk = checking(process="filling")
    desk.record(TYPE, INCIDENT, event="inform_head", unit_head_notified_at=at(minutes=5), risk_refs=["R-1"])
    action(desk, "A-1", "verify")
    assert failed(desk.record(TYPE, INCIDENT, **CLOSE)) == {"IN4": "risk_not_reviewed"}
    desk.record("risk_assessment", "risk/R-1", risk_point="Bay 3", activity="Filling", hazard_source="vapour")
    assert failed(desk.record("risk_assessment", "risk/R-1", **assess)) == {}
    assert failed(desk.record(TYPE, INCIDENT, **CLOSE)) == {}


# IN5


FIRST = {
    "unit_name": "Bay operations", "scene": "bay closed off", "immediate_actions": "foam laid", **COUNTS,
}  # fmt: skip


@pytest.mark.parametrize("left_out", ["", *sorted(set(FIRST) - {"minor_injuries"})])
def test_IN5_the_first_report_has_every_part(left_out: str) -> None:
    desk = reported()
    payload = {name: value for name, value in FIRST.items() if name != left_out}
    judgement = desk.record(
        TYPE, INCIDENT, event="notify_authority", authority_reported_at=at(minutes=9), authority="Bureau",
        unit_head_notified_at=at(minutes=1), **payload,
    )  # fmt: skip
    assert failed(judgement).get("IN5") == (f"no_{left_out}" if left_out else None)


@pytest.mark.parametrize("left_out", ["", "unit_name", "rescue", "direct_causes", "nature", "prevention",
                                      "responsibility_conclusion"])  # fmt: skip
def test_IN5_the_final_report_has_every_part(left_out: str) -> None:
    desk = investigating()
    payload = {name: value for name, value in FINAL.items() if name != left_out}
    assert failed(desk.record(TYPE, INCIDENT, **payload)).get("IN5A") == (f"no_{left_out}" if left_out else None)
    assert desk.state(INCIDENT) == ("investigating" if left_out else "report_review")


# causes and the team


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [(["human_error"], "human_error_alone"), ([], "no_root_cause"), (["human_error", "training"], None)],
)
def test_IN6_human_error_alone_is_no_root_cause(kinds: list[str], reason: str | None) -> None:
    causes = [{"kind": kind, "text": "because"} for kind in kinds]
    assert failed(investigating().record(TYPE, INCIDENT, **{**FINAL, "root_causes": causes})).get("IN6") == reason


def test_IN7_every_member_of_the_team_declares_no_interest() -> None:
    desk = reported()
    desk.record(TYPE, INCIDENT, event="inform_head", unit_head_notified_at=at(minutes=5))
    triage(desk)
    for team, reason in (([], "no_team"), ([*TEAM, {**TEAM[0], "no_interest": False}], "interest_not_declared")):
        assert failed(desk.record(TYPE, INCIDENT, event="investigate", team=team))["IN7"] == reason


# categories


@pytest.mark.parametrize(
    ("day", "scheme", "code", "reason"),
    [
        (datetime(2026, 6, 30, 15, 59, tzinfo=UTC), "GB/T 6441-1986", "08", None),
        (datetime(2026, 6, 30, 15, 59, tzinfo=UTC), "GB/T 6441-1986", "21", "unknown_category"),
        (datetime(2026, 6, 30, 15, 59, tzinfo=UTC), "GB 6441-2025", "08", "other_scheme"),
        (datetime(2026, 6, 30, 16, 0, tzinfo=UTC), "GB/T 6441-1986", "08", "other_scheme"),
        (datetime(2026, 6, 30, 16, 0, tzinfo=UTC), "GB 6441-2025", "08", "table_not_loaded"),
    ],
)
def test_IN9_the_category_belongs_to_the_classification_of_the_day(
    day: datetime, scheme: str, code: str, reason: str | None
) -> None:
    desk = Desk(day)
    desk.record(TYPE, INCIDENT, **REPORT)
    assert failed(triage(desk, category_scheme=scheme, category_code=code)).get("IN9") == reason


@pytest.mark.parametrize(
    ("at_triage", "at_investigation", "reason"),
    [
        (CATEGORY, {}, None),
        ({}, CATEGORY, None),
        ({}, {}, "category_missing"),
        ({}, {"category_code": "18"}, "category_missing"),
    ],
)
def test_IN9_the_category_is_given_before_the_investigation_starts(
    at_triage: dict[str, str], at_investigation: dict[str, str], reason: str | None
) -> None:
    desk = reported()
    triage(desk, **at_triage)
    judgement = desk.record(TYPE, INCIDENT, event="investigate", team=TEAM, **at_investigation)
    assert failed(judgement).get("IN9.given") == reason
    assert judgement.blocked() is (None if reason is None else Severity.SOFT)


def test_a_correction_stands_where_the_record_stood_that_it_replaces() -> None:
    desk = investigating()
    first = desk.facts.about(INCIDENT)[0]
    desk.wait(days=1).record(TYPE, INCIDENT, supersedes=first.record_id, occurred=START - timedelta(days=2), **REPORT)
    desk.clock = START + timedelta(days=58)
    assert "IN3B" not in failed(desk.record(TYPE, INCIDENT, **FINAL))
    assert failed(supplement(desk, START + timedelta(days=28) + TICK)) == {"IN3": "window_closed"}


def test_times_at_the_end_of_the_calendar_are_undecidable_and_never_raise() -> None:
    last = "9999-12-31T23:59:59Z"
    head = Desk().record(TYPE, INCIDENT, **REPORT, deaths=1, unit_head_notified_at=last)
    assert failed(head) == {"IN1": "out_of_range"}


def test_IN1_stating_the_heads_time_again_does_not_move_the_hour() -> None:
    desk = reported(deaths=1, unit_head_notified_at=at())
    desk.clock = START + timedelta(hours=3)
    told = {"authority_reported_at": at(hours=3), "authority": "Bureau", "unit_head_notified_at": at(hours=2.5)}
    assert failed(desk.record(TYPE, INCIDENT, event="notify_authority", **told))["IN1"] == "authority_told_late"
