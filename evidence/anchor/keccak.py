"""Keccak-256 as Ethereum uses it: the original padding 0x01, not the 0x06 of FIPS 202 SHA3-256.

The only primitive of anchor verification that the standard library lacks. It is written out here so that a verifier
needs Python alone. About 0.2 ms for each 136 bytes; an anchor's evidence has a few kilobytes.
"""

from __future__ import annotations

_RATE = 136
"""Bytes absorbed per permutation: 1600 bits less twice the 256 bits of output (FIPS 202, section 5.2)."""

_MASK = 2**64 - 1

_ROUND_CONSTANTS = (
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
    0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
    0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
)  # fmt: skip
"""FIPS 202, section 3.2.5 (iota)."""


def _rho_pi() -> tuple[tuple[int, int, int], ...]:
    """Steps rho and pi as (source lane, target lane, rotation); lane of (x, y) is x + 5y (FIPS 202, 3.2.2, 3.2.3)."""
    steps = [(0, 0, 0)]
    x, y = 1, 0
    for t in range(24):
        steps.append((x + 5 * y, y + 5 * ((2 * x + 3 * y) % 5), (t + 1) * (t + 2) // 2 % 64))
        x, y = y, (2 * x + 3 * y) % 5
    return tuple(steps)


_RHO_PI = _rho_pi()


def _permute(a: list[int]) -> None:
    """Keccak-f[1600] in place over 25 lanes of 64 bits (FIPS 202, section 3.3)."""
    b = [0] * 25
    for constant in _ROUND_CONSTANTS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[x - 1] ^ ((c[x - 4] << 1 | c[x - 4] >> 63) & _MASK) for x in range(5)]
        for source, target, turn in _RHO_PI:
            lane = a[source] ^ d[source % 5]
            b[target] = (lane << turn | lane >> (64 - turn)) & _MASK
        for y in (0, 5, 10, 15, 20):
            b0, b1, b2, b3, b4 = b[y : y + 5]
            # x & ~y is taken as x & (y ^ mask): Python's ~ would leave the 64-bit range.
            a[y : y + 5] = (
                b0 ^ (b1 ^ _MASK) & b2,
                b1 ^ (b2 ^ _MASK) & b3,
                b2 ^ (b3 ^ _MASK) & b4,
                b3 ^ (b4 ^ _MASK) & b0,
                b4 ^ (b0 ^ _MASK) & b1,
            )
        a[0] ^= constant


def keccak256(data: bytes) -> bytes:
    """Return the 32-byte Keccak-256 digest of `data` (any length)."""
    padded = bytearray(data)
    padded += b"\x01" + bytes(-(len(data) + 1) % _RATE)
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            state[lane] ^= int.from_bytes(padded[start + 8 * lane : start + 8 * lane + 8], "little")
        _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])
