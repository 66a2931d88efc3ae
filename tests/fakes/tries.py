"""The smallest true Merkle-Patricia tries: one leaf each. Enough for a fake chain to give proofs that really verify."""

from __future__ import annotations

from evidence.anchor.keccak import keccak256
from evidence.anchor.mpt import EMPTY_ROOT
from evidence.anchor.rlp import encode, encode_int


def single_leaf(key: bytes, value: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Root and proof of the secure trie that holds `value` under `key` alone."""
    # Hex-prefix of an even path that ends in a leaf: 0x20, then the path (Yellow Paper, appendix C).
    node = encode([b"\x20" + keccak256(key), value])
    return keccak256(node), (node,)


def storage_trie(slot: bytes, word: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Root and proof of a contract storage that holds one word; a zero word is not stored."""
    if not any(word):
        return EMPTY_ROOT, ()
    return single_leaf(slot, encode(word.lstrip(b"\0")))


def account(storage_root: bytes, code_hash: bytes, nonce: int = 1, balance: int = 0) -> bytes:
    """RLP of an account."""
    return encode([encode_int(nonce), encode_int(balance), storage_root, code_hash])


def header(
    number: int, parent: bytes, state_root: bytes, timestamp: int, *, salt: bytes = b"", fields: int = 21
) -> bytes:
    """RLP of a header with the field count of some fork; `salt` tells two blocks of one height apart."""
    zero = bytes(32)
    every: list[bytes] = [
        parent, zero, bytes(20), state_root, zero, zero, bytes(256), b"", encode_int(number), encode_int(30_000_000),
        b"", encode_int(timestamp), salt, zero, bytes(8), encode_int(7), zero, b"", b"", zero, zero,
    ]  # fmt: skip
    return encode(every[:fields])
