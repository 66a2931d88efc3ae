"""A small plant: a service in a temporary folder, one ledger, one signing device, and records worth logging."""

from __future__ import annotations

import atexit
import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp
from typing import Any

from evidence.encoding import format_time
from evidence.keys import SigningKey
from evidence.statement import Claims, issue, stream_id, uuid7
from ledger_service.config import Settings
from ledger_service.context import Services, build_services
from ledger_service.statements.model import PreparedStatement, Rejected, Sequenced
from tests.fakes.clock import FakeClock

LEDGER = "demo"
ORIGIN = "ledger.example.com/demo"

STEP: dict[str, Any] = {
    "subject": "loading_operation/LO-2026-0012",
    "site": "site/warehouse-3",
    "step_code": "S01",
    "seq": 1,
    "result": "pass",
    "performed_by": "person/E-0815",
    "direction": "load",
    "bay": "bay/2",
    "product_name": "Toluene",
    "un_no": "1294",
    "hazard_class": "3",
    "packing_group": "II",
    "tank_no": "tank/T-7",
    "waybill_no": "WB-2026-0441",
    "carrier": "Pujiang Dangerous Goods Transport",
}
"""A loading step with 15 fields."""


def counted_random(seed: str = "plant") -> Callable[[int], bytes]:
    """Bytes that look random and are the same in every run."""
    counter = 0

    def take(count: int) -> bytes:
        nonlocal counter
        counter += 1
        return hashlib.shake_256(f"{seed}/{counter}".encode()).digest(count)

    return take


DEVICE = SigningKey.from_seed(bytes(31) + b"\x01")


@cache
def template() -> Path:
    """A data folder with the ledger and the device enrolled, made once: a copy saves each test the migrations."""
    folder = Path(mkdtemp(prefix="plant-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    random = counted_random("template")
    services = build_services(Settings(data_dir=folder / "data"), FakeClock(), random, rule_sets=False)
    services.ledgers.create(LEDGER, ORIGIN)
    services.keys.enrol(LEDGER, DEVICE.public, "Dosing terminal 4", "device")
    services.close()
    return folder / "data"


class Plant:
    """`services` with the ledger `demo`, and `device`, enrolled in it as entry 1."""

    def __init__(self, folder: Path, *, rule_sets: bool = False, **settings: Any) -> None:
        self.clock = FakeClock()
        self.random = counted_random()
        self.settings = Settings(data_dir=folder, **settings)
        self.device = DEVICE
        copytree(template(), folder)
        # A rule set before the first judgement would shift the index of every entry that a test names.
        self.rule_sets = rule_sets
        self.services: Services = build_services(self.settings, self.clock, self.random, rule_sets=rule_sets)
        self.ledger = self.services.ledgers.get(LEDGER)

    def claims(self, subject: str, **changes: Any) -> Claims:
        """Clear claims of a loading step about `subject` that just happened."""
        now = self.clock.now()
        claims = Claims(
            iss="urn:example:device:terminal-4",
            iat=int(now.timestamp()),
            jti=uuid7(int(now.timestamp() * 1000), self.random(10)),
            type="loading_step",
            schema=self.services.record_types["loading_step"].schema_claim,
            stream=stream_id(self.services.keystore.stream_key(LEDGER), subject),
            occurred_at=format_time(now),
            channel="iot",
        )
        return replace(claims, **changes)

    def statement(self, key: SigningKey | None = None, claims: dict[str, Any] | None = None, **payload: Any) -> str:
        """A signed loading step as the device submits it; keywords replace payload fields, `claims` clear claims."""
        fields = STEP | payload
        drawn = self.claims(str(fields["subject"]), **(claims or {}))
        return issue(drawn, fields, key or self.device, salt=lambda: self.random(16)).compact

    def prepared(self, **payload: Any) -> PreparedStatement:
        """The same, checked and ready for the sequencer."""
        return self.services.statements.prepare(LEDGER, self.statement(**payload))

    def submit(self, *compacts: str) -> list[Sequenced | Rejected]:
        """Sequence statements without a server."""
        return self.services.statements.submit_now(LEDGER, compacts)

    def reopen(self) -> Plant:
        """The same folder opened by another process: nothing is remembered but what is stored."""
        self.services.close()
        self.services = build_services(self.settings, self.clock, self.random, rule_sets=self.rule_sets)
        return self
