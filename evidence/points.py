"""Ed25519 public keys that prove nothing: points of small order, under which one signature fits every message."""

from __future__ import annotations

from evidence.errors import Malformed

_SIGN_BIT = 1 << 255
_SMALL_ORDER = frozenset(
    int.from_bytes(bytes.fromhex(text), "little")
    for text in (
        "0000000000000000000000000000000000000000000000000000000000000000",  # order 4
        "0100000000000000000000000000000000000000000000000000000000000000",  # the neutral point
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  # order 8
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # order 2
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # order 4, written not reduced
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # the neutral point, written not reduced
    )
)
"""Every y of a point whose order divides 8, in both spellings where RFC 8032's 255 bits have room for two."""


def require_sound_point(public: bytes) -> bytes:
    """Return a raw key of 32 bytes unless its point has small order; then raise `Malformed` (RFC 8032 section 8.9).

    The holder of such a key could disown every signature, since anybody can make them.
    """
    if int.from_bytes(public, "little") & ~_SIGN_BIT in _SMALL_ORDER:
        raise Malformed("an Ed25519 public key of small order signs everything and proves nothing")
    return public
