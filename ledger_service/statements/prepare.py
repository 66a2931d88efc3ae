"""Everything that can be said about a statement before it has an index. Pure: keys and blobs come in as look-ups.

Order, cheap and certain first: 1 limits and form · 2 record type and schema claim · 3 times · 4 signature by a known
key · 5 disclosures committed · 6 subject and stream · 7 payload against the record type · 8 attachments stored · 9 key
events.
Whether the key is valid is decided at the index the statement gets (see `plan`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from evidence.canonical import Json
from evidence.encoding import parse_time
from evidence.errors import EvidenceError, StreamMismatch
from evidence.hashing import sha256
from evidence.key_events import KeyEvent
from evidence.keys import PublicJwk
from evidence.records import RecordType, validate
from evidence.statement import (
    Claims,
    Statement,
    opened,
    parse_statement,
    stream_id,
    verify_signature,
)
from ledger_service.errors import Refused, TooLarge
from ledger_service.kit.evidence_errors import refusal
from ledger_service.privacy.concerns import holders
from ledger_service.statements.model import PreparedStatement

KEY_EVENT = "key_event"
SERVICE_TYPES = frozenset({"deadline_event", "erasure", "judgement", "legal_hold", "rule_set"})
"""What the ledger alone may say, whoever signs: breaches, judgements, its rules, and what it erases or holds."""


@dataclass(frozen=True, slots=True)
class IngestRules:
    """What one ledger's statements are held against."""

    ledger: str
    stream_key: bytes
    record_types: Mapping[str, RecordType]
    public_key: Callable[[str], PublicJwk]
    """The public key of a kid that this ledger ever enrolled, its root, or one offered before; raises KeyNotTrusted."""
    blob_sizes: Callable[[list[str]], Mapping[str, int]]
    """The sizes of those blobs that are stored."""
    clock_skew: timedelta
    max_bytes: int


def prepare(rules: IngestRules, compact: str, now: datetime) -> PreparedStatement:
    """Check a compact statement as it came in. Raises TooLarge, BadRequest or Refused with the core's reason."""
    if len(compact) > rules.max_bytes:
        raise TooLarge(f"a statement has at most {rules.max_bytes} bytes")
    try:
        statement = parse_statement(compact)
        require_open_type(statement.claims.type)
        return check(rules, statement, compact, now)
    except EvidenceError as error:
        raise refusal(error) from error


def require_open_type(record_type: str) -> None:
    """Raise Refused for a record type that the ledger keeps to itself."""
    if record_type in SERVICE_TYPES:
        raise Refused(f"records of type {record_type} are made by the ledger alone", reason="ServiceType")


def check(rules: IngestRules, statement: Statement, compact: str, now: datetime) -> PreparedStatement:
    """Steps 2 to 9 on a parsed statement. Raises Refused and errors of the pure core."""
    claims = statement.claims
    record_type = _record_type(rules, claims)
    occurred_at = _check_times(claims, now + rules.clock_skew)
    verify_signature(statement, rules.public_key(statement.kid))
    fields = opened(statement)
    payload = dict(fields.values())
    _check_subject(rules, record_type, claims, payload)
    validate(record_type, payload)
    _check_attachments(rules, payload)
    held = holders(record_type, payload, claims.stream, partial(stream_id, rules.stream_key))
    return PreparedStatement(
        ledger=rules.ledger,
        record_id=claims.jti,
        record_type=claims.type,
        kid=statement.kid,
        channel=claims.channel,
        stream=claims.stream,
        occurred_at=occurred_at,
        jwt=statement.jwt,
        digest=sha256(compact.encode("ascii")),
        disclosures=tuple(zip(fields, statement.disclosures, strict=True)),
        key_event=KeyEvent.from_payload(payload) if claims.type == KEY_EVENT else None,
        holders=tuple(held[name] for name, _ in fields.values()),
        payload=payload,
        links=record_type.links(payload),
        version=record_type.version,
        supersedes=claims.supersedes,
        counter=claims.counter,
    )


def _record_type(rules: IngestRules, claims: Claims) -> RecordType:
    record_type = rules.record_types.get(claims.type)
    if record_type is None:
        raise Refused("the record type is not known here", reason="UnknownRecordType")
    if claims.schema != record_type.schema_claim:
        raise Refused(f"schema of {record_type.id} must be {record_type.schema_claim}", reason="SchemaMismatch")
    return record_type


def _check_times(claims: Claims, latest: datetime) -> datetime:
    """A late record is data; a record from the future is a wrong clock, and would be believed later."""
    occurred_at = parse_time(claims.occurred_at)
    if occurred_at > latest:
        raise Refused("occurred_at lies in the future", reason="OccurredInFuture")
    if claims.iat > int(latest.astimezone(UTC).timestamp()):
        raise Refused("iat lies in the future", reason="SignedInFuture")
    return occurred_at


def _check_subject(rules: IngestRules, record_type: RecordType, claims: Claims, payload: Mapping[str, Json]) -> None:
    """At ingest the subject must be shown: a stream that nobody could name later is no evidence chain."""
    subject = payload.get("subject")
    if not isinstance(subject, str):
        raise Refused("the disclosure of subject is missing", reason="SubjectMissing")
    if not record_type.takes_subject(subject):
        raise Refused(f"the subject of {record_type.id} starts with {record_type.subject_kind}/", reason="SubjectKind")
    try:
        expected = stream_id(rules.stream_key, subject)
    except UnicodeEncodeError as error:
        raise Refused("the subject is not text", reason="SubjectKind") from error
    if expected != claims.stream:
        raise StreamMismatch("stream is not the blinded subject")


def _check_attachments(rules: IngestRules, payload: Mapping[str, Json]) -> None:
    """Every named attachment must already be stored, with the size it claims. The payload's form is checked before."""
    attachments = payload.get("attachments")
    if not isinstance(attachments, list):
        return
    claimed = [(str(item["sha256"]), item["size"]) for item in attachments if isinstance(item, dict)]
    stored = rules.blob_sizes([digest for digest, _ in claimed])
    missing = sum(digest not in stored for digest, _ in claimed)
    if missing:
        raise Refused(
            f"{missing} attachment(s) not uploaded yet: PUT /v1/blobs/<sha256> first", reason="AttachmentMissing"
        )
    if any(stored[digest] != size for digest, size in claimed):
        raise Refused("an attachment's size is not that of the stored blob", reason="AttachmentSize")
