"""Trie proofs over true tries of every shape: embedded nodes, extensions, absent keys, and proofs made by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.anchor.errors import TrieMismatch
from evidence.anchor.keccak import keccak256
from evidence.anchor.mpt import EMPTY_ROOT, decode_value, verify_trie
from evidence.anchor.rlp import Encodable, encode
from evidence.errors import EvidenceError, Malformed, MalformedProof
from tests.fakes.tries import proof_of, root_of

# Two-byte paths with short values make nodes that stand inside their parents; the long value makes hashed ones.
VALUES = st.sampled_from([b"\x01", b"ab", b"x" * 40])
TRIES = st.dictionaries(st.binary(min_size=2, max_size=2), VALUES, max_size=9)


@settings(max_examples=8)
@given(TRIES, st.binary(min_size=2, max_size=2))
def test_present_and_absent_paths(entries: dict[bytes, bytes], other: bytes) -> None:
    root = root_of(entries)
    for path in [*entries, other]:
        assert verify_trie(root, path, proof_of(entries, path)) == entries.get(path)


@settings(max_examples=12)
@given(TRIES.filter(len), st.data())
def test_no_proof_with_a_changed_byte_gives_another_answer(entries: dict[bytes, bytes], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(entries)))
    proof = list(proof_of(entries, path))
    at = data.draw(st.integers(0, len(proof) - 1))
    position = data.draw(st.integers(0, len(proof[at]) - 1))
    changed = bytearray(proof[at])
    changed[position] ^= data.draw(st.integers(1, 255))
    proof[at] = bytes(changed)
    with pytest.raises(TrieMismatch):
        verify_trie(root_of(entries), path, proof)


@settings(max_examples=12)
@given(TRIES.filter(len), st.data())
def test_a_proof_is_used_whole_or_refused(entries: dict[bytes, bytes], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(entries)))
    root, proof = root_of(entries), proof_of(entries, path)
    for bent in (proof[:-1], (*proof, proof[-1]), (*proof, b"\x80")):
        with pytest.raises(MalformedProof):
            verify_trie(root, path, bent)


def test_the_empty_trie_holds_nothing() -> None:
    assert verify_trie(EMPTY_ROOT, b"\x01", []) is None
    assert verify_trie(EMPTY_ROOT, b"\x01", [b"\x80"]) is None
    with pytest.raises(EvidenceError):
        verify_trie(EMPTY_ROOT, b"\x01", [b"\x80", b"\x80"])
    with pytest.raises(MalformedProof):
        verify_trie(bytes(32), b"\x01", [])


BRANCH: list[Encodable] = [b""] * 17
BY_HAND: dict[str, Encodable] = {
    "a string": b"node",
    "three items": [b"\x20", b"a", b"b"],
    "path prefix 4": [b"\x40", b"v"],
    "even path with a padding nibble": [b"\x2a\x11", b"v"],
    "path as a list": [[b"\x20"], b"v"],
    "empty path": [b"", b"v"],
    "extension of no nibbles": [b"\x00", bytes(32)],
    "extension that leads nowhere": [b"\x00\x11", b""],
    "leaf with an empty value": [b"\x20\x11", b""],
    "leaf with a list as its value": [b"\x20\x11", [b"v"]],
    "child of 31 bytes": [*BRANCH[:1], bytes(31), *BRANCH[2:]],
    "embedded node of 32 bytes": [*BRANCH[:1], [b"\x20", b"v" * 40], *BRANCH[2:]],
    "embedded node that is no node": [*BRANCH[:1], [b"\x20"], *BRANCH[2:]],
    "value of a branch is a list": [*BRANCH[:1], [*BRANCH[:1], [*BRANCH[:16], [b"v"]], *BRANCH[2:]], *BRANCH[2:]],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_what_is_no_trie_node_is_refused(name: str) -> None:
    raw = encode(BY_HAND[name])
    with pytest.raises(MalformedProof):
        verify_trie(keccak256(raw), b"\x11", [raw])


@pytest.mark.parametrize(
    "raw", [b"\x80", b"\x00", b"\x82\x00\x01", b"\xa1" + b"\x01" * 33, b"\xc0", b""], ids=bytes.hex
)
def test_words_in_storage_are_not_zero_and_have_no_leading_zeros(raw: bytes) -> None:
    with pytest.raises(Malformed):
        decode_value(raw, "word")


def test_words_get_their_leading_zeros_back() -> None:
    assert decode_value(b"\x82\x01\x02", "word") == bytes(30) + b"\x01\x02"
    assert decode_value(b"\x05", "word") == bytes(31) + b"\x05"
