"""RFC 9162 §2.1, written as the standard's own recursion: slow, obvious, and sharing no line with the code under test."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache


def sha256(data: bytes) -> bytes:
    """SHA-256 of the bytes."""
    return hashlib.sha256(data).digest()


def leaf(entry: bytes) -> bytes:
    """Leaf hash, §2.1.1."""
    return sha256(b"\x00" + entry)


def node(left: bytes, right: bytes) -> bytes:
    """Inner node hash, §2.1.1."""
    return sha256(b"\x01" + left + right)


def split(size: int) -> int:
    """Largest power of two smaller than `size`; requires `size > 1`."""
    return 1 << (size - 1).bit_length() - 1


@cache
def _mth(leaves: tuple[bytes, ...]) -> bytes:
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(_mth(leaves[:k]), _mth(leaves[k:]))


def root(leaves: Sequence[bytes]) -> bytes:
    """Merkle tree hash of leaf hashes, §2.1.1."""
    return _mth(tuple(leaves))


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Inclusion proof, §2.1.3.1. Requires `0 <= index < len(leaves)`."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), root(leaves[k:])]
    return [*path(index - k, leaves[k:]), root(leaves[:k])]


def consistency(old: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Consistency proof from the first `old` leaves to all of them, §2.1.4.1. Requires `0 < old <= len(leaves)`."""
    return _subproof(old, leaves, known=True)


def _subproof(old: int, leaves: Sequence[bytes], *, known: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if known else [root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*_subproof(old, leaves[:k], known=known), root(leaves[k:])]
    return [*_subproof(old - k, leaves[k:], known=False), root(leaves[:k])]


def leaves(count: int, salt: bytes = b"") -> list[bytes]:
    """`count` distinct leaf hashes."""
    return [leaf(salt + number.to_bytes(8, "big")) for number in range(count)]
