"""The chain of heads that the AnchorRegistry keeps for each ledger (FORMATS 6).

Every value is known before a transaction is sent: no time and no sender goes in. So the sender can tell from the
contract's head alone whether its anchor took effect, and `hashlib` alone re-computes the whole chain of heads.
"""

from __future__ import annotations

import hashlib

DOMAIN_TAG = b"safety-ledger/anchor/v1"
GENESIS_HEAD = bytes(32)
"""`prev_head` of a ledger's first anchor, unless it continues the final head of a predecessor contract."""
MAX_UINT64 = 2**64 - 1


def ledger_id(origin: str) -> bytes:
    """Return the 32-byte key of a ledger in the contract: SHA-256 of its UTF-8 origin (FORMATS 1)."""
    return hashlib.sha256(origin.encode("utf-8")).digest()


def domain(chain_id: int, contract: bytes) -> bytes:
    """Return the 32-byte domain of one registry: `0 < chain_id < 2**256`, `contract` an address of 20 bytes."""
    if not 0 < chain_id < 2**256:
        raise ValueError("chain_id out of range")
    if len(contract) != 20:
        raise ValueError("contract address is not 20 bytes")
    return hashlib.sha256(DOMAIN_TAG + chain_id.to_bytes(32, "big") + contract).digest()


def head_hash(
    chain_id: int, contract: bytes, prev_head: bytes, ledger_id: bytes, seq: int, size: int, root: bytes, meta: bytes
) -> bytes:
    """Return the head after anchoring (`size`, `root`, `meta`) as number `seq` upon `prev_head`.

    Hashes and ids have 32 bytes; `seq` starts at 1 and, like `size`, is a uint64. Raises ValueError outside these
    ranges: the caller has parsed its input before.
    """
    if any(len(word) != 32 for word in (prev_head, ledger_id, root, meta)):
        raise ValueError("prev_head, ledger_id, root and meta have 32 bytes each")
    if not (1 <= seq <= MAX_UINT64 and 0 <= size <= MAX_UINT64):
        raise ValueError("seq or size out of range")
    numbers = seq.to_bytes(8, "big") + size.to_bytes(8, "big")
    return hashlib.sha256(domain(chain_id, contract) + prev_head + ledger_id + numbers + root + meta).digest()
