"""The cameras' site of the rules' tests in a real ledger: each record is signed by a key of its role."""

from __future__ import annotations

import hashlib
from typing import Any

from evidence.keys import SigningKey
from tests.behaviour.evidence.rules.test_violations import Cameras
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.register import at
from tests.fakes.site import Site


class Recorded(Cameras):
    """Says to a ledger what `Cameras` says to a log in memory."""

    def __init__(self, plant: Plant) -> None:
        self.site = Site(plant)
        self.keys: dict[str, SigningKey] = {}
        super().__init__()

    def record(self, record_type: str, subject: str, when: str, payload: dict[str, Any], **claims: Any) -> Any:
        """Sequence a record; the judgement as stored."""
        role = claims.get("role") or ("hr" if record_type == "credential" else "safety_officer")
        if role not in self.keys:
            self.keys[role] = SigningKey.from_seed(hashlib.sha256(role.encode()).digest())
            self.site.plant.services.keys.enrol(LEDGER, self.keys[role].public, role, role)
        key, channel = self.keys[role], claims.get("channel", "web")
        index = self.site.put(record_type, subject, payload, at(when), key, channel=channel).index
        return self.site.view(index).judgement
