"""A data folder with something in every table and every kind of file, made once and copied by whoever spoils it."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from evidence.keys import SigningKey
from evidence.statement import issue
from ledger_service.reminders.model import Message, Outcome, Receipt, Recipient
from ledger_service.statements.model import Sequenced
from tests.fakes.plant import LEDGER, Plant

ERASED_IDX = 15
"""The training record of a worker who was erased."""
TRAINING: dict[str, Any] = {
    "site": "site/warehouse-3",
    "person_name": "Wang Fang",
    "employer_type": "own",
    "post": "Loader",
    "department": "Logistics",
    "training_type": "special_operation",
    "course": "Flammable liquids",
    "syllabus_version": "2026-1",
    "provider": "Pujiang Training Centre",
    "trainer_ref": "E-0001",
    "started_at": "2026-01-05T01:00:00Z",
    "ended_at": "2026-01-05T09:00:00Z",
    "hours": {"value": "8", "unit": "h"},
    "delivery": "onsite",
    "exam_method": "written",
    "result": "pass",
    "attempt_no": 1,
}
PHOTO = b"\xff\xd8 not much of a photo " * 40


def filled_plant(folder: Path) -> Path:
    """Two dozen entries, a rotated and a compromised key, a photo, a client, an erasure, three checkpoints, two anchors
    on the embedded chain, the sweep for late knowledge and an entry that is not published yet."""
    plant = Plant(folder)
    services = plant.services
    photo = stored(plant, PHOTO, "bay.jpg")
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
    services.reconsider.run(LEDGER)
    breach(plant)
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
    """A worker with a portrait comes in and is erased: key destroyed, disclosures and file gone."""
    person = {"subject": "person/E-0999", "attachments": [stored(plant, b"\xff\xd8 a face " * 40, "face.jpg")]}
    claims = plant.claims(
        str(person["subject"]),
        type="training_record",
        schema=plant.services.record_types["training_record"].schema_claim,
    )
    submit(plant, issue(claims, TRAINING | person, plant.device, salt=lambda: plant.random(16)).compact)
    _, erased = plant.services.erasures.erase(
        LEDGER, str(person["subject"]), "PIPL 47", "asked by the person concerned"
    )
    assert erased is not None
    assert (erased.keys, erased.blobs) == (1, 1)


def breach(plant: Plant) -> None:
    """A hazard report that nobody answers in time; somebody is told of it."""
    photo = stored(plant, b"\xff\xd8 a loose handrail " * 40, "rail.jpg") | {"role": "photo_before"}
    claims = plant.claims(
        "hazard/HZ-1", type="hazard_report", schema=plant.services.record_types["hazard_report"].schema_claim
    )
    report = {"subject": "hazard/HZ-1", "description": "loose", "place": {"words": "bay 2"}, "attachments": [photo]}
    submit(plant, issue(claims, report, plant.device, salt=lambda: plant.random(16)).compact)
    roles = ("team_lead", "department_head", "site_head")
    plant.services.reminders.tell([Recipient(role.replace("_", "-"), role, Accepting()) for role in roles])
    plant.clock.advance(hours=49)
    plant.services.deadline_sweep.run(LEDGER)
    plant.services.reminders.run(LEDGER)


class Accepting:
    """A channel that takes every message."""

    def send(self, message: Message) -> Receipt:
        return Receipt(Outcome.DELIVERED, "200")


def stored(plant: Plant, data: bytes, name: str) -> dict[str, Any]:
    """Store an attachment and return its value in a payload."""
    digest = hashlib.sha256(data).hexdigest()
    with plant.services.blobs.begin(digest, "image/jpeg") as upload:
        upload.write(data)
        upload.finish()
    return {"sha256": digest, "size": len(data), "media_type": "image/jpeg", "name": name, "role": "photo"}


def settle(folder: Path) -> None:
    """Fold the write-ahead logs into their databases, so that a copy of the files is a copy of the data."""
    for path in (folder / "ledger.sqlite", folder / "chain" / "embedded.sqlite"):
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.execute("PRAGMA journal_mode = DELETE")
