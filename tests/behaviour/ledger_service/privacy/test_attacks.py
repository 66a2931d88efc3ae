"""What might bring an erased worker back, or take more than him: each attack on the erasure, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from evidence.statement import issue, stream_id
from ledger_service.errors import BadRequest, Conflict, Refused
from ledger_service.privacy import rotation
from ledger_service.privacy.errors import MasterKeyMismatch
from ledger_service.privacy.master import FileMasterKey
from ledger_service.privacy.model import Why
from ledger_service.statements.model import Rejected
from tests.behaviour.ledger_service.privacy.people import (
    BASIS,
    LI,
    NAME,
    NUMBER,
    OTHER_NAME,
    PORTRAIT,
    REASON,
    ZHANG,
    add,
    photo,
    populate,
    spoken_of,
    training,
)
from tests.behaviour.ledger_service.privacy.test_vault import another_master
from tests.fakes.plant import LEDGER, STEP, Plant
from tests.fakes.site import Site

CERTIFICATE = "credential/T31010419800101"
WHY = "drunk on the ramp"
FACE = b"\xff\xd8 a face " * 40


@pytest.fixture
def peopled(plant: Plant) -> Plant:
    populate(plant)
    plant.clock.advance(days=400)
    return plant


def erase(plant: Plant, subject: str = ZHANG, *terms: str) -> None:
    plan, done = plant.services.erasures.erase(LEDGER, subject, BASIS, REASON, also_containing=terms)
    assert done is not None, plan


def everything_shown(plant: Plant) -> str:
    size = plant.services.entries.size(LEDGER)
    return str([plant.services.entries.get(LEDGER, index).payload for index in range(size)])


def certify(plant: Plant, subject: str = CERTIFICATE, person: str = NUMBER) -> list[int]:
    """A certificate; only its first event names the holder."""
    first = {
        "subject": subject, "site": "site/warehouse-3", "person_ref": person, "credential_type": "hazmat_loader",
        "category": "special_operation", "cert_no": f"No-{person}", "issuer": "Bureau", "valid_from": "2025-01-01",
        "valid_to": "2028-01-01",
    }  # fmt: skip
    changed = {"subject": subject, "site": "site/warehouse-3", "effective_at": "2026-01-05T01:00:00Z"}
    return [
        add(plant, "credential", first).index,
        add(plant, "credential", changed | {"event": "suspend", "reason": WHY}).index,
        add(plant, "credential", changed | {"event": "resume", "reason": "sober"}).index,
    ]


def later_judgement(plant: Plant, index: int) -> int:
    """What the sweep appends where late facts lead to another result."""
    services = plant.services
    view = services.entries.get(LEDGER, index)
    assert view.judgement is not None
    payload: dict[str, Any] = {
        "subject": view.payload["subject"],
        "of_record": view.entry.record_id,
        "of_index": index,
        "cause_index": index,
        "rule_results": view.judgement.to_value(),
        "changed_rules": ["TR5"],
    }
    return issued(plant, "judgement", payload)


def breach(plant: Plant, index: int) -> int:
    subject = services_subject(plant, index)
    payload = {
        "subject": subject, "deadline": "TR4", "state": "breached", "started_index": index,
        "started_at": "2026-01-05T01:00:00Z", "due_at": "2026-01-06T01:00:00Z",
    }  # fmt: skip
    return issued(plant, "deadline_event", payload)


def services_subject(plant: Plant, index: int) -> str:
    return str(plant.services.entries.get(LEDGER, index).payload["subject"])


def issued(plant: Plant, record_type: str, payload: dict[str, Any]) -> int:
    statement = plant.services.erasures._issuer.prepare(LEDGER, record_type, payload)
    outcome = plant.services.sequencer.sequence([statement])[0]
    assert not isinstance(outcome, Rejected), outcome.error
    return outcome.index


def test_what_only_the_certificates_own_stream_says_goes_with_its_holder(peopled: Plant) -> None:
    certify(peopled)
    certify(peopled, "credential/LI-1", "E-0816")
    erase(peopled)
    left = everything_shown(peopled)
    assert "T31010419800101" not in left
    assert left.count(WHY) == left.count("sober") == 1, "what is said of the other certificate stays"
    assert left.count("credential/LI-1") == 3
    assert peopled.services.fsck.report(LEDGER).findings == ()


@pytest.mark.parametrize("record", [later_judgement, breach])
def test_what_the_ledger_itself_found_about_a_record_goes_with_the_record(
    peopled: Plant, record: Callable[[Plant, int], int]
) -> None:
    own = record(peopled, 2)
    of_certificate = record(peopled, certify(peopled)[0])
    erase(peopled)
    left = everything_shown(peopled)
    assert ZHANG not in left
    assert "T31010419800101" not in left
    assert "rule_results" not in peopled.services.entries.get(LEDGER, own).payload
    assert "subject" not in peopled.services.entries.get(LEDGER, of_certificate).payload
    assert peopled.services.fsck.report(LEDGER).findings == ()


def test_what_the_ledger_found_about_a_record_that_must_stay_stays_with_it(plant: Plant) -> None:
    populate(plant)
    index = later_judgement(plant, 4)
    plan = plant.services.erasures.plan(LEDGER, ZHANG, ["loading_operation/LO-2026-0012"])
    assert {item.index: item.why for item in plan.kept}[index] is Why.STATUTORY_PERIOD


def test_a_hold_on_a_certificates_holder_covers_every_record_of_the_certificate(peopled: Plant) -> None:
    indices = certify(peopled)
    peopled.services.holds.place(LEDGER, ZHANG, "labour inspectorate")
    plan = peopled.services.erasures.plan(LEDGER, ZHANG)
    assert plan.erase == ()
    assert set(indices) <= {item.index for item in plan.kept}


def test_a_sweep_that_looked_before_an_erasure_writes_nothing_about_the_person_after_it(plant: Plant) -> None:
    site = Site(plant)
    person = "person/D-0417"
    plant.clock.advance(days=1)
    first = training(person, NAME, started_at="2026-01-05T01:00:00Z", ended_at="2026-01-05T09:00:00Z")
    site.put("training_record", person, first)
    site.put("training_record", person, first | {"attempt_no": 2}, site.now() - timedelta(hours=1))
    services = plant.services
    state = services.reconsider._statement
    erasures: list[object] = []

    def erased_meanwhile(ledger: str, item: Any) -> Any:
        statement = state(ledger, item)
        if not erasures:
            erasures.append(services.erasures.erase(LEDGER, person, BASIS, REASON)[1])
        return statement

    services.reconsider._statement = erased_meanwhile  # type: ignore[method-assign]
    services.reconsider.run(LEDGER)
    assert erasures
    assert person not in everything_shown(plant)


def test_a_new_key_is_never_wrapped_by_a_wrong_master_key_that_came_while_the_service_ran(plant: Plant) -> None:
    populate(plant)
    path = plant.settings.data_dir / "keys" / "master.key"
    right = path.read_bytes()
    size = plant.services.entries.size(LEDGER)
    another_master(plant)
    with pytest.raises(MasterKeyMismatch):
        add(plant, "training_record", training("person/E-0900", "Wang"))
    assert plant.services.entries.size(LEDGER) == size
    path.write_bytes(right)
    assert plant.reopen().services.fsck.report(LEDGER).findings == ()


@pytest.mark.parametrize("reason", ["E-0815 has left", "asked by e-0815.", f"({ZHANG})"])
def test_a_reason_with_the_persons_number_alone_is_refused_too(peopled: Plant, reason: str) -> None:
    with pytest.raises(BadRequest) as caught:
        peopled.services.erasures.erase(LEDGER, ZHANG, BASIS, reason)
    assert NUMBER not in str(caught.value)


def test_a_record_that_was_checked_before_its_attachment_was_erased_is_refused_and_can_be_sent_again(
    peopled: Plant,
) -> None:
    services = peopled.services
    face = photo(peopled, FACE, "face.jpg")
    add(peopled, "training_record", training(ZHANG, NAME, attempt_no=2, attachments=[face]))
    payload = training(LI, OTHER_NAME, attempt_no=5, attachments=[face])
    statement = services.statements.prepare(LEDGER, statement_of(peopled, payload))
    erase(peopled)
    outcome = services.sequencer.sequence([statement])[0]
    assert isinstance(outcome, Rejected)
    assert isinstance(outcome.error, Refused)
    assert outcome.error.reason == "AttachmentMissing"
    photo(peopled, FACE, "face.jpg")
    assert not isinstance(services.sequencer.sequence([statement])[0], Rejected)
    assert services.fsck.report(LEDGER).findings == ()


def statement_of(plant: Plant, payload: dict[str, Any], **changed: Any) -> str:
    record_type = plant.services.record_types["training_record"]
    claims = plant.claims(str(payload["subject"]), type=record_type.id, schema=record_type.schema_claim, **changed)
    return issue(claims, payload, plant.device, salt=lambda: plant.random(16)).compact


def test_a_hold_on_somebody_whom_a_remark_names_stops_the_erasure_of_that_record(peopled: Plant) -> None:
    third = add(peopled, "training_record", training(LI, OTHER_NAME, attempt_no=7, remark=f"as {ZHANG} did"))
    peopled.services.holds.place(LEDGER, ZHANG, "labour inspectorate")
    plan = peopled.services.erasures.plan(LEDGER, f"record/{third.record_id}")
    assert plan.erase == ()
    assert spoken_of(peopled.settings.data_dir)


def test_a_file_that_another_ledger_names_meanwhile_is_not_taken_away(peopled: Plant) -> None:
    services = peopled.services
    other = "second"
    services.ledgers.create(other, "ledger.example.com/second")
    services.keys.enrol(other, peopled.device.public, "terminal", "device")
    plan = services.erasures.plan(LEDGER, ZHANG)
    [digest] = plan.blobs
    payload = training(LI, OTHER_NAME, attachments=[photo(peopled, PORTRAIT, "portrait.jpg")])
    stream = stream_id(services.keystore.stream_key(other), LI)
    services.statements.submit_now(other, [statement_of(peopled, payload, stream=stream)])
    assert services.entries.size(other) == 3
    with pytest.raises(Conflict):
        services.erasures.execute(plan, BASIS, REASON)
    erase(peopled)
    assert services.blobs.get(digest).path.read_bytes() == PORTRAIT


def test_two_rotations_at_once_leave_the_key_that_everything_is_wrapped_by(plant: Plant) -> None:
    """One is through and begins another while the second still has to finish."""
    populate(plant)
    engine, master = plant.services.engine, FileMasterKey(plant.settings.data_dir, plant.random)
    other = FileMasterKey(plant.settings.data_dir, plant.random)
    for key in (master, other):
        key.begin_rotation()
        rotation.rewrap_all(engine, key, key)
    rotation.finish(engine, master)
    master.begin_rotation()
    rotation.finish(engine, other)
    assert [item.code for item in plant.reopen().services.fsck.report(LEDGER).findings] == ["rotation"]
    rotation.rotate_file(plant.services.engine, master)
    assert plant.services.fsck.report(LEDGER).findings == ()


def test_a_name_is_found_however_its_characters_are_composed(peopled: Plant) -> None:
    add(peopled, "training_record", training(LI, OTHER_NAME, attempt_no=8, remark="mit Ju\u0308rgen gepr\u00fcft"))
    erase(peopled, ZHANG, "J\u00fcrgen")
    assert "rgen gepr" not in everything_shown(peopled)


def test_whoever_erases_is_told_of_a_certificate_elsewhere_and_only_that_field_goes(peopled: Plant) -> None:
    certify(peopled)
    payload = {
        "subject": "nonconformity/N-1", "site": "site/warehouse-3", "source": "rule", "requirement_kind": "internal",
        "requirement_ref": "TR3", "requirement_text": "A certificate is valid", "statement": "It was not",
        "grade": "minor", "origin_refs": [CERTIFICATE, "credential/LI-1"],
    }  # fmt: skip
    index = add(peopled, "nonconformity", payload).index
    erase(peopled)
    left = peopled.services.entries.get(LEDGER, index).payload
    assert "origin_refs" not in left
    assert left["statement"] == "It was not"
    assert peopled.services.fsck.report(LEDGER).findings == ()


def test_every_spelling_of_a_persons_number_is_the_person(peopled: Plant) -> None:
    index = add(
        peopled, "loading_step", STEP | {"performed_by": "e-0815", "subject": "loading_operation/LO-2026-0077"}
    ).index
    peopled.clock.advance(days=400)
    erase(peopled)
    assert "performed_by" not in peopled.services.entries.get(LEDGER, index).payload


def test_a_reason_without_a_name_goes_with_the_person_whom_its_stream_names(peopled: Plant) -> None:
    for number, person in ((1, NUMBER), (2, "E-0816")):
        named = {"subject": f"appointment/A-{number}", "site": "site/warehouse-3", "person_ref": person}
        proposal = {"post": "loader", "department": "Logistics", "valid_from": "2025-01-01"}
        add(peopled, "role_appointment", named | proposal)
        later = {"event": "suspend", "effective_at": "2026-01-05T01:00:00Z", "reason": f"{WHY} {number}"}
        del named["person_ref"]
        add(peopled, "role_appointment", named | later)
    erase(peopled)
    left = everything_shown(peopled)
    assert f"{WHY} 1" not in left
    assert f"{WHY} 2" in left
    assert peopled.services.fsck.report(LEDGER).findings == ()


def test_what_the_ledger_found_is_not_erased_by_itself(plant: Plant) -> None:
    populate(plant)
    index = later_judgement(plant, 4)
    record_id = plant.services.entries.get(LEDGER, index).entry.record_id
    plan = plant.services.erasures.plan(LEDGER, f"record/{record_id}")
    assert [(item.index, item.why) for item in plan.kept] == [(index, Why.PROOF)]
    assert plan.erase == ()


def test_what_the_ledger_found_goes_also_after_the_record_itself_has_gone(peopled: Plant) -> None:
    index = later_judgement(peopled, 2)
    record_id = peopled.services.entries.get(LEDGER, 2).entry.record_id
    erase(peopled, f"record/{record_id}")
    assert "rule_results" in peopled.services.entries.get(LEDGER, index).payload
    erase(peopled)
    assert "rule_results" not in peopled.services.entries.get(LEDGER, index).payload
