"""Erasures in parts: no erasure entry names more digests than a record may hold. Pure."""

from __future__ import annotations

from collections.abc import Iterable


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
