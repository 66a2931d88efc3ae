"""A hazmat site on a running service: people, credentials, operations and steps as signed statements in the log."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from evidence.encoding import format_time
from evidence.keys import SigningKey
from evidence.records.judgement import Judgement
from evidence.statement import Claims, issue, stream_id, uuid7
from ledger_service.entries.model import EntryView
from ledger_service.statements.model import Rejected, Sequenced
from tests.fakes.loading_site import HEADER, SOUND
from tests.fakes.plant import LEDGER, Plant

MANAGER = SigningKey.from_seed(bytes(31) + b"\x22")
HR = SigningKey.from_seed(bytes(31) + b"\x21")
OPERATION = "loading_operation/LO-0001"
DRIVER, ESCORT = "D-1", "E-1"
CREDENTIAL = f"credential/{DRIVER}-licence"
_PHOTO = b"photo of the papers"
_TRAININGS = ("level1_company", "level2_workshop", "level3_team", "annual_refresher", "emergency")


class Site:
    """Puts records into the ledger of a plant."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        plant.services.keys.enrol(LEDGER, HR.public, "HR", "hr")
        plant.services.keys.enrol(LEDGER, MANAGER.public, "Shift lead", "loading_manager")

    def now(self) -> datetime:
        """The plant's clock."""
        return self.plant.clock.now()

    def compact(
        self, record_type: str, subject: str, payload: dict[str, Any], at: datetime | None = None,
        key: SigningKey | None = None, **claims: Any,
    ) -> str:  # fmt: skip
        """A signed statement about `subject` that happened at `at`."""
        services, now = self.plant.services, self.now()
        clear: dict[str, Any] = {
            "iss": "urn:example:site", "iat": int(now.timestamp()),
            "jti": uuid7(int(now.timestamp() * 1000), self.plant.random(10)), "type": record_type,
            "schema": services.record_types[record_type].schema_claim,
            "stream": stream_id(services.keystore.stream_key(LEDGER), subject),
            "occurred_at": format_time(at or now), "channel": "api",
        } | claims  # fmt: skip
        fields = {"subject": subject, "site": "SH-1"} | payload
        return issue(Claims(**clear), fields, key or HR, salt=lambda: self.plant.random(16)).compact

    def put(self, *args: Any, **kwargs: Any) -> Sequenced:
        """Sequence one statement, see `compact`."""
        [outcome] = self.plant.submit(self.compact(*args, **kwargs))
        assert not isinstance(outcome, Rejected), outcome.error.detail
        return outcome

    def train(self, person: str) -> None:
        """The trainings that every post asks for."""
        for number, kind in enumerate(_TRAININGS):
            ended = self.now() - timedelta(days=30 - number)
            self.put("training_record", f"person/{person}", training(kind, ended), ended)

    def certify(self, person: str = DRIVER, credential_type: str = "hazmat_driver", at: datetime | None = None) -> None:
        """A credential, applied for and verified."""
        subject = f"credential/{person}-licence"
        at = at or self.now() - timedelta(days=20)
        applied = {
            "event": "apply", "person_ref": person, "credential_type": credential_type, "category": "hazmat_transport",
            "cert_no": f"C-{person}-1", "issuer": "Shanghai", "valid_from": "2025-01-01", "valid_to": "2027-06-30",
        }  # fmt: skip
        verified = {"event": "verify", "verify_source": "manual", "verified_at": format_time(at)}
        self.put("credential", subject, applied, at)
        self.put("credential", subject, verified, at)

    def revoke(self, effective_at: datetime) -> Sequenced:
        """The driver's credential is revoked today, from an earlier time on."""
        payload = {"event": "revoke", "effective_at": format_time(effective_at), "reason": "register"}
        return self.put("credential", CREDENTIAL, payload)

    def crew(self) -> None:
        """Driver and escort, trained and certified."""
        for person, kind in ((DRIVER, "hazmat_driver"), (ESCORT, "hazmat_escort")):
            self.train(person)
            self.certify(person, kind)

    def papers(self) -> Sequenced:
        """An operation is booked, and step S02 looks at its papers: the crew's certificates among them."""
        first, second = self.paper_records()
        outcomes = self.plant.submit(first, second)
        assert isinstance(outcomes[1], Sequenced)
        return outcomes[1]

    def paper_records(self, operation: str = OPERATION) -> tuple[str, str]:
        """The statements of the operation's booking and of its step S02."""
        sha256 = hashlib.sha256(_PHOTO).hexdigest()
        with self.plant.services.blobs.begin(sha256, "image/png") as upload:
            upload.write(_PHOTO)
            upload.finish()
        header = HEADER | {"op_no": operation[-7:]}
        attachment = {
            "sha256": sha256, "size": len(_PHOTO), "media_type": "image/png", "name": "a.png",
            "role": "document_photo",
        }  # fmt: skip
        step = SOUND["S02"][1] | {
            "step_code": "S02", "seq": 2, "result": "pass", "performed_by": "W-1", "direction": "load", "bay": "B1",
            "attachments": [attachment],
        }  # fmt: skip
        booked = self.compact("loading_operation", operation, header, key=MANAGER)
        return booked, self.compact("loading_step", operation, step, key=MANAGER)

    def view(self, index: int) -> EntryView:
        """The entry at an index."""
        return self.plant.services.entries.get(LEDGER, index)

    def judgement(self, index: int) -> Judgement:
        """The judgement of the entry at an index."""
        found = self.view(index).judgement
        assert found is not None
        return found

    def late(self) -> list[EntryView]:
        """The judgements in the light of later knowledge, in log order."""
        views = map(self.view, range(self.plant.services.entries.size(LEDGER)))
        return [view for view in views if view.entry.record_type == "judgement"]


def training(kind: str, at: datetime) -> dict[str, Any]:
    """Payload of a passed training."""
    return {
        "person_name": "Li", "employer_type": "own", "post": "driver", "department": "logistics",
        "training_type": kind, "course": "entry", "syllabus_version": "1", "provider": "Logistics Park",
        "trainer_ref": "T-1", "started_at": format_time(at), "ended_at": format_time(at + timedelta(hours=4)),
        "hours": {"value": "4", "unit": "h"}, "delivery": "onsite", "exam_method": "written", "result": "pass",
        "attempt_no": 1,
    }  # fmt: skip
