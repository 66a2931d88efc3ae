"""Statements that the service signs itself: key events by the root, plain-JSON records by the service key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from evidence.canonical import Json
from evidence.errors import EvidenceError
from evidence.keys import SigningKey
from evidence.statement import SALT_SIZE, Claims, Statement, issue, stream_id
from ledger_service.errors import Refused
from ledger_service.kit.evidence_errors import refusal
from ledger_service.kit.ids import RandomBytes
from ledger_service.statements.prepare import IngestRules


@dataclass(frozen=True, slots=True)
class Draft:
    """What a statement shall say; the signer adds schema, stream, salts and signature."""

    record_id: str
    record_type: str
    payload: Mapping[str, Json]
    occurred_at: str
    channel: str
    supersedes: str | None = None


def issuer(ledger: str, role: str) -> str:
    """The `iss` of a key that this service holds: `role` is root or service."""
    return f"urn:safety-ledger:{ledger}:{role}"


def issue_draft(
    rules: IngestRules, draft: Draft, key: SigningKey, iss: str, now: datetime, random: RandomBytes
) -> Statement:
    """Sign `draft`. Raises Refused for an unknown type or a missing subject, BadRequest for malformed values."""
    record_type = rules.record_types.get(draft.record_type)
    subject = draft.payload.get("subject")
    if record_type is None:
        raise Refused("the record type is not known here", reason="UnknownRecordType")
    if not isinstance(subject, str):
        raise Refused("the payload has no subject", reason="SubjectMissing")
    claims = Claims(
        iss=iss,
        iat=int(now.timestamp()),
        jti=draft.record_id,
        type=draft.record_type,
        schema=record_type.schema_claim,
        stream=stream_id(rules.stream_key, subject),
        occurred_at=draft.occurred_at,
        channel=draft.channel,
        supersedes=draft.supersedes,
    )
    try:
        return issue(claims, draft.payload, key, salt=lambda: random(SALT_SIZE))
    except EvidenceError as error:
        raise refusal(error) from error
