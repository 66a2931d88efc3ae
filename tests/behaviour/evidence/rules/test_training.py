"""Trainings, credentials and appointments as they are judged: TR1 to TR6, each on both sides of its boundary."""

from __future__ import annotations

from typing import Any

import pytest

from evidence.records.predicates.scope import Undecidable
from tests.fakes.register import Register, at, failed, passes, utc

PERSON = "person/W-1"
CREDENTIAL = "credential/C-1"


class People(Register):
    """A register of one worker, W-1."""

    def train(self, kind: str, begun: str, ended: str, hours: str = "8", **changes: Any) -> Any:
        claims = {name: changes.pop(name) for name in ("supersedes",) if name in changes}
        payload = {
            "person_name": "王伟", "employer_type": "own", "post": "装卸操作员", "department": "仓储部",
            "training_type": kind, "course": kind, "syllabus_version": "2026.1", "provider": "Training centre",
            "trainer_ref": "T-1", "started_at": utc(begun), "ended_at": utc(ended),
            "hours": {"value": hours, "unit": "h"}, "delivery": "onsite", "exam_method": "written", "score": "80",
            "pass_mark": "70", "result": "pass", "attempt_no": 1,
        }  # fmt: skip
        whole = {key: value for key, value in (payload | changes).items() if value is not None}
        return self.record("training_record", PERSON, ended, whole, **claims)

    def levels(self, hours: str = "24", day: int = 2) -> list[Any]:
        kinds = ("level1_company", "level2_workshop", "level3_team")
        return [
            self.train(kind, f"2026-01-{day + 4 * n:02d} 08:00", f"2026-01-{day + 4 * n + 2:02d} 17:00", hours)
            for n, kind in enumerate(kinds)
        ]

    def apply(self, subject: str = CREDENTIAL, kind: str = "loading_manager", **changes: Any) -> Any:
        payload = {
            "event": "apply", "person_ref": "W-1", "credential_type": kind, "category": "hazmat_transport",
            "cert_no": f"N-{subject}", "issuer": "MoT", "valid_from": "2024-03-01", "valid_to": "2030-02-28",
        }  # fmt: skip
        return self.record("credential", subject, "2026-01-02 09:00", payload | changes)

    def verify(self, when: str = "2026-01-03 09:00", subject: str = CREDENTIAL) -> Any:
        payload = {"event": "verify", "verify_source": "registry", "verified_at": utc(when)}
        return self.record("credential", subject, when, payload)

    def event(self, name: str, when: str, effective: str, **payload: Any) -> Any:
        more = {"effective_at": utc(effective), "reason": "Checked"} if effective else {}
        return self.record("credential", CREDENTIAL, when, {"event": name, **more, **payload})

    def competent(self, when: str, post: str = "loading_manager") -> tuple[bool, tuple[str, ...]]:
        return self.ask("competent", "W-1", post, at(when), when=when)


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def manager(people: People) -> People:
    """W-1 is trained and holds a verified credential valid 2024-03-01 to 2030-02-28."""
    people.levels()
    people.apply()
    people.verify()
    return people


def test_a_sound_training_breaks_no_rule(people: People) -> None:
    assert failed(people.train("ppe", "2026-01-05 08:00", "2026-01-05 14:00")) == {}


def test_TR1_the_three_levels_reach_72_hours_together(people: People) -> None:
    *_, last = people.levels("24")
    assert passes(last, "TR1")


def test_TR1_an_hour_less_is_too_few(people: People) -> None:
    people.levels("24")
    short = People()
    short.train("level1_company", "2026-01-02 08:00", "2026-01-04 17:00", "24")
    short.train("level2_workshop", "2026-01-06 08:00", "2026-01-08 17:00", "24")
    last = short.train("level3_team", "2026-01-10 08:00", "2026-01-12 17:00", "23")
    assert failed(last) == {"TR1": "too_few_hours"}


def test_TR1_goes_by_the_class_of_industry(people: People) -> None:
    kinds = ("level1_company", "level2_workshop", "level3_team")
    judgements = [
        people.train(kind, f"2026-01-{n:02d} 08:00", f"2026-01-{n:02d} 16:00", "8", industry_class="general")
        for n, kind in enumerate(kinds, 5)
    ]
    assert [failed(judgement) for judgement in judgements] == [{}, {}, {}]


@pytest.mark.parametrize(("kind", "enough", "short"), [
    ("manager_initial", "48", "47"), ("manager_refresher", "16", "15"), ("annual_refresher", "20", "19"),
])  # fmt: skip
def test_TR1_hours_of_one_record(kind: str, enough: str, short: str) -> None:
    assert failed(People().train(kind, "2026-02-01 08:00", "2026-02-09 17:00", enough)) == {}
    assert failed(People().train(kind, "2026-02-01 08:00", "2026-02-09 17:00", short)) == {"TR1": "too_few_hours"}


def test_TR1_yearly_hours_add_up_within_the_sites_calendar_year(people: People) -> None:
    people.train("annual_refresher", "2025-12-29 08:00", "2025-12-31 23:59", "10", partial=True)
    second = people.train("annual_refresher", "2026-01-05 08:00", "2026-01-06 17:00", "10")
    assert failed(second) == {"TR1": "too_few_hours"}
    third = people.train("annual_refresher", "2026-02-05 08:00", "2026-02-06 17:00", "10")
    assert failed(third) == {}


def test_TR1_waits_for_the_last_of_several_sessions(people: People) -> None:
    first = people.train("annual_refresher", "2026-01-05 08:00", "2026-01-06 17:00", "10", partial=True)
    assert first.result("TR1") is None


def test_TR2_no_post_before_all_three_levels(people: People) -> None:
    people.train("level1_company", "2026-01-02 08:00", "2026-01-04 17:00", "24")
    people.train("level2_workshop", "2026-01-06 08:00", "2026-01-08 17:00", "24")
    assert appoint(people, "2026-01-20 08:00").result("TR2").reason == "training_missing"
    people.train("level3_team", "2026-01-10 08:00", "2026-01-12 17:00", "24")
    assert failed(appoint(people, "2026-01-20 08:00")) == {}


def test_TR2_counts_from_the_minute_at_which_the_last_level_ended(people: People) -> None:
    people.levels()
    ended = "2026-01-12 17:00"
    assert people.ask("fit_for_post", "W-1", "装卸操作员", at("2026-01-12 16:59")) == (False, ("training_missing",))
    assert people.ask("fit_for_post", "W-1", "装卸操作员", at(ended)) == (True, ())


def test_TR2_a_failed_level_is_no_level(people: People) -> None:
    people.train("level1_company", "2026-01-02 08:00", "2026-01-04 17:00", "24", score="60", result="fail")
    people.train("level2_workshop", "2026-01-06 08:00", "2026-01-08 17:00", "24")
    people.train("level3_team", "2026-01-10 08:00", "2026-01-12 17:00", "24")
    assert people.ask("fit_for_post", "W-1", "x", at("2026-02-01 08:00")) == (False, ("training_missing",))


def test_TR2_TR3_a_driver_of_a_carrier_needs_no_entry_training(people: People) -> None:
    assert people.ask("fit_for_post", "W-1", "driver", at("2026-02-01 08:00"))[0]
    assert people.competent("2026-02-01 08:00", "driver") == (False, ("no_credential",))


@pytest.mark.parametrize(("when", "expected"), [
    ("2030-02-28 23:59:59.999999", ""), ("2030-03-01 00:00", "expired"),
])  # fmt: skip
def test_TR3_to_the_end_of_the_last_day_at_the_site(manager: People, when: str, expected: str) -> None:
    manager.train("hazmat_transport", "2030-01-05 08:00", "2030-01-05 17:00")
    assert manager.competent(when) == (not expected, (expected,) if expected else ())


@pytest.mark.parametrize(("when", "good"), [("2026-05-31 23:59:59", False), ("2026-06-01 00:00", True)])
def test_TR3_from_the_start_of_the_first_day_at_the_site(people: People, when: str, good: bool) -> None:
    people.levels()
    people.apply(valid_from="2026-06-01")
    people.verify()
    assert people.competent(when) == (good, () if good else ("not_yet_valid",))


def test_TR3_a_credential_counts_from_its_verification(people: People) -> None:
    people.levels()
    people.apply()
    assert people.competent("2026-01-20 08:00") == (False, ("not_verified",))
    people.verify("2026-01-20 08:00")
    assert people.competent("2026-01-20 07:59") == (False, ("not_verified",))
    assert people.competent("2026-01-20 08:00") == (True, ())


def test_TR3_a_worker_cannot_verify_a_credential(people: People) -> None:
    people.levels()
    people.apply()
    payload = {"event": "verify", "verify_source": "manual", "verified_at": utc("2026-01-03 09:00")}
    refused = people.record("credential", CREDENTIAL, "2026-01-03 09:00", payload, role="worker")
    assert failed(refused) == {"LC2": "wrong_role"}
    assert people.competent("2026-01-20 08:00") == (False, ("not_verified",))


def test_TR3_a_revocation_counts_from_its_effective_minute(manager: People) -> None:
    manager.event("revoke", "2026-03-10 15:00", "2026-03-04 09:12")
    assert manager.competent("2026-03-04 09:11") == (True, ())
    assert manager.competent("2026-03-04 09:12") == (False, ("revoked",))


def test_TR3_what_is_recorded_later_is_not_known_earlier(manager: People) -> None:
    earlier = manager.scope("2026-03-04 12:00")
    manager.event("revoke", "2026-03-10 15:00", "2026-03-04 09:12")
    from evidence.records.predicates.competence import competent
    from evidence.records.rules.horizon import Horizon

    earlier.facts = Horizon(manager.facts, earlier.candidate.index)
    assert competent(earlier, "W-1", "loading_manager", at("2026-03-04 12:00"))


def test_TR3_suspended_between_two_minutes(manager: People) -> None:
    manager.event("suspend", "2026-03-01 10:00", "2026-03-01 10:00")
    manager.event("resume", "2026-03-05 10:00", "2026-03-05 10:00")
    answers = [manager.competent(f"2026-03-{when}") for when in ("01 09:59", "01 10:00", "05 09:59", "05 10:00")]
    assert [good for good, _ in answers] == [True, False, False, True]
    assert answers[1][1] == ("suspended",)


def test_TR3_a_renewal_leaves_no_gap_and_does_not_reach_back(people: People) -> None:
    people.levels()
    people.apply(valid_to="2026-03-31")
    people.verify()
    renewal = {"valid_from": "2026-05-01", "valid_to": "2032-04-30", "verify_source": "registry"}
    people.event("renew", "2026-04-20 10:00", "", verified_at=utc("2026-04-20 09:00"), **renewal)
    answers = {when: people.competent(f"2026-{when}")[0] for when in ("03-31 23:59", "04-01 00:00", "05-01 00:00")}
    assert list(answers.values()) == [True, False, True]


def test_TR3_of_two_terms_from_one_day_the_later_record_counts(manager: People) -> None:
    term = {"valid_from": "2024-03-01", "valid_to": "2026-03-31", "verify_source": "registry"}
    manager.event("renew", "2026-02-20 10:00", "", verified_at=utc("2026-02-20 09:00"), **term)
    assert manager.competent("2026-03-31 23:59") == (True, ())
    assert manager.competent("2026-04-01 00:00") == (False, ("expired",))


def test_TR3_a_review_that_is_due_stops_the_credential_until_it_is_done(people: People) -> None:
    people.levels()
    people.apply(review_due="2026-03-01")
    people.verify()
    people.event("review", "2026-03-15 10:00", "", reviewed_on="2026-03-10", review_due="2029-03-10")
    answers = [people.competent(f"2026-03-{when}") for when in ("01 23:59", "02 00:00", "10 00:00")]
    assert answers == [(True, ()), (False, ("credential_review_overdue",)), (True, ())]


def test_TR3_required_trainings_grow_old(manager: People) -> None:
    assert manager.competent("2027-01-12 23:59") == (True, ())
    assert manager.competent("2027-01-13 00:00") == (False, ("training_too_old",))


def test_TR3_a_correction_replaces_the_record_it_corrects(people: People) -> None:
    people.levels()
    people.apply(valid_to="2036-02-28")
    wrong = people.last
    people.verify()
    assert people.competent("2030-03-01 09:00")[1] == ("training_too_old",)
    people.record(
        "credential", CREDENTIAL, "2026-01-05 09:00",
        {"event": "apply", "person_ref": "W-1", "credential_type": "loading_manager", "category": "hazmat_transport",
         "cert_no": f"N-{CREDENTIAL}", "issuer": "MoT", "valid_from": "2024-03-01", "valid_to": "2026-02-28"},
        supersedes=wrong,
    )  # fmt: skip
    assert people.competent("2026-03-01 00:00") == (False, ("expired",))


def test_TR3_an_erased_credential_is_undecidable_not_absent(manager: People) -> None:
    bare = People()
    for fact in (*manager.facts.about(PERSON), *manager.facts.about(CREDENTIAL)):
        bare.keep(fact)
    hidden = bare.fact("credential", "credential/C-2", "2026-01-02 09:00", {"event": "apply"}, role="hr")
    bare.facts.add(hidden, [PERSON])
    bare.index += 1
    bare.verify("2026-01-03 09:00", "credential/C-2")
    assert bare.competent("2026-03-04 09:12") == (True, ())
    bare.event("revoke", "2026-03-01 09:00", "2026-03-01 09:00")
    with pytest.raises(Undecidable, match="erased"):
        bare.competent("2026-03-04 09:12")


def test_TR3_what_certainly_fails_decides_over_what_is_erased(people: People) -> None:
    hidden = people.fact("credential", "credential/C-2", "2026-01-02 09:00", {"event": "apply"}, role="hr")
    people.facts.add(hidden, [PERSON])
    people.index += 1
    people.verify("2026-01-03 09:00", "credential/C-2")
    assert people.competent("2026-03-04 09:12")[0] is False
    with pytest.raises(Undecidable, match="erased"):
        people.competent("2026-03-04 09:12", "driver")


def test_TR3_an_appointment_needs_every_credential(manager: People) -> None:
    assert failed(appoint(manager, "2026-02-01 08:00", post="loading_manager")) == {}
    manager.train("hazmat_transport", "2030-01-05 08:00", "2030-01-05 17:00")
    late = appoint(manager, "2030-03-01 00:00", post="loading_manager", subject="appointment/A-2")
    assert failed(late) == {"TR3": "expired"}


def test_TR3_terms_and_numbers_of_credentials_are_checked(people: People) -> None:
    assert failed(people.apply(valid_to="2030-03-01")) == {}
    over = people.apply("credential/C-2", valid_to="2030-03-02", cert_no="N-2")
    assert failed(over) == {"TR3.term": "term_too_long"}
    reversed_ = people.apply("credential/C-3", valid_to="2024-03-01", cert_no="N-3")
    assert failed(reversed_) == {"TR3.term": "ends_before_it_begins"}
    twice = people.apply("credential/C-4", cert_no="N-3")
    assert failed(twice) == {"TR3.unique": "certificate_twice"}


def test_TR3_special_operations_are_reviewed_every_three_years(people: People) -> None:
    terms = {"category": "special_operation", "valid_to": "2030-03-01"}
    assert failed(people.apply("credential/S-1", review_due="2027-03-01", **terms)) == {}
    late = people.apply("credential/S-2", review_due="2027-03-02", **terms)
    assert failed(late) == {"TR3.review": "review_too_late"}
    long = people.apply("credential/S-3", review_due="2030-03-01", long_practice=True, **terms)
    assert failed(long) == {}
    assert failed(people.apply("credential/S-4", **terms)) == {"TR3.review": "no_review_due"}


def test_TR4_reminders_90_60_30_and_7_days_before(manager: People) -> None:
    told = manager.deadlines("credential", CREDENTIAL, "2029-12-01 00:00")["TR4"].escalations
    assert [item.reached for item in told] == [True, False, False, False]
    assert [(at("2030-02-28 23:59:59.999999") - item.at).days for item in told] == [90, 60, 30, 7]
    assert manager.deadlines("credential", CREDENTIAL, "2031-01-01 00:00")["TR4"].soft


def test_TR4_due_soon_then_expired_at_the_minute(manager: People) -> None:
    states = {
        when: manager.ask("credential_due_soon", CREDENTIAL, at(when))[0]
        for when in ("2029-11-29 23:59", "2029-11-30 00:00", "2030-02-28 23:59", "2030-03-01 00:00")
    }
    assert list(states.values()) == [False, True, True, False]
    assert manager.ask("credential_expired", CREDENTIAL, at("2030-02-28 23:59"))[0] is False
    assert manager.ask("credential_expired", CREDENTIAL, at("2030-03-01 00:00"))[0] is True


def test_TR4_an_expired_credential_locks_the_appointment(manager: People) -> None:
    appoint(manager, "2026-02-01 08:00", post="loading_manager")
    manager.train("hazmat_transport", "2030-01-05 08:00", "2030-01-05 17:00")
    assert manager.ask("appointment_locked", "appointment/A-1", at("2030-02-28 23:59"))[0] is False
    assert manager.ask("appointment_locked", "appointment/A-1", at("2030-03-01 00:00"))[0] is True


def test_TR5_trainings_may_touch_but_not_overlap(people: People) -> None:
    people.train("ppe", "2026-01-05 08:00", "2026-01-05 10:00", "2")
    assert failed(people.train("emergency", "2026-01-05 10:00", "2026-01-05 12:00", "2")) == {}
    overlap = people.train("new_process", "2026-01-05 11:59", "2026-01-05 14:00", "2")
    assert failed(overlap) == {"TR5": "overlapping"}
    assert overlap.result("TR5").inputs == (1,)


def test_TR5_a_correction_does_not_overlap_what_it_corrects(people: People) -> None:
    people.train("ppe", "2026-01-05 08:00", "2026-01-05 10:00", "2")
    assert failed(people.train("ppe", "2026-01-05 08:00", "2026-01-05 11:00", "2", supersedes=people.last)) == {}


def test_TR5_twelve_hours_a_day_are_the_most(people: People) -> None:
    people.train("ppe", "2026-01-05 00:00", "2026-01-05 08:00", "8")
    assert failed(people.train("emergency", "2026-01-05 20:00", "2026-01-06 00:00", "4")) == {}
    more = people.train("toolbox", "2026-01-05 12:00", "2026-01-05 13:00", "1")
    assert failed(more) == {"TR5.day": "too_many_hours_a_day"}


def test_TR5_a_day_is_a_day_of_the_site(people: People) -> None:
    people.train("ppe", "2026-01-05 12:00", "2026-01-06 00:00", "12")
    assert failed(people.train("emergency", "2026-01-06 00:00", "2026-01-06 10:00", "12")) == {}


def test_TR6_a_fail_is_not_written_over(people: People) -> None:
    people.levels()
    people.train("hazmat_transport", "2026-02-02 08:00", "2026-02-02 16:00", score="60", result="fail")
    failing = people.last
    overwrite = people.train("hazmat_transport", "2026-02-02 08:00", "2026-02-02 16:00", supersedes=failing)
    assert failed(overwrite) == {"TR6": "fail_overwritten"}
    again = people.train("hazmat_transport", "2026-02-02 08:00", "2026-02-02 16:00", supersedes=people.last)
    assert failed(again)["TR6"] == "fail_overwritten"


def test_TR6_a_pass_over_a_fail_never_counts_even_unjudged(people: People) -> None:
    people.train("level1_company", "2026-01-02 08:00", "2026-01-04 17:00", "24", score="60", result="fail")
    first = people.last
    payload = {"training_type": "level1_company", "result": "pass", "ended_at": utc("2026-01-04 17:00")}
    people.keep(people.fact("training_record", PERSON, "2026-01-05 08:00", payload, supersedes=first))
    people.train("level2_workshop", "2026-01-06 08:00", "2026-01-08 17:00", "24")
    people.train("level3_team", "2026-01-10 08:00", "2026-01-12 17:00", "24")
    assert people.ask("fit_for_post", "W-1", "x", at("2026-02-01 08:00")) == (False, ("training_missing",))


def test_TR6_another_attempt_is_a_record_with_the_next_number(people: People) -> None:
    people.train("emergency", "2026-02-02 08:00", "2026-02-02 12:00", "4", score="60", result="fail")
    wrong = people.train("emergency", "2026-02-03 08:00", "2026-02-03 12:00", "4", score="65", result="fail")
    assert failed(wrong) == {"TR6.attempt": "attempt_does_not_follow"}
    right = people.train("emergency", "2026-02-04 08:00", "2026-02-04 12:00", "4", attempt_no=3)
    assert failed(right) == {}
    next_year = people.train("emergency", "2027-02-04 08:00", "2027-02-04 12:00", "4")
    assert failed(next_year) == {}


@pytest.mark.parametrize(("changes", "reason"), [
    ({"score": "69.9"}, "result_against_score"), ({"score": "70"}, ""), ({"score": None}, "result_without_ground"),
    ({"score": None, "assessor_ref": "T-2"}, ""), ({"score": None, "exam_method": "none"}, ""),
])  # fmt: skip
def test_results_follow_from_scores(people: People, changes: dict[str, Any], reason: str) -> None:
    judgement = people.train("ppe", "2026-01-05 08:00", "2026-01-05 14:00", **changes)
    assert failed(judgement) == ({"TR.result": reason} if reason else {})


@pytest.mark.parametrize(("ended", "reason"), [
    ("2026-01-05 09:30", ""), ("2026-01-05 09:29:59", "more_hours_than_time"),
    ("2026-01-05 08:00", "ends_before_it_begins"),
])  # fmt: skip
def test_hours_fit_between_start_and_end(people: People, ended: str, reason: str) -> None:
    judgement = people.train("ppe", "2026-01-05 08:00", ended, "2")
    assert failed(judgement).get("TR.time", "") == reason


def test_who_was_away_for_long_is_trained_again(manager: People) -> None:
    back: dict[str, Any] = {"post": "loading_manager", "off_post_months": 6}
    assert failed(appoint(manager, "2026-12-01 08:00", **back)) == {"TR.return": "not_trained_on_return"}
    manager.train("transfer_return", "2026-12-02 08:00", "2026-12-02 17:00")
    assert failed(appoint(manager, "2026-12-03 08:00", subject="appointment/A-2", **back)) == {}


def appoint(people: Register, when: str, subject: str = "appointment/A-1", post: str = "x", **more: Any) -> Any:
    payload = {
        "event": "appoint", "person_ref": "W-1", "post": post, "department": "仓储部", "valid_from": "2026-01-20",
        "appointed_by": "H-1",
    }  # fmt: skip
    return people.record("role_appointment", subject, when, payload | more)


def test_TR3_a_review_is_due_after_its_period_where_no_day_is_named(people: People) -> None:
    people.levels()
    people.apply(
        kind="special_operation_electrical", category="special_operation", valid_from="2024-03-01",
        valid_to="2030-02-28",
    )  # fmt: skip
    people.verify()
    assert people.competent("2027-03-01 23:59", "electrician") == (True, ())
    assert people.competent("2027-03-02 00:00", "electrician") == (False, ("credential_review_overdue",))


def test_TR3_nobody_lengthens_a_verified_certificate_of_his_own(people: People) -> None:
    longer = {
        "event": "apply", "person_ref": "W-1", "credential_type": "loading_manager", "category": "hazmat_transport",
        "cert_no": "N-1", "issuer": "MoT", "valid_from": "2024-03-01", "valid_to": "2030-02-28",
    }  # fmt: skip
    people.apply(valid_to="2026-12-31", cert_no="N-1")
    first = people.facts.about(CREDENTIAL)[0].record_id
    early = people.record("credential", CREDENTIAL, "2026-01-02 10:00", longer, supersedes=first, role="worker")
    assert failed(early) == {}
    people.verify()
    mine = people.record("credential", CREDENTIAL, "2026-01-04 09:00", longer, supersedes=first, role="worker")
    assert failed(mine) == {"TR3.correction": "verified_before"}
    theirs = people.record("credential", CREDENTIAL, "2026-01-04 10:00", longer, supersedes=first, role="hr")
    assert failed(theirs) == {}
