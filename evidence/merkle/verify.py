"""Inclusion and consistency verification: raise or return nothing (RFC 9162 sections 2.1.3.2 and 2.1.4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

from evidence.errors import MalformedProof, RootMismatch
from evidence.hashing import EMPTY_ROOT, HASH_SIZE, NODE_PREFIX, node_hash

_SIZES = frozenset({HASH_SIZE})


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf_hash` is leaf `index` of the tree with `size` leaves and this root.

    Requires `0 <= index < size` and hashes of 32 bytes, lowest level first. Raises `MalformedProof` if the path does
    not fit, `RootMismatch` (with both roots) if it leads elsewhere. RFC 9162 2.1.3.2.
    """
    calculated = root_from_inclusion(leaf_hash, index, size, proof)
    if not compare_digest(calculated, root):
        raise RootMismatch(root, calculated)


def root_from_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Recompute the root of a tree of `size` leaves from one leaf hash and its audit path.

    Requires `0 <= index < size` and 32-byte hashes, lowest level first; otherwise raises `MalformedProof`.
    RFC 6962 2.1.1, RFC 9162 2.1.3.2.
    """
    if not 0 <= index < size:
        raise MalformedProof(f"leaf index {index} is not within [0, {size})")
    # Up to the level where the path meets the right edge each level has a sibling; above, only those to the left.
    inner = (index ^ (size - 1)).bit_length()
    expected = inner + (index >> inner).bit_count()
    if len(proof) != expected:
        raise MalformedProof(f"an audit path of {expected} hashes is needed, got {len(proof)}")
    _require_hashes((leaf_hash, *proof))
    calculated = leaf_hash
    for sibling in proof[:inner]:
        if index & 1:
            calculated = sha256(NODE_PREFIX + sibling + calculated).digest()
        else:
            calculated = sha256(NODE_PREFIX + calculated + sibling).digest()
        index >>= 1
    for sibling in proof[inner:]:
        calculated = sha256(NODE_PREFIX + sibling + calculated).digest()
    return calculated


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `new_size` leaves extends the tree of `old_size` leaves.

    Requires `0 <= old_size <= new_size` and 32-byte hashes. `old_size == 0` is accepted only with an empty proof and
    the empty root: nothing was promised yet, so every tree extends it. Raises `MalformedProof` if the proof does not
    fit, `RootMismatch` if either root is not reached. RFC 9162 2.1.4.2; for size 0 C2SP tlog-witness.
    """
    if not 0 <= old_size <= new_size:
        raise MalformedProof(f"no consistency from size {old_size} to {new_size}")
    # At one size equality of the roots is the whole check, and it needs no length.
    _require_hashes(proof if old_size == new_size else (old_root, new_root, *proof))
    if old_size in (0, new_size):
        _verify_trivial(old_size, old_root, new_size, new_root, proof)
        return
    calculated_old, calculated_new = _roots_from_consistency(old_size, old_root, new_size, proof)
    if not compare_digest(calculated_old, old_root):
        raise RootMismatch(old_root, calculated_old)
    if not compare_digest(calculated_new, new_root):
        raise RootMismatch(new_root, calculated_new)


def _verify_trivial(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    if proof:
        raise MalformedProof(f"from size {old_size} to {new_size} the proof is empty, got {len(proof)} hashes")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise RootMismatch(EMPTY_ROOT, old_root)
    if old_size == new_size and old_root != new_root:
        raise RootMismatch(old_root, new_root)


def _roots_from_consistency(
    old_size: int, old_root: bytes, new_size: int, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Both roots that the proof leads to, for `0 < old_size < new_size`."""
    shift = (old_size & -old_size).bit_length() - 1
    # The largest perfect subtree ending at `old_size`, and its path in the new tree.
    index = (old_size >> shift) - 1
    inner = (index ^ (new_size - 1 >> shift)).bit_length()
    expected = inner + (index >> inner).bit_count() + (1 if index else 0)
    if len(proof) != expected:
        raise MalformedProof(f"a consistency proof of {expected} hashes is needed, got {len(proof)}")
    # A power-of-two old tree is itself the first subtree; its root is not repeated in the proof.
    seed, path = (proof[0], proof[1:]) if index else (old_root, proof)
    old = new = seed
    for level, sibling in enumerate(path):
        if level >= inner or index >> level & 1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    return old, new


def _require_hashes(hashes: Sequence[bytes]) -> None:
    if not _SIZES.issuperset(map(len, hashes)):
        raise MalformedProof("every hash has 32 bytes")
