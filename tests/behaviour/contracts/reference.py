"""RFC 9162 §2.1, written as the standard's own recursion: slow, obvious, sharing no line with the code under test."""

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


class Unfit(Exception):
    """The proof's length does not fit the sizes."""


def climb(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes]) -> bytes:
    """Root that an inclusion proof leads to: §2.1.3.1 read backwards. Raises `Unfit`."""
    if size == 1:
        if proof:
            raise Unfit
        return leaf_hash
    if not proof:
        raise Unfit
    k = split(size)
    if index < k:
        return node(climb(index, k, leaf_hash, proof[:-1]), proof[-1])
    return node(proof[-1], climb(index - k, size - k, leaf_hash, proof[:-1]))


def climb_both(
    old: int, new: int, old_root: bytes, proof: Sequence[bytes], *, known: bool = True
) -> tuple[bytes, bytes]:
    """Old and new root that a consistency proof leads to: §2.1.4.1 read backwards. Raises `Unfit`."""
    if old == new:
        if len(proof) != (0 if known else 1):
            raise Unfit
        seed = old_root if known else proof[0]
        return seed, seed
    if not proof:
        raise Unfit
    k = split(new)
    if old <= k:
        before, after = climb_both(old, k, old_root, proof[:-1], known=known)
        return before, node(after, proof[-1])
    before, after = climb_both(old - k, new - k, old_root, proof[:-1], known=False)
    return node(proof[-1], before), node(proof[-1], after)


def includes(index: int, size: int, leaf_hash: bytes, tree_root: bytes, proof: Sequence[bytes]) -> bool:
    """Verdict on an inclusion proof."""
    try:
        return index < size and climb(index, size, leaf_hash, proof) == tree_root
    except Unfit:
        return False


def extends(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Verdict on a consistency proof; the empty old tree shows nothing."""
    try:
        return 0 < old <= new and climb_both(old, new, old_root, proof) == (old_root, new_root)
    except Unfit:
        return False


def path_length(index: int, size: int) -> int:
    """Number of hashes in an inclusion proof."""
    if size == 1:
        return 0
    k = split(size)
    return 1 + (path_length(index, k) if index < k else path_length(index - k, size - k))


def consistency_length(old: int, new: int, *, known: bool = True) -> int:
    """Number of hashes in a consistency proof."""
    if old == new:
        return 0 if known else 1
    k = split(new)
    if old <= k:
        return 1 + consistency_length(old, k, known=known)
    return 1 + consistency_length(old - k, new - k, known=False)
