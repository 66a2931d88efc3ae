"""Small true Merkle-Patricia tries: single leaves for a fake chain, and whole ones by the book's slow recursion."""

from __future__ import annotations

from evidence.anchor.keccak import keccak256
from evidence.anchor.mpt import EMPTY_ROOT
from evidence.anchor.rlp import Encodable, encode, encode_int


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


Trie = dict[bytes, bytes]


def build(entries: Trie) -> Encodable:
    """The root node of the trie that holds `entries` (path -> value, no path a prefix of another), by the book.

    Yellow Paper, appendix D, written as its recursion and as slow as that.
    """
    return _node({_nibbles(path): value for path, value in entries.items()})


def root_of(entries: Trie) -> bytes:
    """Root hash of a trie."""
    return keccak256(encode(build(entries))) if entries else EMPTY_ROOT


def proof_of(entries: Trie, path: bytes) -> tuple[bytes, ...]:
    """The nodes on the way to `path`, root first, without those that stand inside their parent."""
    proof: list[bytes] = []
    here, rest = {_nibbles(key): value for key, value in entries.items()}, _nibbles(path)
    while here:
        raw = encode(_node(here))
        if not proof or len(raw) >= 32:
            proof.append(raw)
        shared = _common(here)
        if len(here) == 1 or not rest.startswith(shared):
            break
        if shared:
            here, rest = {key[len(shared) :]: value for key, value in here.items()}, rest[len(shared) :]
        else:
            here = {key[1:]: value for key, value in here.items() if rest and key[0] == rest[0]}
            rest = rest[1:]
    return tuple(proof)


def _nibbles(path: bytes) -> bytes:
    return bytes.fromhex("".join(f"0{digit}" for digit in path.hex()))


def _common(entries: Trie) -> bytes:
    keys = list(entries)
    length = 0
    while all(len(key) > length and key[length] == keys[0][length] for key in keys):
        length += 1
    return keys[0][:length]


def _compact(nibbles: bytes, *, leaf: bool) -> bytes:
    flag = (2 if leaf else 0) + len(nibbles) % 2
    digits = [flag, *([] if len(nibbles) % 2 else [0]), *nibbles]
    return bytes(digits[i] << 4 | digits[i + 1] for i in range(0, len(digits), 2))


def _node(entries: Trie) -> Encodable:
    if len(entries) == 1:
        ((path, value),) = entries.items()
        return [_compact(path, leaf=True), value]
    shared = _common(entries)
    if shared:
        below = {path[len(shared) :]: value for path, value in entries.items()}
        return [_compact(shared, leaf=False), _reference(below)]
    children = [{path[1:]: value for path, value in entries.items() if path[:1] == bytes([n])} for n in range(16)]
    return [*map(_reference, children), entries.get(b"", b"")]


def _reference(entries: Trie) -> Encodable:
    if not entries:
        return b""
    node = _node(entries)
    raw = encode(node)
    return node if len(raw) < 32 else keccak256(raw)
