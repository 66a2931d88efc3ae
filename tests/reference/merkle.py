"""RFC 6962 section 2.1 as its text has it, on entries, with nothing shared with the product.

`D[n]` is a list of entries; `k` is the largest power of two smaller than `n`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

TILE_WIDTH = 256


def _h(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def split(n: int) -> int:
    """The largest power of two smaller than n, for n > 1."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


@lru_cache(maxsize=1 << 14)
def _remembered(d: tuple[bytes, ...]) -> bytes:
    return _mth(d)


def mth(d: Sequence[bytes]) -> bytes:
    """Merkle Tree Hash (section 2.1); asked for the same small tree again, it remembers."""
    return _remembered(tuple(d)) if len(d) <= 64 else _mth(d)


def _mth(d: Sequence[bytes]) -> bytes:
    n = len(d)
    if n == 0:
        return _h(b"")
    if n == 1:
        return _h(b"\x00" + d[0])
    k = split(n)
    return _h(b"\x01" + mth(d[:k]) + mth(d[k:]))


def path(m: int, d: Sequence[bytes]) -> list[bytes]:
    """Audit path of entry m (section 2.1.1)."""
    n = len(d)
    if n == 1:
        return []
    k = split(n)
    if m < k:
        return [*path(m, d[:k]), mth(d[k:])]
    return [*path(m - k, d[k:]), mth(d[:k])]


def proof(m: int, d: Sequence[bytes]) -> list[bytes]:
    """Consistency proof from the first m entries, 0 < m <= n (section 2.1.2)."""
    return subproof(m, d, True)


def subproof(m: int, d: Sequence[bytes], b: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b)."""
    n = len(d)
    if m == n:
        return [] if b else [mth(d)]
    k = split(n)
    if m <= k:
        return [*subproof(m, d[:k], b), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


def tiles(d: Sequence[bytes]) -> dict[str, bytes]:
    """Every tile and entry bundle of the log with these entries, by path, as c2sp.org/tlog-tiles words it."""
    result: dict[str, bytes] = {}
    _add_rows(result, "entries", [len(entry).to_bytes(2, "big") + entry for entry in d])
    level, row = 0, [_h(b"\x00" + entry) for entry in d]
    while row:
        _add_rows(result, str(level), row)
        # "Each hash in a tile is the Merkle Tree Hash of a full tile at the level below."
        full = [row[i : i + TILE_WIDTH] for i in range(0, len(row) - len(row) % TILE_WIDTH, TILE_WIDTH)]
        level, row = level + 1, [_root_of_full(tile) for tile in full]
    return result


def _root_of_full(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    middle = len(hashes) // 2
    return _h(b"\x01" + _root_of_full(hashes[:middle]) + _root_of_full(hashes[middle:]))


def _add_rows(result: dict[str, bytes], level: str, row: list[bytes]) -> None:
    for index in range(0, len(row), TILE_WIDTH):
        tile = row[index : index + TILE_WIDTH]
        suffix = "" if len(tile) == TILE_WIDTH else f".p/{len(tile)}"
        result[f"tile/{level}/{_elements(index // TILE_WIDTH)}{suffix}"] = b"".join(tile)


def _elements(index: int) -> str:
    text = f"{index % 1000:03d}"
    while index := index // 1000:
        text = f"x{index % 1000:03d}/{text}"
    return text
