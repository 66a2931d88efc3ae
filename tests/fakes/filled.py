"""A data folder with something in every table and every kind of file, made once and copied by whoever spoils it."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from evidence.keys import SigningKey
from evidence.statement import Claims, issue, stream_id, uuid7
from ledger_service.statements.model import Sequenced
from tests.fakes.plant import LEDGER, Plant

ERASED_IDX = 4
PHOTO = b"\xff\xd8 not much of a photo " * 40


def filled_plant(folder: Path) -> Path:
    """Two dozen entries, a rotated and a compromised key, a photo, a client, an erasure, three checkpoints, two anchors
    on the embedded chain and an entry that is not published yet."""
    plant = Plant(folder)
    services = plant.services
    photo = {
        "sha256": hashlib.sha256(PHOTO).hexdigest(),
        "size": len(PHOTO),
        "media_type": "image/jpeg",
        "name": "bay.jpg",
        "role": "photo",
    }
    with services.blobs.begin(str(photo["sha256"]), "image/jpeg") as upload:
        upload.write(PHOTO)
        upload.finish()
    services.access.create_client("tablet", "writer")
    submit(plant, *(plant.statement(seq=number) for number in range(1, 9)), plant.statement(attachments=[photo]))
    keys(plant)
    erase(plant)
    services.publisher.publish(LEDGER)
    services.anchoring.run_once(LEDGER)
    plant.clock.advance(minutes=10)
    submit(plant, *(plant.statement(subject=f"loading_operation/LO-{n % 5}") for n in range(4)))
    services.publisher.publish(LEDGER)
    services.anchoring.run_once(LEDGER)
    plant.clock.advance(minutes=10)
    submit(plant, plant.statement())
    services.publisher.publish(LEDGER)
    submit(plant, plant.statement())
    services.close()
    settle(folder)
    return folder


def submit(plant: Plant, *compacts: str) -> None:
    assert all(isinstance(item, Sequenced) for item in plant.submit(*compacts))


def keys(plant: Plant) -> None:
    """A key that was rotated, and one that was compromised."""
    old, new, lost = (SigningKey.from_seed(bytes(31) + bytes([number])) for number in (11, 12, 13))
    service = plant.services.keys
    service.enrol(LEDGER, old.public, "Gauge 7", "device")
    service.rotate(LEDGER, old.kid, new.public)
    service.enrol(LEDGER, lost.public, "Tablet 2", "device")
    service.compromise(LEDGER, lost.kid, plant.clock.now())


def erase(plant: Plant) -> None:
    """Order the erasure of one disclosure by an entry, then carry it out."""
    database = plant.settings.data_dir / "ledger.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT digest FROM disclosures WHERE idx = ? AND position = 2"
        digest = connection.execute(query, (ERASED_IDX,)).fetchone()[0]
        record_id = connection.execute("SELECT record_id FROM entries WHERE idx = ?", (ERASED_IDX,)).fetchone()[0]
    payload = {
        "subject": f"record/{record_id}",
        "record_id": record_id,
        "entry_index": ERASED_IDX,
        "digests": [digest],
        "legal_basis": "PIPL 47",
        "reason": "asked by the person concerned",
    }
    now = plant.clock.now()
    claims: Claims = plant.claims(
        payload["subject"],
        type="erasure",
        schema=plant.services.record_types["erasure"].schema_claim,
        stream=stream_id(plant.services.keystore.stream_key(LEDGER), payload["subject"]),
        jti=uuid7(int(now.timestamp() * 1000), plant.random(10)),
        channel="api",
    )
    compact = issue(claims, payload, plant.device, salt=lambda: plant.random(16)).compact
    outcome = plant.submit(compact)[0]
    assert isinstance(outcome, Sequenced)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "UPDATE disclosures SET sealed = NULL, erased_by_idx = ? WHERE idx = ? AND position = 2",
            (outcome.index, ERASED_IDX),
        )
        connection.commit()


def settle(folder: Path) -> None:
    """Fold the write-ahead logs into their databases, so that a copy of the files is a copy of the data."""
    for path in (folder / "ledger.sqlite", folder / "chain" / "embedded.sqlite"):
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.execute("PRAGMA journal_mode = DELETE")
