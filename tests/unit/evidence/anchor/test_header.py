"""Headers of every fork's length, and nothing else."""

from __future__ import annotations

import pytest

from evidence.anchor.header import FORK_FIELDS, MAX_HEADER_BYTES, parse_header
from evidence.anchor.keccak import keccak256
from evidence.anchor.rlp import Encodable, decode_list, encode
from evidence.errors import LimitExceeded, Malformed, UnsupportedVersion
from tests.fakes.tries import header

ROOT = b"\x11" * 32


@pytest.mark.parametrize(("fields", "fork"), FORK_FIELDS.items())
def test_every_fork_is_read(fields: int, fork: str) -> None:
    raw = header(7, bytes(32), ROOT, 1_700_000_000, fields=fields)
    parsed = parse_header(raw)
    assert (parsed.number, parsed.state_root, parsed.timestamp, parsed.fork) == (7, ROOT, 1_700_000_000, fork)
    assert parsed.hash == keccak256(raw)


@pytest.mark.parametrize("fields", [0, 1, 14, 18, 19, 22])
def test_other_lengths_are_not_guessed(fields: int) -> None:
    items = decode_list(header(7, bytes(32), ROOT, 1), "header")
    with pytest.raises(UnsupportedVersion):
        parse_header(encode([*items, b""][:fields]))


@pytest.mark.parametrize("at", range(21))
def test_every_field_has_its_shape(at: int) -> None:
    items: list[Encodable] = list(decode_list(header(7, bytes(32), ROOT, 1), "header"))
    for wrong in ([b"x"], bytes(33) if at != 12 else [b"y"], b"\0" + bytes(2) if at != 12 else [b""]):
        with pytest.raises(Malformed, match="block header"):
            parse_header(encode([*items[:at], wrong, *items[at + 1 :]]))


def test_quorum_seals_in_the_extra_data_have_room_and_a_bound() -> None:
    assert parse_header(header(7, bytes(32), ROOT, 1, salt=bytes(67 * 100))).number == 7
    with pytest.raises(LimitExceeded):
        parse_header(header(7, bytes(32), ROOT, 1, salt=bytes(MAX_HEADER_BYTES)))
