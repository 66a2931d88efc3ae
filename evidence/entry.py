"""Entries: what the log holds. RFC 8785 canonical JSON of at most 65,535 bytes, without any disclosure.

Version 2 has one member more: the digest of the judgement, what the rules said of the record when it was sequenced.
Record types without rules have entries of version 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from evidence.canonical import dumps, loads_canonical, require_object
from evidence.encoding import MAX_SAFE_INTEGER, b64url_decode, b64url_encode, format_time, parse_time
from evidence.errors import LimitExceeded, Malformed, StreamMismatch, UnsupportedVersion
from evidence.hashing import HASH_SIZE, leaf_hash
from evidence.merkle.tiles import MAX_ENTRY_SIZE
from evidence.statement import Statement, parse_jwt

VERSION = 1
JUDGED_VERSION = 2
_MEMBERS = frozenset({"prev", "received_at", "statement", "stream", "stream_seq", "v"})
_JUDGED_MEMBERS = _MEMBERS | {"judgement"}


@dataclass(frozen=True)
class Entry:
    """One entry of the log.

    - `prev`: leaf hash of the stream's previous entry, None for the first.
    - `received_at`: when the ledger took it in, UTC.
    - `statement`: the statement without its disclosures.
    - `stream_seq`: position in its stream, gapless from 0.
    - `judgement`: digest of the judgement's disclosure (`evidence.rule_results`), None in an entry of version 1.
    """

    prev: bytes | None
    received_at: datetime
    statement: Statement
    stream_seq: int
    judgement: bytes | None = None

    @property
    def stream(self) -> str:
        """The statement's stream: an entry cannot stand in another one."""
        return self.statement.claims.stream

    @cached_property
    def encoded(self) -> bytes:
        """Canonical bytes. Raises `LimitExceeded` beyond 65,535 bytes."""
        jwt = self.statement.jwt
        return encode_entry(self.prev, self.received_at, jwt, self.stream, self.stream_seq, self.judgement)

    def to_bytes(self) -> bytes:
        """Canonical bytes, as hashed and stored."""
        return self.encoded

    @cached_property
    def leaf_hash(self) -> bytes:
        """SHA-256(0x00 ‖ entry bytes)."""
        return leaf_hash(self.encoded)


def encode_entry(
    prev: bytes | None,
    received_at: datetime,
    jwt: str,
    stream: str,
    stream_seq: int,
    judgement: bytes | None = None,
) -> bytes:
    """Canonical bytes of an entry from its parts, of version 2 with a judgement's digest and of version 1 without.

    `stream` must be the statement's. Raises `LimitExceeded`.
    """
    value = {
        "prev": None if prev is None else b64url_encode(prev),
        "received_at": format_time(received_at),
        "statement": jwt,
        "stream": stream,
        "stream_seq": stream_seq,
        "v": VERSION,
    }
    if judgement is not None:
        value |= {"judgement": b64url_encode(judgement), "v": JUDGED_VERSION}
    data = dumps(value)
    if len(data) > MAX_ENTRY_SIZE:
        raise LimitExceeded(f"entry of {len(data)} bytes, at most {MAX_ENTRY_SIZE} allowed")
    return data


def parse_entry(data: bytes) -> Entry:
    """Parse the canonical bytes of an entry.

    Raises `Malformed`, `UnsupportedVersion`, or `StreamMismatch` where the entry's stream is not its statement's.
    """
    value = _members(loads_canonical(data, max_bytes=MAX_ENTRY_SIZE, max_depth=2))
    if not all(isinstance(value[name], str) for name in ("received_at", "statement", "stream")):
        raise Malformed("an entry's received_at, statement and stream are strings")
    entry = Entry(
        _parse_prev(value["prev"]),
        parse_time(value["received_at"]),
        parse_jwt(value["statement"]),
        _seq(value),
        _digest(value["judgement"], "judgement") if "judgement" in value else None,
    )
    if entry.stream != value["stream"]:
        raise StreamMismatch("the entry stands in another stream than its statement")
    if (entry.stream_seq == 0) != (entry.prev is None):
        raise StreamMismatch("exactly the first entry of a stream has no previous one")
    if format_time(entry.received_at) != value["received_at"]:
        raise Malformed("received_at is not in its one spelling")
    return entry


def _members(value: Any) -> Mapping[str, Any]:
    version = value.get("v", VERSION) if isinstance(value, dict) else VERSION
    if version is True or version not in (VERSION, JUDGED_VERSION):
        raise UnsupportedVersion(f"entry version is {VERSION} or {JUDGED_VERSION}")
    return require_object(value, _MEMBERS if version == VERSION else _JUDGED_MEMBERS)


def _parse_prev(value: Any) -> bytes | None:
    return None if value is None else _digest(value, "prev, unless it is null,")


def _digest(value: Any, name: str) -> bytes:
    digest = b64url_decode(value) if isinstance(value, str) else b""
    if len(digest) != HASH_SIZE:
        raise Malformed(f"{name} is a digest of {HASH_SIZE} bytes")
    return digest


def _seq(value: Any) -> int:
    seq = value["stream_seq"]
    if type(seq) is not int or not 0 <= seq <= MAX_SAFE_INTEGER:
        raise Malformed("stream_seq is not a natural number")
    return seq
