"""Keccak-256 against published digests and its padding edges."""

from __future__ import annotations

import pytest

from evidence.anchor.keccak import keccak256

PUBLISHED = {
    b"": "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    b"abc": "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
    b"transfer(address,uint256)": "a9059cbb2ab09eb219583f4a59a5d0623ade346d962bcd4e46b11da047c9049b",
    b"\x80": "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
}


@pytest.mark.parametrize("message", PUBLISHED, ids=repr)
def test_published_digest(message: bytes) -> None:
    assert keccak256(message).hex() == PUBLISHED[message]


def test_no_two_lengths_around_the_rate_collide() -> None:
    # 135: both padding bits in one byte; 136: a whole block of padding.
    assert len({keccak256(bytes(length)) for length in range(133, 140)}) == 7
