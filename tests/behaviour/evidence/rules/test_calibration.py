"""Instruments and their certificates as they are judged: CA1 to CA7, each on both sides of its boundary."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from evidence.errors import Malformed
from evidence.records.facts import Fact
from evidence.records.impact import impact_list, review_due
from evidence.records.judgement import Severity
from evidence.records.lifecycle import display_state, fold
from evidence.records.predicates.calibration import in_calibration
from evidence.records.predicates.certificates import default_valid_until
from evidence.records.rules.horizon import Horizon
from tests.fakes.register import SITE_ZONE, Register, at, catalogue, engine, failed, utc

GAUGE = "equipment/PG-1"
OTHER = "equipment/PG-2"


def quantity(value: str, unit: str = "MPa") -> dict[str, str]:
    return {"value": value, "unit": unit}


PROPERTIES: dict[str, Any] = {
    "range_low": quantity("0"), "range_high": quantity("1.6"), "resolution": quantity("0.02"),
    "accuracy_class": "1.6", "max_permissible_error": quantity("0.0256"),
}  # fmt: skip


def certificate(sha256: str = "c" * 64) -> dict[str, Any]:
    return {"sha256": sha256, "size": 9, "media_type": "application/pdf", "name": "c.pdf", "role": "certificate"}


class Instruments(Register):
    """A register of one pressure gauge under mandatory verification, six months at a time."""

    def certify(self, performed: str = "2026-01-10", subject: str = GAUGE, *, when: str = "", **changes: Any) -> Any:
        claims = {name: changes.pop(name) for name in ("supersedes",) if name in changes}
        payload = {
            "equipment_name": "Gauge", "category": "pressure_gauge", "serial_no": "S-1",
            "metrology_class": "mandatory_verification", "procedure_ref": "JJG 52-2013", "interval_months": 6,
            "certificate_no": f"N-{subject[-4:]}-{performed}", "doc_type": "verification_certificate",
            "issuer": "Institute", "issuer_accreditation": "CNAS L1", "received_at": performed,
            "performed_at": performed, "issued_at": performed, "valid_until": None,
            "environment": {"temperature": quantity("20", "Cel"), "humidity": quantity("50", "%")},
            "reference_standards": [{"id": "STD-1", "certificate_no": "R-1", "valid_to": "2030-01-01"}],
            "points": [{"nominal": quantity("1.0"), "reference": quantity("1.000"), "as_found": quantity("1.010"),
                        "as_left": quantity("1.010"), "error": quantity("0.010")}],
            "adjusted": False, "decision_rule": "simple_acceptance", "conformity": "pass",
            "technician": "Zhang", "approver": "Li",
        }  # fmt: skip
        whole = {key: value for key, value in (payload | changes).items() if value is not None}
        return self.record("calibration_record", subject, when or f"{performed} 17:00", whole, **claims)

    def calibrate(self, performed: str = "2026-01-10", **changes: Any) -> Any:
        lab = {"metrology_class": "calibration", "doc_type": "calibration_certificate", "coverage_k": "2"}
        return self.certify(performed, **{"uncertainty": quantity("0.004"), **lab, **changes})

    def register(self, subject: str = GAUGE, **changes: Any) -> Any:
        payload = {
            "event": "register", "equipment_no": subject[-4:], "equipment_name": "Gauge", "category": "pressure_gauge",
            "serial_no": f"S-{subject[-4:]}", "location": "Bay 1", "safety_critical": True,
            "metrology_class": "mandatory_verification", "interval_months": 6, **PROPERTIES,
        }  # fmt: skip
        payload = {key: value for key, value in (payload | changes).items() if value is not None}
        return self.record("equipment", subject, "2026-01-02 09:00", payload)

    def event(self, name: str, when: str, subject: str = GAUGE, **payload: Any) -> Any:
        return self.record("equipment", subject, when, {"event": name, **payload})

    def valid(self, when: str, *use: str) -> tuple[bool, tuple[str, ...]]:
        return self.ask("in_calibration", "PG-1", at(when), *use, when=when)

    def locked(self, when: str) -> bool:
        return self.ask("locked", "PG-1", at(when), when=when)[0]

    def shown(self, when: str, subject: str = GAUGE) -> str:
        """The state to show at an instant, timed states included."""
        kind = catalogue().types["equipment"]
        course = fold(kind, self.facts.about(subject), engine().guard(self.facts))
        probe = self.fact("equipment", subject, when, {})
        assert kind.lifecycle is not None

        def holds(expression: str) -> bool:
            plan = engine().plan("equipment")
            evaluation = engine().evaluation(plan.display_needs, probe, course.state)
            return evaluation.verdict(expression, engine().scope(probe, self.facts)).value is True

        return display_state(kind.lifecycle, course.state, holds)

    def newest(self, subject: str = GAUGE) -> Fact:
        return self.facts.about(subject)[-1]


@pytest.fixture
def gauge() -> Instruments:
    return Instruments()


def test_sound_certificates_break_no_rule(gauge: Instruments) -> None:
    assert failed(gauge.register()) == {}
    assert failed(gauge.certify()) == {}
    assert failed(gauge.event("change", "2026-02-01 09:00", metrology_class="calibration", reason="Moved")) == {}
    assert failed(gauge.calibrate("2026-02-10")) == {}


def test_CA2_a_calibration_does_not_stand_for_mandatory_verification(gauge: Instruments) -> None:
    gauge.register()
    extended = {
        "valid_until": "2030-01-01", "valid_until_source": "extension", "extension_approved_by": "P-1",
        "extension_reason": "busy",
    }  # fmt: skip
    assert failed(gauge.calibrate(**extended)) == {"CA2.class": "class_not_registered"}
    assert gauge.valid("2026-02-01 09:00") == (False, ("not_calibrated",))
    assert failed(gauge.certify()) == {}
    assert gauge.valid("2026-02-01 09:00") == (True, ())


def test_CA1_a_functional_test_alone_is_no_certificate_of_what_needs_one(gauge: Instruments) -> None:
    gauge.register()
    gauge.certify(metrology_class="functional_test", doc_type="internal_record")
    assert gauge.valid("2026-02-01 09:00") == (False, ("not_calibrated",))


def test_CA1_from_the_day_it_was_performed_to_the_end_of_the_last(gauge: Instruments) -> None:
    gauge.certify("2026-01-10", valid_until="2026-07-09")
    answers = {
        when: gauge.valid(when)
        for when in ("2026-01-09 23:59", "2026-01-10 00:00", "2026-07-09 23:59:59.999999", "2026-07-10 00:00")
    }
    assert list(answers.values()) == [
        (False, ("not_calibrated",)), (True, ()), (True, ()), (False, ("calibration_expired",)),
    ]  # fmt: skip


def test_CA1_the_latest_certificate_counts_even_where_it_failed(gauge: Instruments) -> None:
    gauge.certify("2026-01-10")
    gauge.certify("2026-03-10", conformity="fail", doc_type="verification_failure_notice")
    assert gauge.valid("2026-03-09 23:59") == (True, ())
    assert gauge.valid("2026-03-10 00:00") == (False, ("calibration_failed",))


def test_CA1_a_failure_that_was_refused_for_a_formality_still_counts(gauge: Instruments) -> None:
    gauge.certify("2026-01-10")
    notice = gauge.certify("2026-03-10", conformity="fail", approver="Zhang")
    assert failed(notice)["CA.people"] == "approver_is_technician"
    assert gauge.valid("2026-03-10 09:00") == (False, ("calibration_failed",))


def test_CA1_a_pass_that_was_refused_does_not_count(gauge: Instruments) -> None:
    gauge.certify("2026-01-10", approver="Zhang")
    assert gauge.valid("2026-01-11 09:00") == (False, ("not_calibrated",))


def test_CA1_limited_certificates_count_for_the_uses_they_allow(gauge: Instruments) -> None:
    gauge.certify("2026-01-10", conformity="limited_use", allowed_uses=["S10"])
    assert gauge.valid("2026-01-11 09:00", "S10") == (True, ())
    assert gauge.valid("2026-01-11 09:00", "S07") == (False, ("use_not_allowed",))
    assert gauge.valid("2026-01-11 09:00") == (False, ("use_not_allowed",))


def test_CA1_without_a_statement_of_conformity_it_does_not_count(gauge: Instruments) -> None:
    gauge.calibrate("2026-01-10", conformity="not_stated")
    assert gauge.valid("2026-01-11 09:00") == (False, ("conformity_not_stated",))


def test_CA1_out_of_service_from_minute_to_minute(gauge: Instruments) -> None:
    gauge.register()
    gauge.certify("2026-01-10")
    gauge.event("take_out", "2026-02-01 10:00", reason="Leak", effective_at=utc("2026-02-01 09:30"))
    gauge.event("put_in_service", "2026-02-02 08:00")
    answers = [gauge.valid(f"2026-02-{when}") for when in ("01 09:29", "01 09:30", "02 07:59", "02 08:00")]
    assert answers == [(True, ()), (False, ("out_of_service",)), (False, ("out_of_service",)), (True, ())]


def test_CA1_a_failed_functional_test_counts_until_a_later_one_passes(gauge: Instruments) -> None:
    test: dict[str, Any] = {"metrology_class": "functional_test", "doc_type": "internal_record"}
    gauge.certify("2026-01-10")
    gauge.certify("2026-03-10", conformity="fail", interval_months=1, **test)
    assert gauge.valid("2026-03-11 09:00") == (False, ("functional_test_failed",))
    gauge.certify("2026-03-12", interval_months=1, **test)
    assert gauge.valid("2026-03-12 09:00") == (True, ())
    assert gauge.valid("2026-05-20 09:00") == (True, ())


def test_CA1_nothing_goes_into_service_without_a_valid_certificate(gauge: Instruments) -> None:
    gauge.register()
    gauge.event("send_to_lab", "2026-02-01 10:00", laboratory="Institute")
    gauge.event("return_from_lab", "2026-02-08 10:00")
    refused = gauge.event("put_in_service", "2026-02-08 11:00")
    assert failed(refused) == {"CA1": "not_calibrated"}
    assert refused.step is not None
    assert (refused.step.accepted, refused.step.to) == (False, "returned")
    gauge.certify("2026-02-05", when="2026-02-08 11:30")
    assert failed(gauge.event("put_in_service", "2026-02-08 12:00")) == {}


@pytest.mark.parametrize(("performed", "months", "last"), [
    ("2026-01-10", 6, "2026-07-09"), ("2026-08-31", 6, "2027-02-27"), ("2027-08-31", 6, "2028-02-28"),
    ("2026-01-31", 1, "2026-02-27"), ("2024-02-29", 12, "2025-02-27"), ("2026-12-31", 12, "2027-12-30"),
])  # fmt: skip
def test_CA2_interval_less_a_day_with_the_months_end_clamped(performed: str, months: int, last: str) -> None:
    assert default_valid_until(date.fromisoformat(performed), months) == date.fromisoformat(last)


def test_CA2_without_a_stated_day_the_interval_decides(gauge: Instruments) -> None:
    assert failed(gauge.certify("2026-01-31")) == {}
    assert gauge.valid("2026-07-30 23:59")[0]
    assert not gauge.valid("2026-07-31 00:00")[0]


def test_CA2_the_certificates_own_validity_wins_for_verification(gauge: Instruments) -> None:
    assert failed(gauge.certify("2026-01-10", valid_until="2027-01-09")) == {}
    assert gauge.valid("2027-01-09 23:59")[0]


@pytest.mark.parametrize(("stated", "good"), [("2026-07-09", True), ("2026-07-10", False)])
def test_CA2_a_calibration_is_not_valid_beyond_its_interval(gauge: Instruments, stated: str, good: bool) -> None:
    judgement = gauge.calibrate("2026-01-10", valid_until=stated)
    assert failed(judgement) == ({} if good else {"CA2": "beyond_interval"})
    assert gauge.valid("2026-07-09 23:59")[0]
    assert not gauge.valid("2026-07-10 00:00")[0]


def test_CA2_an_extension_needs_approval_and_reason(gauge: Instruments) -> None:
    longer = {"valid_until": "2026-08-09", "valid_until_source": "extension"}
    assert failed(gauge.calibrate("2026-01-10", **longer)) == {"CA2": "extension_not_approved"}
    assert not gauge.valid("2026-07-10 00:00")[0]
    approved = {"extension_approved_by": "H-1", "extension_reason": "No drift in five years"}
    assert failed(gauge.calibrate("2026-01-10", **longer, **approved, supersedes=gauge.last)) == {}
    assert gauge.valid("2026-08-09 23:59")[0]


def test_CA2_mandatory_verification_is_never_extended(gauge: Instruments) -> None:
    approved = {"extension_approved_by": "H-1", "extension_reason": "No drift in five years"}
    longer = {"valid_until": "2026-08-09", "valid_until_source": "extension"}
    assert failed(gauge.certify("2026-01-10", **longer, **approved)) == {"CA2": "extension_forbidden"}
    assert not gauge.valid("2026-07-10 00:00")[0]


def test_CA3_due_soon_thirty_days_before(gauge: Instruments) -> None:
    gauge.register()
    gauge.certify("2026-01-10")
    states = {
        when: gauge.shown(when)
        for when in ("2026-06-08 23:59", "2026-06-09 00:00", "2026-07-09 23:59", "2026-07-10 00:00")
    }
    assert list(states.values()) == ["in_service", "due_soon", "due_soon", "locked"]


def test_CA3_reminder_runs_from_certificate_to_certificate(gauge: Instruments) -> None:
    gauge.certify("2026-01-10", valid_until="2026-07-09")
    before = gauge.deadlines("calibration_record", GAUGE, "2026-06-09 00:00")["CA3"]
    assert [item.reached for item in before.escalations] == [False, False]
    reminder = gauge.deadlines("calibration_record", GAUGE, "2026-06-10 00:00")["CA3"]
    assert [item.reached for item in reminder.escalations] == [True, False]
    gauge.certify("2026-06-20", valid_until="2026-12-19")
    later = gauge.deadlines("calibration_record", GAUGE, "2026-07-20 00:00")["CA3"]
    assert later.due == at("2026-12-19 23:59:59.999999")


def test_CA3_special_equipment_is_applied_for_a_month_before(gauge: Instruments) -> None:
    gauge.register(metrology_class="periodic_inspection", category="safety_valve")
    gauge.certify("2026-01-31", metrology_class="periodic_inspection", doc_type="inspection_report",
                  valid_until="2027-03-31")  # fmt: skip
    states = [gauge.shown(when) for when in ("2027-02-27 23:59", "2027-02-28 00:00", "2027-04-01 00:00")]
    assert states == ["in_service", "application_due", "locked"]


def test_CA4_overdue_locks_and_a_use_opens_a_nonconformity(gauge: Instruments) -> None:
    gauge.register()
    gauge.certify("2026-01-10")
    assert failed(gauge.event("use", "2026-07-09 23:59", used_for="Leak test")) == {}
    late = gauge.event("use", "2026-07-10 00:00", used_for="Leak test")
    assert failed(late) == {"CA4": "locked"}
    rule = next(rule for rule in catalogue().types["equipment"].rules if rule.id == "CA4")
    assert rule.effect == "open_nonconformity"


def test_CA4_never_calibrated_is_locked_where_it_must_be(gauge: Instruments) -> None:
    gauge.register()
    gauge.register(OTHER, metrology_class="none")
    assert gauge.locked("2026-01-03 09:00")
    assert not gauge.ask("locked", "PG-2", at("2026-01-03 09:00"))[0]


def test_CA4_use_out_of_service_is_marked_too(gauge: Instruments) -> None:
    gauge.register()
    gauge.certify("2026-01-10")
    gauge.event("quarantine", "2026-02-01 10:00", reason="Dropped")
    assert failed(gauge.event("use", "2026-02-01 10:01", used_for="Leak test")) == {"CA4.service": "quarantined"}


def test_CA5_as_found_fail_asks_for_an_impact_review(gauge: Instruments) -> None:
    judgement = gauge.certify("2026-01-10", as_found_conformity="fail", adjusted=True)
    assert failed(judgement) == {"CA5": "as_found_fail"}
    rule = next(rule for rule in catalogue().types["calibration_record"].rules if rule.id == "CA5")
    assert rule.effect == "impact_review"


@pytest.mark.parametrize(("limit", "good"), [("0.010", True), ("0.0099", False)])
def test_CA5_as_found_is_held_against_the_permissible_error(gauge: Instruments, limit: str, good: bool) -> None:
    judgement = gauge.certify("2026-01-10", max_permissible_error=quantity(limit))
    assert failed(judgement) == ({} if good else {"CA5": "as_found_fail"})


def test_CA5_lists_the_uses_since_it_was_last_right(gauge: Instruments) -> None:
    gauge.register()
    gauge.certify("2026-01-10")
    for number, when in enumerate(("2026-01-09 23:59", "2026-01-10 00:00", "2026-06-15 23:59", "2026-06-16 00:00")):
        gauge.keep(step(gauge, f"loading_operation/LO-{number}", when))
    gauge.certify("2026-06-15", when="2026-06-16 09:00", conformity="fail", doc_type="verification_failure_notice")
    impact = impact_list(gauge.facts, gauge.newest(), SITE_ZONE)
    assert [fact.subject for fact in impact.affected] == ["loading_operation/LO-1", "loading_operation/LO-2"]
    assert (impact.since, impact.until, impact.complete) == (date(2026, 1, 10), date(2026, 6, 15), True)


def test_CA5_a_good_certificate_of_the_same_day_clears_nothing(gauge: Instruments) -> None:
    gauge.certify("2026-01-10")
    gauge.certify("2026-06-15", certificate_no="N-2")
    gauge.certify("2026-06-15", certificate_no="N-3", conformity="fail")
    assert impact_list(gauge.facts, gauge.newest(), SITE_ZONE).since == date(2026, 1, 10)


def test_CA5_never_right_means_from_the_beginning(gauge: Instruments) -> None:
    gauge.keep(step(gauge, "loading_operation/LO-1", "2025-01-01 09:00"))
    gauge.certify("2026-06-15", conformity="fail")
    impact = impact_list(gauge.facts, gauge.newest(), SITE_ZONE)
    assert (impact.since, len(impact.affected)) == (None, 1)


def test_CA5_the_list_says_where_it_may_be_incomplete(gauge: Instruments) -> None:
    for number in range(500):
        gauge.keep(step(gauge, f"loading_operation/LO-{number}", "2026-02-01 09:00"))
    gauge.certify("2026-06-15", conformity="fail")
    assert not impact_list(gauge.facts, gauge.newest(), SITE_ZONE).complete


def test_CA5_is_asked_of_calibrations_only(gauge: Instruments) -> None:
    with pytest.raises(Malformed):
        impact_list(gauge.facts, step(gauge, "loading_operation/LO-1", "2026-02-01 09:00"), SITE_ZONE)


@pytest.mark.parametrize(("found", "due"), [
    ("2026-06-15", "2026-06-22"), ("2026-06-19", "2026-06-26"), ("2026-06-20", "2026-06-26"),
])  # fmt: skip
def test_CA5_review_within_five_working_days(found: str, due: str) -> None:
    assert review_due(date.fromisoformat(found), 5) == date.fromisoformat(due)


def test_CA6_one_certificate_file_for_two_instruments(gauge: Instruments) -> None:
    assert failed(gauge.certify("2026-01-10", attachments=[certificate()])) == {}
    other = gauge.certify("2026-01-11", OTHER, attachments=[certificate("d" * 64), certificate()])
    assert failed(other) == {"CA6": "file_of_two_instruments"}
    result = other.result("CA6")
    assert result is not None
    assert result.inputs == (0,)


def test_CA6_one_certificate_number_for_two_instruments(gauge: Instruments) -> None:
    gauge.certify("2026-01-10", certificate_no="N-1")
    assert failed(gauge.certify("2026-01-11", OTHER, certificate_no="N-1")) == {"CA6": "number_of_two_instruments"}
    elsewhere = gauge.certify("2026-01-11", OTHER, certificate_no="N-1", issuer="Another", when="2026-01-12 09:00")
    assert failed(elsewhere) == {}


def test_CA6_a_correction_may_carry_the_same_file(gauge: Instruments) -> None:
    gauge.certify("2026-01-10", attachments=[certificate()])
    assert failed(gauge.certify("2026-01-10", attachments=[certificate()], supersedes=gauge.last)) == {}


def test_CA7_a_withdrawn_certificate_never_counted_and_the_old_record_stays(gauge: Instruments) -> None:
    gauge.certify("2026-01-10")
    original, known = gauge.last, gauge.scope("2026-02-01 09:00")
    reason = {"withdrawn_on": "2026-03-01", "withdrawal_reason": "Reference was wrong"}
    withdrawal = gauge.certify("2026-01-10", when="2026-03-01 10:00", supersedes=original, **reason)
    assert failed(withdrawal) == {"CA7.impact": "certificate_withdrawn"}
    assert gauge.valid("2026-02-01 09:00") == (False, ("certificate_withdrawn",))
    known.facts = Horizon(gauge.facts, known.candidate.index)
    assert in_calibration(known, "PG-1", at("2026-02-01 09:00"))


def test_CA7_a_withdrawal_can_begin_on_a_day(gauge: Instruments) -> None:
    gauge.certify("2026-01-10")
    reason = {"withdrawn_on": "2026-03-01", "withdrawal_reason": "Seal broken", "withdrawn_from": "2026-02-01"}
    gauge.certify("2026-01-10", when="2026-03-01 10:00", supersedes=gauge.last, **reason)
    assert gauge.valid("2026-01-31 23:59")[0]
    assert gauge.valid("2026-02-01 00:00") == (False, ("certificate_withdrawn",))


def test_CA7_the_whole_life_of_a_withdrawn_certificate_is_in_doubt(gauge: Instruments) -> None:
    gauge.certify("2025-06-10")
    gauge.certify("2026-01-10")
    original = gauge.last
    gauge.keep(step(gauge, "loading_operation/LO-1", "2026-02-20 09:00"))
    reason = {"withdrawn_on": "2026-03-01", "withdrawal_reason": "Reference was wrong"}
    gauge.certify("2026-01-10", when="2026-03-01 10:00", supersedes=original, **reason)
    impact = impact_list(gauge.facts, gauge.newest(), SITE_ZONE)
    assert (impact.since, impact.until, len(impact.affected)) == (date(2025, 6, 10), date(2026, 3, 1), 1)


@pytest.mark.parametrize(("changes", "reason"), [
    ({}, "withdraws_nothing"), ({"supersedes": "r-0", "certificate_no": "N-9"}, "withdraws_another"),
    ({"supersedes": "r-0", "withdrawal_reason": None}, "no_withdrawal_reason"),
])  # fmt: skip
def test_CA7_a_withdrawal_names_what_it_takes_back(gauge: Instruments, changes: dict[str, Any], reason: str) -> None:
    gauge.certify("2026-01-10")
    payload = {"withdrawn_on": "2026-03-01", "withdrawal_reason": "Wrong", **changes}
    judgement = gauge.certify("2026-01-10", when="2026-03-01 10:00", **payload)
    assert failed(judgement)["CA7"] == reason
    assert gauge.valid("2026-02-01 09:00") == (True, ())


@pytest.mark.parametrize(("changes", "expected"), [
    ({"received_at": "2026-01-11"}, {"CA.dates": "dates_out_of_order"}),
    ({"issued_at": "2026-01-09"}, {"CA.dates": "dates_out_of_order"}),
    ({"performed_at": "2026-01-11", "issued_at": "2026-01-11"}, {"CA.dates": "performed_in_the_future"}),
    ({"uncertainty": None}, {"CA.uncertainty": "no_uncertainty"}),
    ({"coverage_k": None}, {"CA.uncertainty": "no_uncertainty"}),
    ({"uncertainty": quantity("0")}, {"CA.uncertainty": "no_uncertainty"}),
    ({"approver": "Zhang"}, {"CA.people": "approver_is_technician"}),
    ({"valid_until": "2026-01-09"}, {"CA2": "ends_before_it_begins"}),
    ({"reference_standards": [{"id": "S", "certificate_no": "R", "valid_to": "2026-01-09"}]},
     {"CA.trace": "standard_out_of_date"}),
    ({"reference_standards": [{"id": "S", "certificate_no": "R", "valid_to": "2026-01-10"}]}, {}),
])  # fmt: skip
def test_certificates_are_held_against_themselves(
    gauge: Instruments, changes: dict[str, Any], expected: dict[str, str]
) -> None:
    assert failed(gauge.calibrate("2026-01-10", when="2026-01-10 17:00", **changes)) == expected


@pytest.mark.parametrize(("point", "reason"), [
    ({"error": quantity("-0.010")}, "error_not_derived"), ({"error": quantity("0.01")}, ""),
    ({"error": quantity("10", "kPa")}, "units_mixed"), ({"as_found": quantity("1.020")}, "changed_without_adjustment"),
])  # fmt: skip
def test_errors_are_indication_minus_reference(gauge: Instruments, point: dict[str, Any], reason: str) -> None:
    sound = {"nominal": quantity("1.0"), "reference": quantity("1.000"), "as_found": quantity("1.010"),
             "as_left": quantity("1.010"), "error": quantity("0.010")}  # fmt: skip
    assert failed(gauge.certify(points=[sound | point])) == ({"CA.errors": reason} if reason else {})


def test_a_failed_certificate_quarantines_registered_equipment(gauge: Instruments) -> None:
    gauge.register()
    gauge.certify("2026-01-10", conformity="fail")
    assert gauge.shown("2026-01-11 09:00") == "quarantined"


def step(gauge: Instruments, subject: str, when: str) -> Fact:
    return gauge.fact("loading_step", subject, when, {"step_code": "S10", "instrument_ref": "PG-1"})


@pytest.mark.parametrize("missing", list(PROPERTIES))
def test_EQ_metrology_a_measuring_instrument_is_registered_with_its_properties(missing: str) -> None:
    assert failed(Instruments().register()) == {}
    without: dict[str, Any] = {missing: None}
    judgement = Instruments().register(**without)
    assert failed(judgement) == {"EQ.metrology": "metrology_incomplete"}
    assert judgement.blocked() is None, "a mark only"
    explained = Instruments().register(**without, metrology_not_applicable="alarm threshold only")
    assert failed(explained) == {}


@pytest.mark.parametrize(("category", "asked"), [("level_gauge", True), ("hose", False), ("other", False)])
def test_EQ_metrology_is_asked_of_kinds_that_measure(category: str, asked: bool) -> None:
    without: dict[str, Any] = dict.fromkeys(PROPERTIES)
    judgement = Instruments().register(category=category, **without)
    assert ("EQ.metrology" in failed(judgement)) is asked


@pytest.mark.parametrize(
    ("metrology_class", "reason"),
    [
        ("mandatory_verification", "interval_missing"),
        ("periodic_inspection", "interval_missing"),
        ("functional_test", None),
        ("none", None),
    ],
)
def test_EQ_interval_a_controlled_class_has_an_interval(metrology_class: str, reason: str | None) -> None:
    judgement = Instruments().register(metrology_class=metrology_class, interval_months=None)
    assert failed(judgement).get("EQ.interval") == reason
    assert judgement.blocked() is (Severity.SOFT if reason else None)
    assert failed(Instruments().register(metrology_class=metrology_class)) == {}
