"""The values that pass through ingest: what was checked, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from evidence.canonical import Json
from evidence.key_events import KeyEvent
from evidence.records.judgement import Judgement
from evidence.records.model import Link
from ledger_service.errors import ServiceError
from ledger_service.privacy.search import attachments_of


@dataclass(frozen=True, slots=True)
class PreparedStatement:
    """A statement that passed every check which needs no index: only its place in the log is open.

    `digest` is the SHA-256 of the compact form as submitted; `disclosures` are (digest, text) in submitted order.
    """

    ledger: str
    record_id: str
    record_type: str
    kid: str
    channel: str
    stream: str
    occurred_at: datetime
    jwt: str
    digest: bytes
    disclosures: tuple[tuple[str, str], ...]
    key_event: KeyEvent | None = None
    holders: tuple[str, ...] = ()
    """For each disclosure the stream of whom it is about, empty where that is nobody (`privacy.concerns`)."""
    payload: Mapping[str, Json] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    """The subjects that the payload refers to."""
    version: int = 1
    """Of the record type."""
    supersedes: str | None = None
    counter: int | None = None

    @property
    def attachments(self) -> list[str]:
        """SHA-256 of every attachment that the payload names."""
        return attachments_of(self.payload)


@dataclass(frozen=True, slots=True)
class Sequenced:
    """The statement has an index and is durable. `created` is False when the same bytes were sequenced before."""

    ledger: str
    record_id: str
    index: int
    leaf_hash: bytes
    stream: str
    stream_seq: int
    received_at: datetime
    created: bool
    judgement: Judgement | None = None
    """What the rules said of it; None for a record type without rules, or once erased."""

    def again(self) -> Sequenced:
        """The answer to the same bytes, submitted once more."""
        return replace(self, created=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The statement got no index; nothing of it was stored. `error` says what its sender should do."""

    error: ServiceError


Outcome = Sequenced | Rejected
