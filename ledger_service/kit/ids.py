"""Identifiers and randomness, passed in so that tests can repeat a run."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime

from evidence.statement import uuid7
from ledger_service.kit.clock import Clock

RandomBytes = Callable[[int], bytes]

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A ledger's short name: it is a folder name and a URL segment, so nothing that either could misread."""


def system_random(count: int) -> bytes:
    """`count` bytes from the operating system."""
    return secrets.token_bytes(count)


def new_record_id(clock: Clock, random: RandomBytes) -> str:
    """A fresh UUIDv7 (RFC 9562 clause 5.7): sorted by time, so the unique index grows at one end."""
    return uuid7(int(clock.now().timestamp() * 1000), random(10))


def import_record_id(stream_key: bytes, occurred_at: datetime, import_key: str) -> str:
    """UUIDv7 of an imported record: its time, and 80 bits under the ledger's secret instead of random ones.

    The same row gives the same id, so importing twice writes once. Without the secret nobody finds out from an id in
    the log which row it was: a reference at the source often holds a personnel number, and those are few.
    """
    secret = hmac.digest(stream_key, b"safety-ledger/import/record-id", "sha256")
    tail = hmac.digest(secret, import_key.encode("utf-8"), "sha256")[:10]
    return uuid7(int(occurred_at.timestamp() * 1000), tail)


def is_slug(text: str) -> bool:
    """Whether `text` may name a ledger: 1–63 of a–z, 0–9 and inner hyphens."""
    return SLUG.fullmatch(text) is not None
