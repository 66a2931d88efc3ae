"""Merkle-Patricia proofs: what value, if any, does a trie of a given root hold under a path?

Yellow Paper, appendices C and D; the proof format is that of EIP-1186 (`eth_getProof`): the RLP of every node from the
root down. A node shorter than 32 bytes stands inside its parent and has no place of its own in the proof.
The proof must be used whole: a missing or an additional node is an error, never ignored.
"""

from __future__ import annotations

from collections.abc import Sequence

from evidence.anchor.errors import TrieMismatch
from evidence.anchor.keccak import keccak256
from evidence.anchor.rlp import Item, decode, encode
from evidence.errors import LimitExceeded, Malformed, MalformedProof

EMPTY_ROOT = keccak256(encode(b""))
"""Root of the trie that holds nothing."""

MAX_NODES = 65
"""A 32-byte path has 64 nibbles: at most one node for each, and a last one."""
MAX_NODE_BYTES = 4_096
"""A full branch of hashes has 532 bytes; a leaf carries at most an account of about 110."""


class _Proof:
    """The nodes of a proof, handed out in order and each only against the hash that its parent commits to."""

    def __init__(self, nodes: Sequence[bytes], what: str) -> None:
        if len(nodes) > MAX_NODES or any(len(node) > MAX_NODE_BYTES for node in nodes):
            raise LimitExceeded(f"{what}: above {MAX_NODES} nodes of {MAX_NODE_BYTES} bytes")
        self._nodes, self._next, self.what = nodes, 0, what

    def take(self, reference: bytes) -> Item:
        """Return the next node if it hashes to `reference`; raise `MalformedProof` or `TrieMismatch` otherwise."""
        if self._next == len(self._nodes):
            raise MalformedProof(f"{self.what}: ends after {self._next} nodes, the path goes on")
        raw = self._nodes[self._next]
        if keccak256(raw) != reference:
            raise TrieMismatch(f"{self.what}: node {self._next} is not {reference.hex()}")
        self._next += 1
        return decode(raw)

    def finish(self) -> None:
        """Require that no node is left over."""
        if self._next != len(self._nodes):
            raise MalformedProof(f"{self.what}: {len(self._nodes) - self._next} nodes beyond the end of the path")


def verify_trie(root: bytes, path: bytes, proof: Sequence[bytes], *, what: str = "trie proof") -> bytes | None:
    """Return the value under `path` in the trie of `root`, or None when the proof shows that there is none.

    `root` has 32 bytes and is trusted by the caller. `path` is the key as the trie sees it: state and storage tries
    are keyed by the Keccak-256 of the address or slot. `what` names the proof in errors. Raises `TrieMismatch` when a
    node is not the one committed to, `MalformedProof` for a proof that is too short, too long or not made of trie
    nodes, and other `Malformed` for bad RLP.
    """
    nodes = _Proof(proof, what)
    if root == EMPTY_ROOT and list(proof) in ([], [encode(b"")]):
        return None
    value = _descend(nodes, nodes.take(root), _nibbles(path))
    nodes.finish()
    return value


def _nibbles(path: bytes) -> bytes:
    return bytes(nibble for byte in path for nibble in (byte >> 4, byte & 15))


def _descend(nodes: _Proof, node: Item, rest: bytes) -> bytes | None:
    """Walk from `node` along the nibbles `rest`. Each step uses a nibble or ends, so the walk is bounded."""
    while isinstance(node, list) and len(node) in (2, 17):
        if len(node) == 17:
            if not rest:
                return _value(node[16], nodes.what, may_be_empty=True)
            child, rest = node[rest[0]], rest[1:]
        else:
            is_leaf, segment = _compact(node[0], nodes.what)
            if is_leaf:
                return _value(node[1], nodes.what) if segment == rest else None
            if not rest.startswith(segment):
                return None
            child, rest = node[1], rest[len(segment) :]
            if child == b"":
                raise MalformedProof(f"{nodes.what}: an extension that leads nowhere")
        if child == b"":
            return None
        node = _resolve(nodes, child)
    raise MalformedProof(f"{nodes.what}: not a trie node")


def _resolve(nodes: _Proof, child: Item) -> Item:
    """A child is either the 32-byte hash of the next proof node or a whole node of fewer than 32 bytes."""
    if isinstance(child, bytes):
        if len(child) != 32:
            raise MalformedProof(f"{nodes.what}: child reference of {len(child)} bytes")
        return nodes.take(child)
    if len(encode(child)) >= 32:
        raise MalformedProof(f"{nodes.what}: embedded node of 32 bytes or more")
    return child


def _value(item: Item, what: str, *, may_be_empty: bool = False) -> bytes | None:
    if not isinstance(item, bytes):
        raise MalformedProof(f"{what}: value is a list")
    if not item and not may_be_empty:
        raise MalformedProof(f"{what}: empty value")
    return item or None


def _compact(item: Item, what: str) -> tuple[bool, bytes]:
    """Decode hex-prefix encoding (Yellow Paper, appendix C) into (is a leaf, nibbles).

    The flag nibble is 0 to 3, an even path is padded by a zero nibble, and an extension has at least one nibble.
    """
    if not isinstance(item, bytes) or not item:
        raise MalformedProof(f"{what}: path of a node is empty or a list")
    flag = item[0] >> 4
    if flag > 3 or (not flag & 1 and item[0] & 15):
        raise MalformedProof(f"{what}: path prefix {item[0]:#04x}")
    segment = _nibbles(item)[1 if flag & 1 else 2 :]
    if not flag & 2 and not segment:
        raise MalformedProof(f"{what}: extension of no nibbles")
    return bool(flag & 2), segment


def decode_value(value: bytes, what: str) -> bytes:
    """Unwrap a storage value: RLP of the word without leading zeros. Zero is never stored, so it is refused."""
    word = decode(value)
    if not isinstance(word, bytes) or not word or len(word) > 32 or word[0] == 0:
        raise Malformed(f"{what}: not a non-zero word without leading zeros")
    return word.rjust(32, b"\0")
