"""RLP: what is encoded is decoded, and exactly one spelling of each value is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.anchor.rlp import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, Encodable, Item, decode, decode_int, encode, encode_int
from evidence.errors import EvidenceError, LimitExceeded, Malformed

ITEMS: st.SearchStrategy[Encodable] = st.recursive(
    st.binary(max_size=70), lambda children: st.lists(children, max_size=5), max_leaves=12
)


@given(ITEMS)
def test_round_trip(item: Encodable) -> None:
    assert decode(encode(item)) == item


@given(st.binary(max_size=60))
def test_any_bytes_are_the_one_spelling_of_what_they_mean_or_refused(data: bytes) -> None:
    try:
        item = decode(data)
    except EvidenceError:
        return
    assert encode(item) == data


@pytest.mark.parametrize(
    "data",
    {
        "empty": "",
        "prefix before a small byte": "8100",
        "prefix before 0x7f": "817f",
        "long form of a short string": "b801aa",
        "long form of 55 bytes": "b837" + "aa" * 55,
        "length with a leading zero": "b90038" + "aa" * 56,
        "long form of a short list": "f801c0",
        "string cut short": "83aabb",
        "list cut short": "c3aabb",
        "length cut short": "b9ff",
        "item beyond its list": "c283aabb",
        "bytes after the item": "c0c0",
        "length of 2^64": "bfffffffffffffffff",
    }.items(),
    ids=lambda case: case[0],
)
def test_other_spellings_are_refused(data: tuple[str, str]) -> None:
    with pytest.raises(Malformed):
        decode(bytes.fromhex(data[1]))


def test_size_depth_and_count_are_bounded() -> None:
    nested: Encodable = []
    for _ in range(MAX_DEPTH):
        nested = [nested]
    for data in (bytes(MAX_BYTES + 1), encode(nested), encode([b""] * (MAX_ITEMS + 1)), b"\xc1" * 60_000):
        with pytest.raises(Malformed):
            decode(data)
    with pytest.raises(LimitExceeded, match="deep"):
        decode(encode(nested))
    with pytest.raises(LimitExceeded, match="items"):
        decode(encode([b""] * (MAX_ITEMS + 1)))


def test_integers_have_no_leading_zeros_and_a_bound() -> None:
    assert [encode_int(n) for n in (0, 1, 255, 256)] == [b"", b"\x01", b"\xff", b"\x01\x00"]
    assert decode_int(b"\x01\x00", "number") == 256
    refused: list[Item] = [b"\0", b"\0\x01", bytes([1]) * 9, [b""]]
    for bad in refused:
        with pytest.raises(Malformed, match="number"):
            decode_int(bad, "number")
