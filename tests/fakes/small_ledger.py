"""A small real ledger in a folder: SQLite, keys, clock and randomness that repeat, records of the shortest type."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evidence.encoding import format_time
from ledger_service.config import Settings
from ledger_service.context import Services, build_services
from ledger_service.kit.ids import new_record_id
from ledger_service.statements.issuing import Draft, issue_draft, issuer
from ledger_service.statements.model import Rejected, Sequenced
from tests.fakes.clock import FakeClock

LEDGER = "demo"
ORIGIN = "ledger.example.com/demo"


class Random:
    """Bytes that look random and are the same in every run."""

    def __init__(self, seed: bytes = b"seed") -> None:
        self._blocks = self._stream(seed)

    def __call__(self, count: int) -> bytes:
        return bytes(next(self._blocks) for _ in range(count))

    @staticmethod
    def _stream(seed: bytes) -> Iterator[int]:
        number = 0
        while True:
            yield from hashlib.sha256(seed + number.to_bytes(8, "big")).digest()
            number += 1


class SmallLedger:
    """Services on one data folder, and shortcuts to fill them."""

    def __init__(self, folder: Path, seed: bytes = b"seed") -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.random = Random(seed)
        self.services = self.open()

    def open(self) -> Services:
        """Other services on the same folder, as another process would have them."""
        return build_services(Settings(data_dir=self.folder), self.clock, self.random)

    def create(self) -> SmallLedger:
        """Create the ledger `demo` with its entry 0."""
        self.services.ledgers.create(LEDGER, ORIGIN)
        return self

    def add(self, count: int, attachments: Sequence[dict[str, Any]] = ()) -> list[Sequenced]:
        """Sequence `count` records over three streams."""
        return [self._placed(item) for item in self._sequence([self.draft(n, attachments) for n in range(count)])]

    def draft(self, number: int, attachments: Sequence[dict[str, Any]] = ()) -> Draft:
        """A record of the type evidence_package."""
        payload: dict[str, Any] = {
            "subject": f"package/P-{number % 3}",
            "site": "site/S-1",
            "manifest_sha256": f"{number:064x}",
            "file_count": number + 1,
            "checkpoint_size": 1,
        }
        if attachments:
            payload["attachments"] = list(attachments)
        record_id = new_record_id(self.clock, self.random)
        return Draft(record_id, "evidence_package", payload, format_time(self.clock.now()), "api")

    def record(self, record_type: str, payload: dict[str, Any]) -> Sequenced:
        """Sequence one record of any type."""
        record_id = new_record_id(self.clock, self.random)
        draft = Draft(record_id, record_type, payload, format_time(self.clock.now()), "api")
        return self._placed(self._sequence([draft])[0])

    def photo(self, data: bytes) -> dict[str, Any]:
        """Store a blob and return its attachment."""
        digest = hashlib.sha256(data).hexdigest()
        with self.services.blobs.begin(digest, "image/jpeg") as upload:
            upload.write(data)
            upload.finish()
        return {"sha256": digest, "size": len(data), "media_type": "image/jpeg", "name": "p.jpg", "role": "photo"}

    def _sequence(self, drafts: Sequence[Draft]) -> Sequence[Any]:
        services = self.services
        rules, key = services.rules.of(LEDGER), services.keystore.service_key(LEDGER)
        iss, now = issuer(LEDGER, "service"), self.clock.now()
        compacts = [issue_draft(rules, draft, key, iss, now, self.random).compact for draft in drafts]
        return services.statements.submit_now(LEDGER, compacts)

    @staticmethod
    def _placed(outcome: Any) -> Sequenced:
        if isinstance(outcome, Rejected):
            raise outcome.error
        assert isinstance(outcome, Sequenced)
        return outcome
