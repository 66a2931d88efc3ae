"""Two workers, a driver's plate and a shared photo, as records of one small plant."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from evidence.statement import issue
from ledger_service.statements.model import Sequenced
from tests.fakes.plant import LEDGER, STEP, Plant

ZHANG, LI = "person/E-0815", "person/E-0816"
NAME, NUMBER, PLATE = "Zhang Weiguo", "E-0815", "沪A8T66挂"
OTHER_NAME = "Li Xiuying"
PORTRAIT, SHARED = b"\xff\xd8 the face of Zhang Weiguo " * 30, b"%PDF the syllabus that everybody signs " * 30
SECRETS = [
    text.encode(code)
    for text in (NAME, f'{NUMBER}"', PLATE, "31010419800101****", "slipped on the ramp")
    for code in ("utf-8", "utf-16-le")
]
"""What must not be left anywhere, as bytes; `spoken_of` looks for its base64 too. The number with what ends it in JSON:
without, the bits at its end would be those of another number as well."""
BASIS, REASON = "PIPL 47(1)", "asked by the person concerned after the statutory period"


def add(plant: Plant, record_type: str, payload: dict[str, Any]) -> Sequenced:
    """Sequence one record, signed by the device."""
    claims = plant.claims(
        str(payload["subject"]), type=record_type, schema=plant.services.record_types[record_type].schema_claim
    )
    outcome = plant.submit(issue(claims, payload, plant.device, salt=lambda: plant.random(16)).compact)[0]
    assert isinstance(outcome, Sequenced), outcome
    return outcome


def training(person: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "subject": person, "site": "site/warehouse-3", "person_name": name, "employer_type": "own", "post": "Loader",
        "department": "Logistics", "training_type": "special_operation", "course": "Flammable liquids",
        "syllabus_version": "2026-1", "provider": "Pujiang Training Centre", "trainer_ref": "E-0001",
        "started_at": "2026-01-05T01:00:00Z", "ended_at": "2026-01-05T09:00:00Z",
        "hours": {"value": "8", "unit": "h"}, "delivery": "onsite", "exam_method": "written", "result": "pass",
        "attempt_no": 1,
    } | more  # fmt: skip


def photo(plant: Plant, data: bytes, name: str) -> dict[str, Any]:
    """Store an attachment and return its value in a payload."""
    digest = hashlib.sha256(data).hexdigest()
    with plant.services.blobs.begin(digest, "image/jpeg") as upload:
        upload.write(data)
        upload.finish()
    return {"sha256": digest, "size": len(data), "media_type": "image/jpeg", "name": name, "role": "photo"}


def populate(plant: Plant) -> None:
    """Zhang is trained, loads with a plate of his own, and is named in Li's remark; Li is trained and loads alone."""
    face, syllabus = photo(plant, PORTRAIT, "portrait.jpg"), photo(plant, SHARED, "syllabus.pdf")
    masked = {"id_no_masked": "31010419800101****"}
    add(plant, "training_record", training(ZHANG, NAME, attachments=[face, syllabus], **masked))
    add(plant, "training_record", training(LI, OTHER_NAME, attachments=[syllabus]))
    alone = STEP | {"performed_by": NUMBER, "vehicle_plate": PLATE, "remark": "slipped on the ramp"}
    add(plant, "loading_step", alone)
    add(plant, "loading_step", STEP | {"performed_by": "E-0816", "subject": "loading_operation/LO-2026-0013"})
    both = {"performed_by": NUMBER, "witnessed_by": "E-0816", "subject": "loading_operation/LO-2026-0014"}
    add(plant, "loading_step", STEP | both)
    add(plant, "training_record", training(LI, OTHER_NAME, attempt_no=2, remark=f"Examined together with {NAME}"))
    plant.services.publisher.publish(LEDGER)


def spoken_of(folder: Path, secrets: list[bytes] | None = None) -> dict[str, list[bytes]]:
    """Every file below `folder` that contains one of the secrets, in clear or in base64 at any alignment."""
    wanted = [form for secret in secrets or SECRETS for form in _forms(secret)]
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            hits = [form for form in wanted if form in data]
            if hits:
                found[str(path.relative_to(folder))] = hits
    return found


def _forms(secret: bytes) -> list[bytes]:
    import base64

    forms = [secret]
    for shift in range(3):
        text = base64.urlsafe_b64encode(bytes(shift) + secret + bytes(3)).rstrip(b"=")
        # Only the characters that depend on nothing but the secret.
        begin, end = -(-shift * 8 // 6), (shift + len(secret)) * 8 // 6
        forms.append(text[begin:end])
    return forms
