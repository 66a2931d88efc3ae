"""Contractors: admitted with every document in date, and each person at the gate held against list and training."""

from __future__ import annotations

from typing import Any

import pytest

from evidence.records.judgement import Judgement
from tests.fakes.register import Register, at, failed, utc

FIRM = "contractor/C-17"


class Gate(Register):
    """A contractor with documents to the end of June, and one trained worker on the list."""

    def apply(self, **changes: Any) -> Judgement:
        payload = {
            "event": "apply", "company": "Pujiang Maintenance", "licence_scope": "Pipework",
            "licence_valid_to": "2026-06-30", "agreement_ref": "AG-1", "agreement_valid_to": "2026-12-31",
            "personnel": [{"person_ref": "W-1"}],
        }  # fmt: skip
        whole = {key: value for key, value in (payload | changes).items() if value is not None}
        return self.record("contractor_admission", FIRM, "2026-01-02 09:00", whole)

    def say(self, event: str, when: str, **payload: Any) -> Judgement:
        return self.record("contractor_admission", FIRM, when, {"event": event, **payload})

    def approve(self, when: str = "2026-01-03 09:00") -> Judgement:
        return self.say("approve", when, approved_by="S-1", valid_from="2026-01-03", valid_to="2026-12-31")

    def train(self, ended: str = "2026-01-04 12:00") -> None:
        payload = {"training_type": "contractor_entry", "result": "pass", "ended_at": utc(ended)}
        self.keep(self.fact("training_record", "person/W-1", ended, payload))

    def enter(self, when: str, person: str = "W-1") -> dict[str, str]:
        return failed(self.say("enter", when, person_ref=person))


@pytest.fixture
def gate() -> Gate:
    found = Gate()
    found.apply()
    found.approve()
    found.train()
    return found


@pytest.mark.parametrize(("when", "expected"), [
    ("2026-06-30 23:59:59", {}), ("2026-07-01 00:00", {"CO.entry": "document_expired"}),
])  # fmt: skip
def test_entry_is_denied_from_the_minute_a_document_has_expired(
    gate: Gate, when: str, expected: dict[str, str]
) -> None:
    assert gate.enter(when) == expected


def test_entry_is_denied_before_admission_and_while_suspended(gate: Gate) -> None:
    fresh = Gate()
    fresh.apply()
    fresh.train()
    assert fresh.enter("2026-01-05 08:00") == {"CO.entry": "not_admitted"}
    gate.say("suspend", "2026-02-01 10:00", reason="Incident")
    assert gate.enter("2026-02-01 10:01") == {"CO.entry": "contractor_suspended"}


def test_entry_needs_list_and_entry_training_of_the_last_year(gate: Gate) -> None:
    assert gate.enter("2026-01-05 08:00", "W-2") == {"CO.entry": "not_on_the_list"}
    assert gate.enter("2026-01-04 11:59") == {"CO.entry": "training_missing"}
    gate.say("change", "2026-06-01 09:00", licence_valid_to="2028-06-30", agreement_valid_to="2028-06-30")
    gate.say("renew", "2026-06-01 09:30", approved_by="S-1", valid_to="2028-06-30")
    assert gate.enter("2027-01-04 23:59") == {}
    assert gate.enter("2027-01-05 00:00") == {"CO.entry": "training_too_old"}


def test_no_admission_without_a_safety_agreement() -> None:
    gate = Gate()
    gate.apply(agreement_ref=None)
    assert failed(gate.approve()) == {"CO.documents": "no_agreement"}
    gate.say("change", "2026-01-03 10:00", agreement_ref="AG-1")
    assert failed(gate.approve("2026-01-03 11:00")) == {}


def test_no_admission_with_an_expired_licence() -> None:
    gate = Gate()
    gate.apply(licence_valid_to="2026-01-02")
    assert failed(gate.approve("2026-01-03 00:00")) == {"CO.documents": "document_expired"}


def test_a_blacklisted_contractor_stays_out_until_the_day_is_over(gate: Gate) -> None:
    gate.say("blacklist", "2026-02-01 10:00", reason="Forged permit", blacklist_until="2026-03-31")
    assert gate.ask("admitted", "C-17", at("2026-02-01 10:00")) == (False, ("blacklisted",))
    gate.say("reapply", "2026-03-01 09:00", company="P", licence_scope="Pipework", licence_valid_to="2026-06-30")
    assert failed(gate.approve("2026-03-31 23:59")) == {"CO.documents": "blacklisted"}
    assert failed(gate.approve("2026-04-01 00:00")) == {}
    assert gate.enter("2026-04-01 08:00") == {}


def test_the_gate_does_not_renew_what_it_checks(gate: Gate) -> None:
    when = "2026-07-01 00:00"
    for changes in ({"licence_valid_to": "2030-01-01"}, {"personnel": [{"person_ref": "W-2"}]}):
        person = "W-2" if "personnel" in changes else "W-1"
        assert failed(gate.say("enter", when, person_ref=person, **changes))["CO.terms"] == "changed_elsewhere"
    assert gate.enter(when) == {"CO.entry": "document_expired"}


def test_documents_are_changed_by_the_site_not_by_the_contractor(gate: Gate) -> None:
    change = {"event": "change", "licence_valid_to": "2030-01-01"}
    own = gate.record("contractor_admission", FIRM, "2026-02-01 09:00", change, role="contractor")
    assert failed(own) == {"LC2": "wrong_role"}
