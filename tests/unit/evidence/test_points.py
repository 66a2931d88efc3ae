"""Keys of small order: why they are refused, shown with the one signature that fits every message."""

from __future__ import annotations

from evidence.encoding import b64url_encode
from evidence.keys import PublicJwk, parse_jwk
from evidence.points import require_sound_point
from tests.reference.ledger import MemoryLedger

NEUTRAL = (1).to_bytes(32, "little")
BASE_POINT = bytes([0x58]) + bytes([0x66]) * 31


def test_what_a_key_of_small_order_would_let_anybody_do() -> None:
    forged = BASE_POINT + (1).to_bytes(32, "little")
    for message in (b"passed", b"failed"):
        PublicJwk(NEUTRAL).verify(forged, message)


def test_a_sound_key_passes_unchanged() -> None:
    public = MemoryLedger().root.public
    assert require_sound_point(public.x) is public.x
    assert parse_jwk({"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(public.x)}) == public
