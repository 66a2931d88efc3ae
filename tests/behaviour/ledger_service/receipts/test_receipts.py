"""Receipts convince a stranger's verifier, show what they shall and nothing else, and say when to come back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from evidence.canonical import Json
from evidence.keys import SigningKey
from evidence.policy import parse_policy
from evidence.receipt import Receipt, parse_receipt
from evidence.records import RecordType, load_catalogue, load_record_types, validate, validate_shown
from evidence.report import Check, Outcome, Report
from evidence.tlog_proof import parse_tlog_proof
from evidence.verify import ReceiptVerifier
from ledger_service.errors import NotFound, StorageCorrupt
from ledger_service.receipts.export import policy_text
from ledger_service.receipts.service import NotPublished
from ledger_service.statements.model import Sequenced
from tests.fakes.plant import LEDGER, STEP, Plant


def report(plant: Plant, receipt: Receipt) -> Report:
    policy = parse_policy(
        policy_text(plant.services, LEDGER).replace("require_anchor = true", "require_anchor = false")
    )
    return ReceiptVerifier(policy, load_record_types().values(), validate).verify(receipt.to_json())


def add(plant: Plant, count: int = 1) -> int:
    outcomes = plant.submit(*(plant.statement(seq=1 + number) for number in range(count)))
    last = outcomes[-1]
    assert isinstance(last, Sequenced)
    return last.index


def enrol(plant: Plant, number: int) -> SigningKey:
    key = SigningKey.from_seed(bytes(31) + bytes([number]))
    plant.services.keys.enrol(LEDGER, key.public, f"Device {number}", "device")
    return key


def test_every_entry_has_a_receipt_that_verifies(plant: Plant) -> None:
    newest = add(plant, 20)
    plant.services.publisher.publish(LEDGER)
    receipts = list(plant.services.receipts.receipts(LEDGER, range(newest + 1)))
    assert [receipt.proof.index for receipt in receipts] == list(range(newest + 1))
    assert {report(plant, receipt).verdict for receipt in receipts} == {Outcome.VALID}


def test_before_the_next_checkpoint_the_answer_says_when_to_come_back(plant: Plant) -> None:
    plant.services.publisher.publish(LEDGER)
    index = add(plant)
    with pytest.raises(NotPublished) as caught:
        plant.services.receipts.receipt(LEDGER, index)
    assert (caught.value.status, caught.value.retry_after) == (503, round(plant.settings.publish_every_s))
    plant.services.publisher.publish(LEDGER)
    assert report(plant, plant.services.receipts.receipt(LEDGER, index)).verdict is Outcome.VALID


@pytest.mark.parametrize(("ledger", "index"), [(LEDGER, 99), ("nobody", 0)])
def test_what_does_not_exist_is_not_found(plant: Plant, ledger: str, index: int) -> None:
    with pytest.raises(NotFound):
        plant.services.receipts.receipt(ledger, index)


def test_only_the_named_fields_are_shown(plant: Plant) -> None:
    index = add(plant)
    plant.services.publisher.publish(LEDGER)
    receipt = plant.services.receipts.receipt(LEDGER, index, disclose={"step_code", "no such field"})
    assert len(receipt.disclosures) == 1
    assert str(STEP["performed_by"]) not in json.dumps(receipt.to_value())
    assert report(plant, receipt).verdict is Outcome.VALID
    assert plant.services.receipts.receipt(LEDGER, index, disclose=set()).disclosures == ()


def test_the_fields_shown_are_held_against_the_type_that_was_signed(plant: Plant) -> None:
    index = add(plant)
    plant.services.publisher.publish(LEDGER)
    receipt = plant.services.receipts.receipt(LEDGER, index, disclose={"step_code"})
    policy = parse_policy(
        policy_text(plant.services, LEDGER).replace("require_anchor = true", "require_anchor = false")
    )
    # The same claim, but a verifier whose copy of the type does not take what was signed under it.
    types = load_record_types()
    fields: dict[str, Json] = {"step_code": {"enum": ["S99"]}, "site": {"type": "string"}}
    narrow = replace(types["loading_step"], schema={"type": "object", "properties": fields, "required": ["site"]})

    def schema_check(*known: RecordType) -> Check:
        verifier = ReceiptVerifier(policy, [*known, types["key_event"]], validate, validate_shown)
        return next(check for check in verifier.verify(receipt.to_json()).checks if check.name == "schema")

    assert schema_check(narrow).outcome is Outcome.INVALID
    sound = schema_check(*load_catalogue().all_types())
    assert sound.outcome is Outcome.VALID
    assert "the fields shown fit it" in sound.detail


def test_an_erased_disclosure_is_left_out_and_the_rest_still_verifies(plant: Plant) -> None:
    index = add(plant)
    plant.services.publisher.publish(LEDGER)
    whole = plant.services.receipts.receipt(LEDGER, index)
    with closing(sqlite3.connect(plant.settings.data_dir / "ledger.sqlite")) as database:
        database.execute(
            "UPDATE disclosures SET sealed = NULL, erased_by_idx = 9 WHERE idx = ? AND position = 3", (index,)
        )
        database.commit()
    left = plant.services.receipts.receipt(LEDGER, index)
    assert left.disclosures == whole.disclosures[:3] + whole.disclosures[4:]
    assert report(plant, left).verdict is Outcome.VALID


def test_keys_lead_from_the_signer_to_the_root_and_leave_out_the_others(plant: Plant) -> None:
    first = enrol(plant, 21)
    enrol(plant, 22)
    successor = SigningKey.from_seed(bytes(31) + bytes([23]))
    before = plant.submit(plant.statement(first))[0]
    rotation = plant.services.keys.rotate(LEDGER, first.kid, successor.public)
    after = plant.submit(plant.statement(successor))[0]
    assert isinstance(before, Sequenced)
    assert isinstance(after, Sequenced)
    plant.services.publisher.publish(LEDGER)
    for sequenced in (before, after):
        receipt = plant.services.receipts.receipt(LEDGER, sequenced.index)
        # The rotation belongs to both: it ends the one key and begins the other.
        assert [key.proof.index for key in receipt.keys] == [2, rotation.index]
        assert report(plant, receipt).verdict is Outcome.VALID


def test_a_later_compromise_travels_with_the_receipt_and_takes_it_down(plant: Plant) -> None:
    key = enrol(plant, 31)
    index = plant.submit(plant.statement(key))[0]
    assert isinstance(index, Sequenced)
    plant.services.publisher.publish(LEDGER)
    assert report(plant, plant.services.receipts.receipt(LEDGER, index.index)).verdict is Outcome.VALID
    plant.services.keys.compromise(LEDGER, key.kid, plant.clock.now())
    plant.services.publisher.publish(LEDGER)
    found = report(plant, plant.services.receipts.receipt(LEDGER, index.index))
    assert found.verdict is Outcome.INVALID
    assert found.failed[0].name == "signer"


def test_the_receipt_of_a_key_event_proves_its_signer(plant: Plant) -> None:
    plant.services.publisher.publish(LEDGER)
    assert report(plant, plant.services.receipts.receipt(LEDGER, 0)).verdict is Outcome.VALID


def test_a_damaged_tile_gives_no_receipt(plant: Plant) -> None:
    add(plant, 3)
    plant.services.publisher.publish(LEDGER)
    tile = plant.settings.data_dir / "logs" / LEDGER / "tile" / "0" / "000.p" / "5"
    tile.write_bytes(tile.read_bytes()[:-1])
    with pytest.raises(StorageCorrupt, match="run fsck"):
        plant.services.receipts.receipt(LEDGER, 2)


def test_many_receipts_read_each_tile_once(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = add(plant, 300)
    plant.services.publisher.publish(LEDGER)
    reads: list[Path] = []
    real = Path.read_bytes

    def counting(path: Path) -> bytes:
        reads.append(path)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", counting)
    made = list(plant.services.receipts.receipts(LEDGER, range(newest + 1)))
    assert len(made) == 302
    tiles = [path for path in reads if "tile" in path.parts]
    assert len(tiles) == len(set(tiles)) <= 4


def test_the_anchored_checkpoint_is_taken_while_it_covers_the_entry(plant: Plant) -> None:
    index = add(plant)
    plant.services.publisher.publish(LEDGER)
    plant.services.anchoring.run_once(LEDGER)
    later = add(plant)
    plant.services.publisher.publish(LEDGER)
    anchored, unanchored = (plant.services.receipts.receipt(LEDGER, item) for item in (index, later))
    assert [len(anchored.anchors), len(unanchored.anchors)] == [1, 0]
    assert anchored.proof.checkpoint != unanchored.proof.checkpoint
    policy = parse_policy(policy_text(plant.services, LEDGER))
    verifier = ReceiptVerifier(policy, load_record_types().values(), validate)
    assert verifier.verify(anchored.to_json()).verdict is Outcome.VALID
    assert verifier.verify(unanchored.to_json()).verdict is Outcome.UNKNOWN


def test_both_forms_read_back_as_they_were_written(plant: Plant) -> None:
    index = add(plant)
    plant.services.publisher.publish(LEDGER)
    receipt = plant.services.receipts.receipt(LEDGER, index)
    assert parse_receipt(receipt.to_json()) == receipt
    assert parse_tlog_proof(plant.services.receipts.tlog_proof(LEDGER, index).to_text().encode()) == receipt.proof
