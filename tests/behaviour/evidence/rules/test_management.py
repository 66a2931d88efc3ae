"""Actions, nonconformities, drills, consultation, law, audits and the rest: nothing closes while something is open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from evidence.records.deadline_state import DeadlineState
from evidence.records.facts import Fact, MemoryFacts
from evidence.records.judgement import Judgement, Outcome
from tests.fakes.actions import DONE, OPEN, VERIFY, act
from tests.fakes.desk import START, TICK, Desk, at, catalogue, engine, failed, photo

# actions


def test_AC1_the_owner_does_not_verify() -> None:
    desk = Desk()
    assert act(desk, OPEN, DONE, {**VERIFY, "verifier_ref": "P-7"}) == {"AC1": "verifier_is_owner"}
    assert desk.state("action/A-1") == "done"
    assert act(desk, VERIFY) == {}
    assert desk.state("action/A-1") == "verified"


def test_AC1_an_owner_who_passed_it_on_does_not_verify_either() -> None:
    handed = {"event": "reassign", "owner_ref": "P-9"}
    assert act(Desk(), OPEN, handed, DONE, {**VERIFY, "verifier_ref": "P-7"}) == {"AC1": "verifier_is_owner"}


def test_AC2_each_extension_is_an_event_with_a_reason_and_never_erases_a_breach() -> None:
    desk = Desk()
    later = {"event": "extend", "due_at": at(days=20), "extension_reason": "part is late"}
    assert act(desk, OPEN, {**later, "due_at": at(days=10)}) == {"AC2": "not_an_extension"}
    desk.clock = START + timedelta(days=10) + TICK
    desk.record("action", "action/A-1", **later)
    first, second = desk.deadlines("action", "action/A-1", desk.clock)["AC10"]
    assert (first.state, first.breached_at) == (DeadlineState.MET_LATE, START + timedelta(days=10))
    assert (second.state, second.due) == (DeadlineState.RUNNING, START + timedelta(days=20))


def test_AC3_photos_are_asked_for_where_the_action_says_so() -> None:
    before, after = photo("photo_before", "b0"), photo("photo_after", "c0")
    needed = {**OPEN, "photo_needed": True, "attachments": [before]}
    assert act(Desk(), needed, DONE) == {"AC3": "no_after_photo"}
    assert act(Desk(), needed, {**DONE, "attachments": [{**before, "role": "photo_after"}]}) == {"AC3": "same_photo"}
    assert act(Desk(), needed, {**DONE, "attachments": [after]}) == {}
    assert act(Desk(), {**OPEN, "photo_needed": False}, DONE) == {}
    unknown = act(Desk(), {**OPEN, "photo_needed": True}, {**DONE, "attachments": [after]})
    assert unknown["AC3"] == "no_before_photo"


def test_AC5_the_effect_is_checked_on_its_day_at_the_site() -> None:
    desk = Desk()
    act(desk, OPEN, DONE, VERIFY)
    verdict = {"event": "effective", "effectiveness": "effective", "effectiveness_text": "no contact in a month"}
    desk.clock = START.replace(month=4, day=1, hour=16) - TICK - timedelta(minutes=1)
    assert act(desk, verdict) == {"AC5": "check_too_early"}
    desk = Desk()
    act(desk, OPEN, DONE, VERIFY)
    desk.clock = START.replace(month=4, day=1, hour=16) - timedelta(minutes=1)
    assert act(desk, verdict) == {}
    assert desk.state("action/A-1") == "effective"


def test_AC6_a_corrective_action_names_its_level_of_control() -> None:
    payload = {name: value for name, value in OPEN.items() if name != "control_level"}
    assert act(Desk(), payload) == {"AC6": "no_control_level"}
    assert act(Desk(), {**payload, "action_type": "immediate"}) == {}


def test_an_ineffective_action_is_opened_again() -> None:
    desk = Desk()
    act(desk, OPEN, DONE, {**VERIFY, "next_check": "2026-03-02"})
    verdict = {"event": "ineffective", "effectiveness": "not_effective", "effectiveness_text": "it came loose"}
    act(desk, verdict)
    assert desk.state("action/A-1") == "ineffective"
    act(desk, {"event": "reopen", "owner_ref": "P-7", "due_at": at(days=40)})
    assert desk.state("action/A-1") == "open"
    assert desk.shown("action", "action/A-1", START + timedelta(days=41)) == "overdue"


# nonconformities


RAISE: dict[str, Any] = {
    "source": "audit", "requirement_ref": "8.1.2", "requirement_text": "controls before equipment to wear",
    "statement": "gloves instead of a guard", "evidence_refs": ["inspection/I-9"], "grade": "minor",
}  # fmt: skip
ANALYSE: dict[str, Any] = {"event": "analyse", "causes": [{"kind": "design", "text": "no guard planned"}]}
PLAN: dict[str, Any] = {"event": "plan", "actions": ["A-1"]}
CLOSE: dict[str, Any] = {
    "event": "close", "evaluation": "guard holds", "closed_at": at(days=30), "similar_elsewhere": "line 2",
}  # fmt: skip


def nonconformity(desk: Desk, *payloads: dict[str, Any]) -> dict[str, str]:
    judgement: Judgement | None = None
    for payload in payloads:
        judgement = desk.record("nonconformity", "nonconformity/N-1", **payload)
    assert judgement is not None
    return failed(judgement)


@pytest.mark.parametrize("left_out", ["requirement_text", "evidence_refs"])
def test_NC1_requirement_evidence_and_failure_are_stated(left_out: str) -> None:
    payload = {name: value for name, value in RAISE.items() if name != left_out}
    assert nonconformity(Desk(), payload) == {"NC1": "statement_incomplete"}


def test_NC2_not_open_without_a_plan() -> None:
    desk = Desk()
    assert nonconformity(desk, RAISE, ANALYSE, {**PLAN, "actions": []}) == {"NC2": "no_action"}
    assert nonconformity(desk, PLAN) == {"NC2": "unknown_action"}
    act(desk, OPEN)
    assert nonconformity(desk, PLAN) == {}
    assert desk.state("nonconformity/N-1") == "open"


def test_NC3_human_error_alone_is_no_cause() -> None:
    blamed = {"event": "analyse", "causes": [{"kind": "human_error", "text": "careless"}]}
    assert nonconformity(Desk(), RAISE, blamed) == {"NC3": "human_error_alone"}


def test_NC4_not_closed_without_all_actions_verified() -> None:
    desk = Desk()
    act(desk, OPEN)
    act(desk, OPEN, name="A-2")
    nonconformity(desk, RAISE, ANALYSE, {**PLAN, "actions": ["A-1", "A-2"]})
    act(desk, DONE, VERIFY)
    assert nonconformity(desk, CLOSE) == {"NC4": "action_open"}
    act(desk, DONE, VERIFY, name="A-2")
    assert nonconformity(desk, CLOSE) == {}
    assert desk.state("nonconformity/N-1") == "closed"


# drills


DRILL: dict[str, Any] = {
    "event": "hold", "plan_ref": "EP-1", "drill_type": "special", "form": "full", "unit_class": "hazmat",
    "held_at": at(), "participants": ["P-1", "P-2"],
}  # fmt: skip


def test_ED1_closed_only_when_every_problem_has_a_verified_action() -> None:
    desk = Desk()
    desk.record("emergency_drill", "drill/D-1", **DRILL)
    problem = {"text": "siren unheard in bay 4"}
    evaluation = {"event": "evaluate", "evaluation": "siren too quiet", "evaluation_result": "adequate"}
    assert failed(desk.record("emergency_drill", "drill/D-1", **evaluation, problems=[problem])) == {
        "ED3": "problem_without_action"
    }
    closing: dict[str, Any] = {"event": "close", "problems": [problem]}
    assert failed(desk.record("emergency_drill", "drill/D-1", **closing)) == {"ED1": "problem_without_action"}
    closing["problems"] = [{**problem, "action_ref": "A-1"}]
    act(desk, OPEN)
    assert failed(desk.record("emergency_drill", "drill/D-1", **closing)) == {"ED1": "action_open"}
    act(desk, DONE, VERIFY)
    assert failed(desk.record("emergency_drill", "drill/D-1", **closing)) == {}
    assert desk.state("drill/D-1") == "closed"


@pytest.mark.parametrize(
    ("changes", "days", "reason"),
    [
        ({}, 184, None), ({}, 185, "drill_overdue"), ({"unit_class": "other"}, 365, None),
        ({"unit_class": "other"}, 366, "drill_overdue"), ({"unit_class": "other", "drill_type": "on_site"}, 185,
                                                          "drill_overdue"),
    ],
)  # fmt: skip
def test_ED2_drills_of_a_plan_follow_each_other_in_time(changes: dict[str, Any], days: int, reason: str | None) -> None:
    desk = Desk()
    desk.record("emergency_drill", "drill/D-1", **{**DRILL, **changes})
    desk.record("emergency_drill", "drill/D-9", **{**DRILL, **changes, "plan_ref": "EP-2"})
    desk.wait(days=days)
    judgement = desk.record("emergency_drill", "drill/D-2", **{**DRILL, **changes})
    assert failed(judgement).get("ED2") == reason


def test_ED10_a_planned_drill_not_held_is_shown_as_overdue() -> None:
    desk = Desk()
    plan = {name: value for name, value in DRILL.items() if name not in ("event", "held_at", "participants")}
    desk.record("emergency_drill", "drill/D-1", **plan, scenario="tank fire", planned_at=at(days=3))
    due = START + timedelta(days=3)
    assert desk.shown("emergency_drill", "drill/D-1", due) == "planned"
    assert desk.shown("emergency_drill", "drill/D-1", due + TICK) == "overdue"
    assert desk.deadline("emergency_drill", "drill/D-1", "ED10", due + TICK).state is DeadlineState.BREACHED


# consultation and law


@pytest.mark.parametrize(
    ("attendees", "count", "reason"),
    [
        ([("P-1", "manager")], None, "no_worker_attended"), ([("P-1", "manager"), ("P-2", "worker")], 1, None),
        ([("P-2", "worker"), ("P-2", "worker")], 2, "count_differs"), ([("P-2", "representative")], None, None),
    ],
)  # fmt: skip
def test_CN1_at_least_one_worker_attends(attendees: Any, count: int | None, reason: str | None) -> None:
    listed = [{"person_ref": person, "role": role} for person, role in attendees]
    payload = {"topic": "new gloves", "kind": "consult", "held_on": "2026-03-02", "outcome": "trial"}
    extra = {} if count is None else {"non_managerial_count": count}
    judgement = Desk().record("consultation_record", "consultation/C-1", **payload, **extra, attendees=listed)
    assert failed(judgement).get("CN1") == reason


def test_CN2_a_consultation_has_an_outcome() -> None:
    payload = {"topic": "gloves", "kind": "consult", "held_on": "2026-03-02"}
    people = [{"person_ref": "P-2", "role": "worker"}]
    judgement = Desk().record("consultation_record", "consultation/C-1", **payload, attendees=people)
    assert failed(judgement) == {"CN2": "no_outcome"}


REQUIREMENT: dict[str, Any] = {
    "instrument": "安全生产法", "article": "41", "kind": "law", "duty": "hazards are recorded and made known",
    "effective_from": "2021-09-01", "applicability": "applies", "owner_ref": "P-3",
}  # fmt: skip
EVALUATION: dict[str, Any] = {
    "evaluated_on": "2026-03-02", "result": "compliant", "evaluator_ref": "P-4", "evidence_refs": ["hazard/H-1"],
    "next_due": "2027-03-02",
}  # fmt: skip


def test_CE1_an_evaluation_is_at_most_twelve_months_old() -> None:
    desk = Desk()
    desk.record("legal_requirement", "requirement/Q-1", **REQUIREMENT)
    late = {**EVALUATION, "next_due": "2027-03-03"}
    assert failed(desk.record("compliance_evaluation", "requirement/Q-1", **late)) == {"CE1": "interval_too_long"}
    assert failed(desk.record("compliance_evaluation", "requirement/Q-1", **EVALUATION)) == {}
    end = START.replace(year=2027, hour=16)
    assert desk.shown("legal_requirement", "requirement/Q-1", end - TICK) == "in_force"
    assert desk.shown("legal_requirement", "requirement/Q-1", end) == "evaluation_due"


def test_CE1_the_next_evaluation_stops_the_clock_and_starts_another() -> None:
    desk = Desk()
    desk.record("compliance_evaluation", "requirement/Q-1", **EVALUATION)
    desk.wait(days=300)
    again = {**EVALUATION, "evaluated_on": "2026-12-27", "next_due": "2027-12-27"}
    desk.record("compliance_evaluation", "requirement/Q-1", **again)
    first, second = desk.deadlines("compliance_evaluation", "requirement/Q-1", desk.clock)["CE10"]
    assert (first.state, second.state) == (DeadlineState.MET, DeadlineState.RUNNING)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"result": "partly"}, {"CE2": "no_action"}),
        ({"result": "non_compliant", "nonconformity_ref": "N-1"}, {}),
        ({"result": "not_applicable"}, {"CE4": "no_reason"}),
    ],
)
def test_CE2_CE4_what_is_not_met_has_a_follow_up_and_what_does_not_apply_a_reason(
    changes: dict[str, Any], expected: dict[str, str]
) -> None:
    judgement = Desk().record("compliance_evaluation", "requirement/Q-1", **{**EVALUATION, **changes})
    assert failed(judgement) == expected


def test_LR3_a_new_version_asks_for_a_new_evaluation() -> None:
    desk = Desk()
    desk.record("legal_requirement", "requirement/Q-1", **REQUIREMENT)
    desk.record("compliance_evaluation", "requirement/Q-1", **EVALUATION)
    revision = {"event": "revise", "effective_from": "2026-05-01", "duty": "also by name of the law of 2026"}
    assert failed(desk.record("legal_requirement", "requirement/Q-1", **revision)) == {"LR3": "evaluation_needed"}
    assert desk.state("requirement/Q-1") == "evaluation_due"
    assert failed(desk.record("compliance_evaluation", "requirement/Q-1", **EVALUATION)) == {}
    assert desk.shown("legal_requirement", "requirement/Q-1", desk.clock) == "in_force"


# rounds, documents, access, reviews


ROUND: dict[str, Any] = {
    "event": "finish", "kind": "routine", "checklist": "tank farm", "checklist_version": "3", "inspector_refs": ["P-1"],
    "started_at": at(), "finished_at": at(minutes=30),
}  # fmt: skip


def walked(*items: dict[str, Any]) -> dict[str, str]:
    return failed(Desk().record("inspection_round", "inspection/I-1", **ROUND, items=list(items)))


def test_IR1_IR2_what_is_not_in_order_is_followed_up_and_what_is_left_out_explained() -> None:
    assert walked({"item": "dyke", "result": "not_ok"}) == {"IR1": "problem_without_action"}
    assert walked({"item": "dyke", "result": "not_ok", "hazard_ref": "H-1"}) == {}
    assert walked({"item": "dyke", "result": "na"}) == {"IR2": "no_reason"}
    assert walked({"item": "dyke", "result": "na", "na_reason": "empty tank"}) == {}


def test_IR3_five_checks_in_less_than_a_minute_were_ticked() -> None:
    def items(step: float) -> list[dict[str, Any]]:
        return [{"item": f"{n}", "result": "ok", "at": at(seconds=step * n)} for n in range(5)]

    assert walked(*items(15)) == {}
    assert walked(*items(14.999999)) == {"IR3": "ticked_in_bulk"}
    assert walked(*items(0)[:4]) == {}


def test_IR4_an_inspector_signs() -> None:
    desk = Desk()
    desk.record("inspection_round", "inspection/I-1", **ROUND, items=[{"item": "dyke", "result": "ok"}])
    sign = {"event": "sign", "signed_by": "P-2"}
    assert failed(desk.record("inspection_round", "inspection/I-1", **sign)) == {"IR4": "not_an_inspector"}
    assert failed(desk.record("inspection_round", "inspection/I-1", **{**sign, "signed_by": "P-1"})) == {}


def test_DV1_the_author_does_not_approve() -> None:
    desk = Desk()
    draft = {
        "title": "Emergency plan", "document_no": "EP-1", "kind": "emergency_plan", "edition": "2",
        "file_sha256": "a1" * 32, "author_ref": "P-1", "attachments": [photo("document", "a1")],
    }  # fmt: skip
    assert failed(desk.record("document_version", "document/EP-1", **draft)) == {}
    approve = {"event": "approve", "approved_by": "P-1"}
    assert failed(desk.record("document_version", "document/EP-1", **approve)) == {"DV1": "same_person"}
    assert failed(desk.record("document_version", "document/EP-1", **{**approve, "approved_by": "P-2"})) == {}
    force: dict[str, Any] = {"event": "put_in_force", "effective_from": "2026-03-02", "communicated_to": ["all"]}
    later = desk.record("document_version", "document/EP-1", **force, review_due="2029-03-03")
    assert failed(later) == {"DV3": "interval_too_long"}


GRANT: dict[str, Any] = {
    "event": "grant", "authority": "Emergency bureau", "mandate_ref": "2026-17", "purpose": "inspection",
    "scope_types": ["hazard_report"], "scope_sites": ["SH-1"], "period_from": "2026-01-01", "period_to": "2026-02-28",
    "personal_data": "masked", "expires_at": at(days=7), "granted_by": "P-9",
}  # fmt: skip
QUERY: dict[str, Any] = {
    "event": "query", "query_types": ["hazard_report"], "query_sites": ["SH-1"], "query_from": "2026-01-01",
    "query_to": "2026-02-28", "query_sha256": "0a" * 32, "result_count": 4,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"query_types": ["hazard_report", "incident"]}, "outside_scope"),
        ({"query_sites": ["SH-2"]}, "outside_scope"),
        ({"query_from": "2025-12-31"}, "outside_period"),
        ({"query_to": "2026-03-01"}, "outside_period"),
    ],
)
def test_RG1_a_query_stays_within_what_was_granted(changes: dict[str, Any], reason: str | None) -> None:
    desk = Desk()
    assert failed(desk.record("regulator_access", "grant/G-1", **GRANT)) == {}
    judgement = desk.record("regulator_access", "grant/G-1", role="regulator", **{**QUERY, **changes})
    assert failed(judgement).get("RG1") == reason


def test_RG1_a_grant_ends_by_itself() -> None:
    desk = Desk()
    desk.record("regulator_access", "grant/G-1", **GRANT)
    desk.clock = START + timedelta(days=7) - TICK
    assert failed(desk.record("regulator_access", "grant/G-1", **QUERY)) == {}
    desk.clock += TICK
    assert failed(desk.record("regulator_access", "grant/G-1", **QUERY)) == {"RG1": "grant_expired"}
    assert desk.shown("regulator_access", "grant/G-1", desk.clock + TICK) == "expired"


def test_MR1_MR2_a_review_has_every_input_and_output() -> None:
    topics = catalogue().tables.at("review-topics", START.date()).values
    inputs, outputs = ([{"topic": topic, "text": "seen"} for topic in _texts(topics[key])] for key in topics)
    payload = {
        "held_on": "2026-03-02", "period_from": "2025-03-01", "period_to": "2026-02-28", "chair_ref": "P-9",
        "next_due": "2027-03-01",
    }  # fmt: skip
    desk = Desk()
    assert failed(desk.record("management_review", "review/M-1", **payload, inputs=inputs, outputs=outputs)) == {}
    short = desk.record("management_review", "review/M-2", **payload, inputs=inputs[1:], outputs=outputs[1:])
    assert failed(short) == {"MR1": "topic_missing", "MR2": "topic_missing"}


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value]


@pytest.mark.parametrize(("better", "value", "holds"), [
    ("lower", "2", True), ("lower", "2.000", True), ("lower", "2.001", False), ("higher", "2", True),
    ("higher", "1.999", False),
])  # fmt: skip
def test_OB1_achieved_only_at_the_target(better: str, value: str, holds: bool) -> None:
    desk = Desk()
    goal = {
        "title": "fewer near misses", "indicator": "per month", "unit": "1", "baseline": "5", "target": "2",
        "better": better, "owner_ref": "P-3", "plan": "guards", "due_on": "2026-12-31",
    }  # fmt: skip
    desk.record("objective", "objective/O-1", **goal)
    judgement = desk.record("objective", "objective/O-1", event="achieve", measured_on="2026-12-01", value=value)
    assert failed(judgement) == ({} if holds else {"OB1": "target_missed"})


def test_CR1_CR2_CR3_a_change_is_assessed_approved_by_another_and_trained() -> None:
    desk = Desk()
    request = {"title": "new pump", "kind": "equipment", "reason": "wear", "requested_by": "P-1"}
    desk.record("change_request", "change/C-1", **request)
    review = {"event": "review", "risk_refs": ["R-1"]}
    assert failed(desk.record("change_request", "change/C-1", **review)) == {"CR3": "unknown_subject"}
    desk.record("risk_assessment", "risk/R-1", risk_point="Pump", activity="Run", hazard_source="rotation")
    assert failed(desk.record("change_request", "change/C-1", **review)) == {}
    approve = {"event": "approve", "approved_by": "P-1"}
    assert failed(desk.record("change_request", "change/C-1", **approve)) == {"CR1": "same_person"}
    desk.record("change_request", "change/C-1", **{**approve, "approved_by": "P-2"})
    use = {"event": "put_in_use"}
    assert failed(desk.record("change_request", "change/C-1", **use)) == {"CR2": "not_trained"}
    assert failed(desk.record("change_request", "change/C-1", **use, trained_refs=["P-4"])) == {}


def test_CX1_CX2_PI1_context_and_parties() -> None:
    context: dict[str, Any] = {
        "reviewed_on": "2026-03-02", "owner_ref": "P-9", "climate_relevant": True, "climate_reason": "heat in summer",
        "next_due": "2027-03-02", "issues": [{"kind": "internal", "text": "new line", "effect": "risk"}],
    }  # fmt: skip
    judgement = Desk().record("context_review", "context/X-1", **context)
    assert failed(judgement) == {"CX1": "one_side_only", "CX2": "no_climate_hazard"}
    party = {"name": "Neighbours", "kind": "neighbour", "reviewed_on": "2026-03-02"}
    needs = [{"text": "warning by siren", "becomes_duty": True}]
    result = Desk().record("interested_party", "party/N-1", **party, needs=needs).result("PI1")
    assert result is not None
    assert result.outcome is Outcome.FAIL


def test_IP1_a_proposal_is_carried_out_with_its_actions() -> None:
    desk = Desk()
    desk.record("improvement_proposal", "proposal/P-1", title="mirror at the corner")
    desk.record("improvement_proposal", "proposal/P-1", event="adopt", response_text="good", actions=["A-1"])
    carried = {"event": "carry_out", "effect": "no near miss since"}
    act(desk, OPEN)
    assert failed(desk.record("improvement_proposal", "proposal/P-1", **carried)) == {"IP1": "action_open"}
    act(desk, DONE, VERIFY)
    assert failed(desk.record("improvement_proposal", "proposal/P-1", **carried)) == {}


# clause maps


def test_the_clause_maps_name_types_of_the_catalogue_and_cover_what_types_claim() -> None:
    maps = catalogue().clause_maps
    iso = maps["iso-45001-2018"]
    for clause_map in maps.values():
        named = {record.type for clause in clause_map.clauses for record in clause.records}
        assert named <= set(catalogue().types)
    uncovered = {
        (record_type.id, clause)
        for record_type in catalogue().types.values()
        for clause in record_type.clauses
        if not iso.types_for(clause)
    }
    assert uncovered == set()


@pytest.mark.parametrize(
    ("rule", "record_type", "event", "done"),
    [
        ("CE1", "compliance_evaluation", "", "evaluated_on"),
        ("CX3", "context_review", "", "reviewed_on"),
        ("MR3", "management_review", "", "held_on"),
        ("RG3", "regulator_access", "grant", ""),
    ],
)
def test_CE1_CX3_MR3_RG3_the_next_is_within_the_tables_months(
    rule: str, record_type: str, event: str, done: str
) -> None:
    for end, reason in (("2027-03-02", ""), ("2027-03-03", "interval_too_long")):
        payload = {"event": event} if event else {done: "2026-03-02"}
        payload["expires_at" if event else "next_due"] = end + "T00:00:00Z" if event else end
        fact = Fact(0, "r-0", record_type, 1, f"{record_type}/X-1", START, START, "web", "key", {**payload})
        result = engine().judge(fact, MemoryFacts()).result(rule)
        assert result is not None
        assert result.reason == reason


def test_days_at_the_end_of_the_calendar_are_undecidable_and_never_raise() -> None:
    late = {**EVALUATION, "evaluated_on": "9999-12-31", "next_due": "9999-12-31"}
    judgement = Desk().record("compliance_evaluation", "requirement/Q-1", **late)
    assert failed(judgement) == {"CE1": "out_of_range"}


@pytest.mark.parametrize("changes", [{"due_at": at(days=900)}, {"owner_ref": "P-9"}])
def test_AC7_owner_and_due_time_change_by_their_own_events_only(changes: dict[str, Any]) -> None:
    desk = Desk()
    assert act(desk, OPEN, {"event": "start", **changes}) == {"AC7": "changed_elsewhere"}
    assert act(desk, {"event": "reassign", "owner_ref": "P-9", "due_at": at(days=900)}) == {"AC7": "changed_elsewhere"}
    assert act(desk, {"event": "reassign", "owner_ref": "P-9", "due_at": OPEN["due_at"]}) == {}
