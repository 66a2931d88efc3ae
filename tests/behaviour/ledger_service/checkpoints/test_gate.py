"""A database that is older than what was published takes no entry: its next index was given out before."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from evidence.keys import SigningKey
from ledger_service.checkpoints.errors import LedgerBehindAnchor
from ledger_service.checkpoints.guard import Head, WitnessedHead
from ledger_service.checkpoints.log_files import LogFiles
from ledger_service.errors import NotFound
from ledger_service.statements.model import Rejected, Sequenced
from tests.fakes.anchored import grow
from tests.fakes.http import Call, call
from tests.fakes.plant import LEDGER, Plant

BASE = f"/v1/ledgers/{LEDGER}"
SD_JWT = {"content-type": "application/sd-jwt"}
NDJSON = {"content-type": "application/x-ndjson"}
RECORD = {
    "type": "evidence_package",
    "occurred_at": "2026-11-23T07:00:00Z",
    "payload": {"subject": "package/P-1", "manifest_sha256": "0" * 64, "file_count": 1, "checkpoint_size": 1},
}


@contextmanager
def restored(plant: Plant) -> Iterator[None]:
    """What happens inside is gone from the database afterwards, and another process opens the folder."""
    database = plant.settings.data_dir / "ledger.sqlite"
    backup = database.with_name("backup")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    yield
    plant.services.close()
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    shutil.move(backup, database)
    plant.reopen()


def test_no_entry_is_taken_from_the_start_and_reads_go_on(plant: Plant) -> None:
    kept = plant.statement()
    plant.submit(kept)
    plant.services.publisher.publish(LEDGER)
    late = SigningKey.from_seed(bytes(31) + b"\x51")
    with restored(plant):
        plant.services.keys.enrol(LEDGER, late.public, "Device", "device")
        grow(plant)
    jwk = late.public.to_json()
    answers = call(
        plant.services,
        [
            Call("POST", f"{BASE}/statements", plant.statement(), headers=SD_JWT),
            # Its key was enrolled in the part that is missing: "refused" would make the sender drop the record.
            Call("POST", f"{BASE}/statements", plant.statement(late), headers=SD_JWT),
            Call("POST", f"{BASE}/records", json=RECORD),
            Call("POST", f"{BASE}/keys", json={"action": "enrol", "jwk": jwk, "holder": "x", "role": "device"}),
        ],
    )
    assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [
        (500, "urn:safety-ledger:problem:ledger-behind-anchor")
    ] * 4
    again, lines, entry, head = call(
        plant.services,
        [
            Call("POST", f"{BASE}/statements", kept, headers=SD_JWT),
            Call("POST", f"{BASE}/statements", f'"{kept}"\n"{plant.statement()}"', headers=NDJSON),
            Call("GET", f"{BASE}/entries/2/receipt"),
            Call("GET", f"{BASE}/checkpoint"),
        ],
    )
    assert [again.status_code, entry.status_code, head.status_code] == [200] * 3
    # As a whole: a line with a problem would be given up by its sender.
    assert lines.status_code == 500
    assert plant.services.entries.size(LEDGER) == 3


def test_another_ledger_of_the_same_group_is_not_held_up(plant: Plant) -> None:
    plant.services.ledgers.create("second", "ledger.example.com/second")
    with restored(plant):
        grow(plant)
    jwk = SigningKey.from_seed(bytes(31) + b"\x52").public
    other = plant.services.keys._prepare("second", plant.services.keys._payload("enrol", jwk.kid, jwk, "x", "device"))
    outcomes = plant.services.sequencer.sequence([plant.prepared(), other])
    assert isinstance(outcomes[0], Rejected)
    assert isinstance(outcomes[0].error, LedgerBehindAnchor)
    assert isinstance(outcomes[1], Sequenced)


def test_the_publisher_closes_the_ledger_and_opens_it_again(plant: Plant) -> None:
    """Nothing on the disk says so here: the witness is elsewhere, as a chain is."""
    grow(plant)
    seen = [WitnessedHead("a witness", Head(9, bytes(32)))]
    plant.services.publisher._witnesses = [lambda _: seen]
    assert isinstance(plant.submit(plant.statement())[0], Sequenced)
    with pytest.raises(LedgerBehindAnchor):
        plant.services.publisher.publish(LEDGER)
    with pytest.raises(LedgerBehindAnchor, match="a witness holds size 9"):
        plant.submit(plant.statement())
    seen.clear()
    plant.services.publisher.publish(LEDGER)
    assert isinstance(plant.submit(plant.statement())[0], Sequenced)


def test_a_new_ledger_does_not_take_the_place_of_a_lost_one(plant: Plant) -> None:
    """The whole database is gone, keys and published log are there: entry 0 was given out before."""
    plant.services.publisher.publish(LEDGER)
    plant.services.close()
    for path in plant.settings.data_dir.glob("ledger.sqlite*"):
        path.unlink()
    plant.reopen()
    with pytest.raises(LedgerBehindAnchor):
        plant.services.ledgers.create(LEDGER, plant.ledger.origin)
    with pytest.raises(NotFound):
        plant.services.ledgers.get(LEDGER)


def test_the_file_is_read_once_and_a_damaged_one_is_the_publishers_to_report(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Path] = []

    def damaged(files: LogFiles) -> bytes:
        reads.append(files.root)
        return b"damaged"

    monkeypatch.setattr(LogFiles, "checkpoint", damaged)
    for _ in range(3):
        assert isinstance(plant.submit(plant.statement())[0], Sequenced)
    assert len(reads) == 1
