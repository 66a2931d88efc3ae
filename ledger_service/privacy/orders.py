"""What erasure entries order: the digests of an entry's disclosures, in the form of version 1 or of version 2. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

ERASURE = "erasure"


def ordered(payload: Mapping[str, Any]) -> dict[int, frozenset[str]]:
    """By log index, the digests whose disclosures an erasure's payload orders to be destroyed."""
    found: dict[int, frozenset[str]] = {}
    if "entry_index" in payload:
        found[payload["entry_index"]] = frozenset(payload.get("digests", ()))
    for item in payload.get("erased", ()):
        found[item["entry_index"]] = found.get(item["entry_index"], frozenset()) | frozenset(item["digests"])
    return found


def grouped(items: Iterable[tuple[int, tuple[str, ...]]], limit: int) -> list[list[tuple[int, tuple[str, ...]]]]:
    """Entries with their digests, in order, in groups of at most `limit` digests each."""
    groups: list[list[tuple[int, tuple[str, ...]]]] = []
    room = 0
    for index, digests in items:
        for begin in range(0, len(digests), limit):
            part = digests[begin : begin + limit]
            if len(part) > room:
                groups.append([])
                room = limit
            groups[-1].append((index, part))
            room -= len(part)
    return groups
