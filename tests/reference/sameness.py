"""When two receipts say the same: equal in everything that is authenticated."""

from __future__ import annotations

from typing import Any

from evidence.notes import parse_note
from evidence.receipt import Receipt, parse_receipt

_HINTS = ("tx_hash", "state", "captured_at")


def same_receipt(bent: bytes, sound: bytes) -> bool:
    """Whether `bent` carries the same authenticated content, whatever its layout and hints, or withholds fields."""
    one, other = parse_receipt(bent), parse_receipt(sound)
    shown = set(one.disclosures) <= set(other.disclosures) and one.judgement in (None, other.judgement)
    return _essence(one) == _essence(other) and shown


def _essence(receipt: Receipt) -> Any:
    proof = receipt.proof
    # A tlog-proof's extra line and signatures by unknown keys are unauthenticated by design.
    text = parse_note(proof.checkpoint).text
    keys = [(_essence(key), frozenset(key.disclosures)) for key in receipt.keys]
    return receipt.entry, proof.index, proof.hashes, text, keys, [_anchor(item) for item in receipt.anchors]


def _anchor(value: dict[str, Any]) -> Any:
    """Anchor evidence without what helps people and proves nothing (FORMATS 7)."""
    kept = {name: part for name, part in value.items() if name not in _HINTS}
    kept["chain"] = value["chain"]["chain_id"]
    kept["block"] = {name: part for name, part in value["block"].items() if name != "timestamp_unit"}
    return kept
