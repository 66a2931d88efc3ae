"""Hash a stream's entries again and hold each against the one before it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from evidence.encoding import b64url_encode
from evidence.hashing import leaf_hash
from ledger_service.chains.model import Integrity, Problem


@dataclass(frozen=True, slots=True)
class Link:
    """An entry's row as far as the chain goes: its place, its bytes and the hash stored beside them."""

    index: int
    stream_seq: int
    entry_bytes: bytes
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The head of the stream: what its newest entry has to be."""

    stream_seq: int
    index: int
    leaf_hash: bytes


def check_links(stream: str, links: Sequence[Link], end: End) -> Integrity:
    """Check `links`, the stream's entries by `stream_seq` from 0, up to its head.

    The bytes are held against the hash, the hash against the next entry's `prev`; that the entries stand in the log is
    for receipts to prove.
    """
    return Integrity(end.stream_seq + 1, len(links), tuple(_problems(stream, links, end)))


def _problems(stream: str, links: Sequence[Link], end: End) -> Iterator[Problem]:
    before: str | None = None
    for expected, link in enumerate(links):
        value = _read(link.entry_bytes)
        digest = leaf_hash(link.entry_bytes)
        if value is None:
            yield Problem(link.index, "unreadable")
        elif value.get("stream") != stream:
            yield Problem(link.index, "stream")
        elif link.stream_seq != expected or value.get("stream_seq") != expected:
            yield Problem(link.index, "gap")
        elif value.get("prev") != before:
            yield Problem(link.index, "link")
        if digest != link.leaf_hash:
            yield Problem(link.index, "hash")
        before = b64url_encode(digest)
    complete = len(links) == end.stream_seq + 1
    if complete and (links[-1].index, links[-1].leaf_hash) != (end.index, end.leaf_hash):
        yield Problem(end.index, "head")


def _read(data: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
