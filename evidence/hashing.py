"""SHA-256 hashing of the log: leaf and node hashes with domain separation (RFC 6962 section 2.1)."""

from __future__ import annotations

from hashlib import sha256 as _sha256

HASH_SIZE = 32
LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"
EMPTY_ROOT = _sha256(b"").digest()
"""Root of the tree with no entries (RFC 6962 section 2.1)."""


def sha256(data: bytes) -> bytes:
    """SHA-256 of `data`, 32 bytes."""
    return _sha256(data).digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry). The prefix keeps an inner node from passing as an entry."""
    return _sha256(LEAF_PREFIX + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right), both children 32 bytes."""
    return _sha256(NODE_PREFIX + left + right).digest()
