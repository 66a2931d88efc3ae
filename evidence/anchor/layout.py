"""Where the AnchorRegistry keeps a ledger's head in storage (contracts/STORAGE.md).

The layout belongs to the runtime code: evidence with another code hash never reaches these slots, because the
verifier pins the code hash beside them.
"""

from __future__ import annotations

from evidence.anchor.keccak import keccak256

LEDGERS_SLOT = 0
"""Base slot of `mapping(bytes32 ledgerId => Ledger)`."""
HEAD_OFFSET = 0
"""Word of `Ledger` that holds the head."""


def mapping_slot(key: bytes, base: int) -> int:
    """Slot of `mapping[key]` for a mapping at slot `base` (Solidity, "Layout of State Variables in Storage")."""
    return int.from_bytes(keccak256(key + base.to_bytes(32, "big")), "big")


def head_slot(ledger_id: bytes) -> bytes:
    """Return the 32-byte storage key of a ledger's head; `ledger_id` has 32 bytes."""
    slot = (mapping_slot(ledger_id, LEDGERS_SLOT) + HEAD_OFFSET) % 2**256
    return slot.to_bytes(32, "big")
