"""Records that the service itself states and signs as it acts: erasures and legal holds."""

from __future__ import annotations

from collections.abc import Mapping

from evidence.canonical import Json
from ledger_service.judging.signing import ServiceSigner
from ledger_service.kit.clock import Clock
from ledger_service.kit.ids import RandomBytes, new_record_id
from ledger_service.statements.model import PreparedStatement


class Issuer:
    """Signs under fresh record ids: each erasure and each event of a hold is a decision of its own."""

    def __init__(self, clock: Clock, random: RandomBytes, signer: ServiceSigner) -> None:
        self._clock = clock
        self._random = random
        self._signer = signer

    def record_id(self) -> str:
        """A fresh record id."""
        return new_record_id(self._clock, self._random)

    def prepare(
        self, ledger: str, record_type: str, payload: Mapping[str, Json], record_id: str | None = None
    ) -> PreparedStatement:
        """A record of what happened just now. Raises Refused where the payload does not fit its type."""
        return self._signer.prepare(ledger, record_type, record_id or self.record_id(), payload, self._clock.now())
