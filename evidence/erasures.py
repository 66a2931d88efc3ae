"""Erasure entries: which disclosures of which entries were destroyed, as the ledger itself states it.

What is read here was checked against nothing but its own signature: a statement that is not of the form orders nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RECORD_TYPE = "erasure"
ROLE = "service"
"""Role of the keys whose word counts: a device could otherwise pass off what it withholds as erased."""
_BASIS_LIMIT = 80


def ordered(payload: Mapping[str, Any]) -> dict[int, frozenset[str]]:
    """By log index, the digests whose disclosures the payload of an erasure (version 1 or 2) orders to be destroyed."""
    found: dict[int, frozenset[str]] = {}
    listed = payload.get("erased")
    for item in [payload, *(listed if isinstance(listed, list) else [])]:
        if isinstance(item, dict | Mapping):
            index, digests = item.get("entry_index"), item.get("digests")
            if type(index) is int and isinstance(digests, list):
                texts = frozenset(digest for digest in digests if isinstance(digest, str))
                found[index] = found.get(index, frozenset()) | texts
    return found


@dataclass
class Erasures:
    """The erasures in hand: by entry and digest, the entry that ordered it and its ground."""

    _orders: dict[tuple[int, str], int] = field(default_factory=dict)
    _grounds: dict[int, str] = field(default_factory=dict)

    def take(self, index: int, payload: Mapping[str, Any]) -> None:
        """Note the erasure entry at `index`, proven by whoever calls. It erases only what stands before it."""
        for entry, digests in ordered(payload).items():
            if entry < index:
                for digest in digests:
                    self._orders.setdefault((entry, digest), index)
        self._grounds[index] = _shown(payload.get("legal_basis"))

    def words(self, index: int, missing: frozenset[str]) -> str:
        """What is said of the digests of entry `index` that have no disclosure; empty where none was erased."""
        by = [self._orders[index, digest] for digest in sorted(missing) if (index, digest) in self._orders]
        if not by:
            return ""
        parts = [f"{by.count(at)} erased by entry {at} under {self._grounds[at]}" for at in sorted(set(by))]
        rest = len(missing) - len(by)
        return "; ".join([*parts, f"{rest} withheld or decoy"] if rest else parts)


def _shown(basis: object) -> str:
    """The ground as it may stand in a report: a file could hide control characters in it."""
    text = basis if isinstance(basis, str) else "a ground that is not shown"
    return "".join(item if item.isprintable() else "?" for item in text[:_BASIS_LIMIT])
