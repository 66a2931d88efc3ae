"""A worker is erased: nothing of him is left in any file, and every proof still holds."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from evidence.policy import parse_policy
from evidence.records import load_record_types
from evidence.report import Outcome
from evidence.statement import parse_disclosure
from evidence.verify import ReceiptVerifier
from ledger_service.errors import BadRequest, Conflict, RetryLater
from ledger_service.privacy.model import Why
from ledger_service.receipts.export import policy_text
from tests.behaviour.ledger_service.privacy.people import (
    BASIS,
    LI,
    NAME,
    NUMBER,
    OTHER_NAME,
    PLATE,
    PORTRAIT,
    REASON,
    SHARED,
    ZHANG,
    add,
    photo,
    populate,
    spoken_of,
    training,
)
from tests.fakes.check_ledger import check_ledger
from tests.fakes.faults import breaking
from tests.fakes.plant import LEDGER, STEP, Plant

MOST_STEPS = 200


@pytest.fixture
def peopled(plant: Plant) -> Plant:
    populate(plant)
    # Beyond the twelve months for which loading records must be kept.
    plant.clock.advance(days=400)
    return plant


def erase(plant: Plant, subject: str = ZHANG, *terms: str) -> None:
    plan, done = plant.services.erasures.erase(LEDGER, subject, BASIS, REASON, also_containing=terms)
    assert done is not None, plan


def fields_of(plant: Plant, index: int) -> dict[str, object]:
    return plant.services.entries.get(LEDGER, index).payload


def test_before_the_erasure_nothing_personal_is_readable_in_any_file_but_an_attachment(peopled: Plant) -> None:
    found = spoken_of(peopled.settings.data_dir)
    assert all(name.startswith("blobs/") for name in found), found


def test_an_erased_worker_is_in_no_file_any_more(peopled: Plant, tmp_path: Path) -> None:
    assert spoken_of(peopled.settings.data_dir)
    erase(peopled, ZHANG, NAME)
    assert spoken_of(peopled.settings.data_dir) == {}
    peopled.services.close()
    assert spoken_of(peopled.settings.data_dir) == {}
    (tmp_path / "backup").mkdir()
    with (
        closing(sqlite3.connect(peopled.settings.data_dir / "ledger.sqlite")) as database,
        closing(sqlite3.connect(tmp_path / "backup" / "ledger.sqlite")) as backup,
    ):
        database.backup(backup)
    assert spoken_of(tmp_path / "backup") == {}
    peopled.reopen()
    shown = str([fields_of(peopled, index) for index in range(2, 8)])
    assert NAME not in shown
    assert NUMBER not in shown
    assert PLATE not in shown


def test_the_sealed_bytes_of_an_erased_worker_are_in_no_file_any_more(peopled: Plant) -> None:
    database = peopled.settings.data_dir / "ledger.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        sealed = [row[0] for row in connection.execute("SELECT sealed FROM disclosures WHERE idx IN (2, 4)")]
        kept = {row[0] for row in connection.execute("SELECT wrapped FROM data_keys")}
    erase(peopled)
    with closing(sqlite3.connect(database)) as connection:
        left = {row[0] for row in connection.execute("SELECT sealed FROM disclosures") if row[0] is not None}
        kept -= {row[0] for row in connection.execute("SELECT wrapped FROM data_keys")}
    gone = [item for item in sealed if item not in left]
    assert len(gone) > 10
    assert len(kept) >= 1
    assert spoken_of(peopled.settings.data_dir, [*gone, *kept]) == {}


def test_what_is_about_others_stays(peopled: Plant) -> None:
    erase(peopled, ZHANG, NAME)
    assert fields_of(peopled, 3)["person_name"] == OTHER_NAME
    assert fields_of(peopled, 5)["performed_by"] == "E-0816"
    both = fields_of(peopled, 6)
    assert both["witnessed_by"] == "E-0816"
    assert "performed_by" not in both
    remarked = fields_of(peopled, 7)
    assert remarked["person_name"] == OTHER_NAME
    assert "remark" not in remarked
    alone = fields_of(peopled, 4)
    assert {"step_code", "bay", "un_no"} <= alone.keys()
    assert not {"performed_by", "vehicle_plate", "remark"} & alone.keys()


def test_every_receipt_still_verifies_and_fsck_finds_nothing(peopled: Plant) -> None:
    erase(peopled, ZHANG, NAME)
    services = peopled.services
    services.publisher.publish(LEDGER)
    check_ledger(services.engine, LEDGER)
    report = services.fsck.report(LEDGER)
    assert report.findings == ()
    policy = parse_policy(policy_text(services, LEDGER).replace("require_anchor = true", "require_anchor = false"))
    verifier = ReceiptVerifier(policy, load_record_types().values())
    for index in range(services.entries.size(LEDGER)):
        verdict = verifier.verify(services.receipts.receipt(LEDGER, index).to_json())
        assert verdict.verdict is Outcome.VALID, verdict.failed


def test_an_erased_field_names_its_erasure_and_the_ground(peopled: Plant) -> None:
    erase(peopled)
    newest = peopled.services.entries.size(LEDGER) - 1
    view = peopled.services.entries.get(LEDGER, 2)
    gone = [item for item in view.disclosures if item.text is None]
    assert {item.erased_by for item in gone} == {newest}
    assert peopled.services.entries.get(LEDGER, newest).payload["legal_basis"] == BASIS
    assert view.erasures == {newest: BASIS}


def test_the_erasure_entry_says_nothing_about_the_person(peopled: Plant) -> None:
    erase(peopled, ZHANG, NAME)
    payload = peopled.services.entries.get(LEDGER, peopled.services.entries.size(LEDGER) - 1).payload
    assert payload["key_destroyed"] is True
    assert ZHANG not in str(payload)
    assert NAME not in str(payload)


def test_a_second_erasure_finds_nothing_left(peopled: Plant) -> None:
    erase(peopled, ZHANG, NAME)
    size = peopled.services.entries.size(LEDGER)
    plan, done = peopled.services.erasures.erase(LEDGER, ZHANG, BASIS, REASON, also_containing=[NAME])
    assert done is None
    assert plan.is_empty
    assert peopled.services.entries.size(LEDGER) == size
    with pytest.raises(Conflict):
        peopled.services.erasures.execute(plan, BASIS, REASON)


def test_a_photo_goes_with_its_person_and_a_shared_file_stays(peopled: Plant) -> None:
    plan = peopled.services.erasures.plan(LEDGER, ZHANG)
    assert len(plan.blobs) == len(plan.shared_blobs) == 1
    erase(peopled)
    assert not peopled.services.blobs.path(plan.blobs[0]).exists()
    assert peopled.services.blobs.path(plan.shared_blobs[0]).read_bytes() == SHARED
    assert peopled.services.blobs.sizes(plan.blobs) == {}


def test_bytes_that_come_back_for_another_record_are_stored_again(peopled: Plant) -> None:
    erase(peopled)
    value = photo(peopled, PORTRAIT, "again.jpg")
    add(peopled, "training_record", training(LI, OTHER_NAME, attempt_no=3, attachments=[value]))
    assert peopled.services.erasures.sweep() == 0
    assert peopled.services.blobs.get(value["sha256"]).path.read_bytes() == PORTRAIT
    assert peopled.services.fsck.report(LEDGER).findings == ()


def test_a_crash_before_the_file_was_deleted_is_made_good_at_the_next_start(
    peopled: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = peopled.services
    plan = services.erasures.plan(LEDGER, ZHANG)
    monkeypatch.setattr(services.erasures, "sweep", lambda: 0)
    services.erasures.execute(plan, BASIS, REASON)
    assert [item.code for item in services.fsck.report(LEDGER).findings] == ["erased-blob"]
    assert peopled.reopen().services.erasures.sweep() == 1
    assert peopled.services.fsck.report(LEDGER).findings == ()


def test_a_new_record_about_an_erased_person_gets_a_key_of_its_own(peopled: Plant) -> None:
    erase(peopled)
    again = add(peopled, "training_record", training(ZHANG, NAME, attempt_no=2))
    assert fields_of(peopled, again.index)["person_name"] == NAME
    assert "person_name" not in fields_of(peopled, 2)
    erase(peopled)
    assert spoken_of(peopled.settings.data_dir) == {}
    assert peopled.services.fsck.report(LEDGER).findings == ()


def test_within_the_statutory_period_a_record_stays_and_the_plan_says_until_when(plant: Plant) -> None:
    populate(plant)
    plan = plant.services.erasures.plan(LEDGER, ZHANG, [NAME])
    kept = {item.index: item for item in plan.kept}
    assert {kept[4].why, kept[6].why} == {Why.STATUTORY_PERIOD}
    until = kept[4].until
    assert until is not None
    assert date(2026, 1, 1) < until
    assert 2 in {item.index for item in plan.erase}
    assert not plan.keys, "his loading records are sealed under the same key"
    plant.services.erasures.execute(plan, BASIS, REASON)
    assert fields_of(plant, 4)["performed_by"] == NUMBER
    assert "person_name" not in fields_of(plant, 2)
    # When the period has ended, the rest goes too.
    plant.clock.advance(days=400)
    erase(plant, ZHANG)
    assert "performed_by" not in fields_of(plant, 4)
    assert plant.services.fsck.report(LEDGER).findings == ()


def test_nothing_under_a_legal_hold_is_erased_until_it_is_released(peopled: Plant) -> None:
    services = peopled.services
    operation, _ = services.holds.place(LEDGER, "loading_operation/LO-2026-0012", "arbitration 2026-17")
    plan = services.erasures.plan(LEDGER, ZHANG)
    assert {item.index for item in plan.kept if item.why is Why.LEGAL_HOLD} == {4}
    person, _ = services.holds.place(LEDGER, ZHANG, "labour inspectorate")
    plan = services.erasures.plan(LEDGER, ZHANG)
    assert plan.erase == ()
    assert [hold.subject for hold in services.holds.list(LEDGER)] == [operation, person]
    for hold in (operation, person):
        services.holds.release(LEDGER, hold, "closed")
    assert services.holds.list(LEDGER) == []
    assert services.erasures.plan(LEDGER, ZHANG).erase


def test_a_hold_ends_with_its_last_day(peopled: Plant) -> None:
    today = peopled.clock.now().date()
    peopled.services.holds.place(LEDGER, ZHANG, "until the hearing", until=today)
    assert len(peopled.services.holds.list(LEDGER)) == 1
    peopled.clock.advance(days=2)
    assert peopled.services.holds.list(LEDGER) == []


def test_the_enrolment_of_a_persons_key_stays_and_the_plan_says_so(peopled: Plant) -> None:
    from evidence.keys import SigningKey

    key = SigningKey.from_seed(bytes(31) + b"\x31")
    event = peopled.services.keys.enrol(LEDGER, key.public, ZHANG, "worker")
    plan = peopled.services.erasures.plan(LEDGER, ZHANG)
    assert {item.index: item.why for item in plan.kept}[event.index] is Why.SIGNING_KEY


def test_a_plan_that_the_log_has_outgrown_is_refused(peopled: Plant) -> None:
    plan = peopled.services.erasures.plan(LEDGER, ZHANG)
    add(peopled, "loading_step", STEP | {"seq": 9})
    with pytest.raises(Conflict):
        peopled.services.erasures.execute(plan, BASIS, REASON)


def test_one_record_alone_can_be_erased(peopled: Plant) -> None:
    view = peopled.services.entries.get(LEDGER, 3)
    erase(peopled, f"record/{view.entry.record_id}")
    assert "person_name" not in fields_of(peopled, 3)
    assert fields_of(peopled, 7)["person_name"] == OTHER_NAME


@pytest.mark.parametrize("texts", [["x"], ["name"] * 17, [" "]])
def test_texts_that_would_match_everything_are_refused(peopled: Plant, texts: list[str]) -> None:
    with pytest.raises(BadRequest):
        peopled.services.erasures.plan(LEDGER, ZHANG, texts)


@pytest.mark.parametrize("reason", [f"because {NAME} asked", f"about {ZHANG}"])
def test_a_reason_that_names_the_person_is_refused(peopled: Plant, reason: str) -> None:
    with pytest.raises(BadRequest) as caught:
        peopled.services.erasures.erase(LEDGER, ZHANG, BASIS, reason, also_containing=[NAME])
    assert NAME not in str(caught.value)


def test_more_than_256_disclosures_take_several_entries(plant: Plant) -> None:
    for attempt in range(1, 41):
        add(plant, "training_record", training(ZHANG, NAME, attempt_no=attempt % 20 + 1, remark="slipped on the ramp"))
    plan = plant.services.erasures.plan(LEDGER, ZHANG)
    done = plant.services.erasures.execute(plan, BASIS, REASON)
    assert plan.disclosures > 256
    assert len(done.indices) > 1
    assert done.disclosures == plan.disclosures
    assert plant.services.fsck.report(LEDGER).findings == ()
    assert spoken_of(plant.settings.data_dir) == {}


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_an_erasure_breaks_at_every_step_and_doing_it_again_completes_it(
    peopled: Plant, tmp_path: Path, persisted: bool
) -> None:
    peopled.services.close()
    original = tmp_path / "original"
    shutil.copytree(peopled.settings.data_dir, original)
    for step in range(1, MOST_STEPS):
        shutil.rmtree(peopled.settings.data_dir)
        shutil.copytree(original, peopled.settings.data_dir)
        plant = peopled.reopen()
        size = plant.services.entries.size(LEDGER)
        with breaking(plant.services.engine, step, persisted=persisted) as trap:
            try:
                plant.services.erasures.erase(LEDGER, ZHANG, BASIS, REASON, also_containing=[NAME])
            except RetryLater:
                assert trap.sprung
        plant.reopen()
        grown = check_ledger(plant.services.engine, LEDGER) - size
        assert grown in (0, 1), "half an erasure"
        plant.services.erasures.erase(LEDGER, ZHANG, BASIS, REASON, also_containing=[NAME])
        plant.services.erasures.sweep()
        assert check_ledger(plant.services.engine, LEDGER) == size + 1
        assert spoken_of(plant.settings.data_dir) == {}
        if not trap.sprung:
            break
    assert 20 < step < MOST_STEPS - 1


def test_disclosures_of_the_erasure_itself_can_be_read(peopled: Plant) -> None:
    erase(peopled)
    view = peopled.services.entries.get(LEDGER, peopled.services.entries.size(LEDGER) - 1)
    names = {parse_disclosure(item.text)[0] for item in view.disclosures if item.text is not None}
    assert {"legal_basis", "reason", "erased", "subject_stream", "key_destroyed", "blobs"} <= names
