"""One bit changed anywhere in the evidence - one in every byte of it - and it no longer verifies."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from evidence.anchor import parse_anchor_evidence, verify_anchor
from evidence.encoding import hex_decode
from evidence.errors import Malformed, VerificationFailed
from tests.support import VECTORS, read_case

CASE = read_case(VECTORS / "anchor" / "ok-newest.json")
HINTS = {"tx_hash"}
"""For finding things; they decide nothing and nothing vouches for them."""

Path = tuple[str | int, ...]


def hex_texts(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of all hexadecimal texts."""
    if isinstance(value, str) and value.startswith("0x"):
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        if name not in HINTS:
            yield from hex_texts(member, (*path, name))


PATHS = list(hex_texts(CASE["evidence"]))


def verify(evidence: Any) -> None:
    verify_anchor(parse_anchor_evidence(evidence), ledger_id=hex_decode(CASE["ledger_id"]))


def test_unchanged_it_verifies() -> None:
    verify(CASE["evidence"])
    assert len(PATHS) >= 12


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
def test_one_bit_in_every_byte(path: Path) -> None:
    evidence = copy.deepcopy(CASE["evidence"])
    parent = evidence
    for step in path[:-1]:
        parent = parent[step]
    honest = bytes.fromhex(parent[path[-1]][2:])
    for position in range(len(honest)):
        changed = bytearray(honest)
        changed[position] ^= 1 << position % 8
        parent[path[-1]] = "0x" + changed.hex()
        with pytest.raises((VerificationFailed, Malformed)):
            verify(evidence)
