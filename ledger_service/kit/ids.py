"""Identifiers and randomness, passed in so that tests can repeat a run."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

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


def is_slug(text: str) -> bool:
    """Whether `text` may name a ledger: 1–63 of a–z, 0–9 and inner hyphens."""
    return SLUG.fullmatch(text) is not None
