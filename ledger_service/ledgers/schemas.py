"""Bodies of the ledgers' routes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from evidence.encoding import format_time, hex_encode
from ledger_service.ledgers.model import Ledger


class LedgerCreate(BaseModel):
    """A new ledger."""

    model_config = ConfigDict(extra="forbid")

    ledger: str
    origin: str


class LedgerRead(BaseModel):
    """A ledger's public identity: what a verifier needs for the policy file."""

    ledger: str
    origin: str
    ledger_id: str
    log_vkey: str
    root_jwk: dict[str, str]
    service_kid: str
    created_at: str

    @classmethod
    def of(cls, ledger: Ledger) -> LedgerRead:
        """The public form of `ledger`."""
        return cls(
            ledger=ledger.slug,
            origin=ledger.origin,
            ledger_id=hex_encode(ledger.ledger_id),
            log_vkey=ledger.log_vkey,
            root_jwk=ledger.root_jwk.to_json(),
            service_kid=ledger.service_kid,
            created_at=format_time(ledger.created_at),
        )
