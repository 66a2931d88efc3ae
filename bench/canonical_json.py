"""Canonical JSON against the `rfc8785` library."""

from __future__ import annotations

from collections.abc import Iterator

import rfc8785

from bench.measure import Row, duel, each, timed
from bench.sample import RECORD
from evidence.canonical import dumps


def rows(quick: bool) -> Iterator[Row]:
    """One record, serialised many times."""
    count, rounds = (200, 2) if quick else (10_000, 7)
    if dumps(RECORD) != rfc8785.dumps(RECORD):
        raise AssertionError("canonical JSON differs from rfc8785")

    def own() -> None:
        for _ in range(count):
            dumps(RECORD)

    def other() -> None:
        for _ in range(count):
            rfc8785.dumps(RECORD)

    result = duel(timed(own), timed(other), rounds)
    name = f"canonical JSON, {len(RECORD)} fields / rfc8785"
    yield Row(name, result.ratio, 8, each(count, result.ours), each(count, result.peer))
