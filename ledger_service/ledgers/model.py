"""The value that names a ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from evidence.keys import PublicJwk


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger's public identity. None of it ever changes."""

    slug: str
    origin: str
    ledger_id: bytes
    """SHA-256 of the origin: its name on chain (FORMATS 1)."""
    log_vkey: str
    """C2SP verifier key of its checkpoints."""
    root_jwk: PublicJwk
    """May sign key events; a verifier puts it into the policy."""
    service_kid: str
    created_at: datetime
