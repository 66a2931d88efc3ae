"""The rules that decide whether a ledger may sign, and the arithmetic of tiles, without a database."""

from __future__ import annotations

import hashlib

import pytest

from evidence.hashing import EMPTY_ROOT, leaf_hash
from evidence.merkle.tiles import TileId
from evidence.merkle.tree import CompactRange, MerkleTree
from ledger_service.checkpoints.builder import TileBuilder, range_of, read_edges, require_extends
from ledger_service.checkpoints.errors import ForkDetected, LedgerBehindAnchor
from ledger_service.checkpoints.guard import Head, WitnessedHead, require_dense, require_in_step

ROOT = hashlib.sha256(b"root").digest()
OTHER = hashlib.sha256(b"other").digest()
ROOTS = {5: ROOT, 9: OTHER}


def witnessed(size: int, root: bytes) -> list[WitnessedHead]:
    return [WitnessedHead("a witness", Head(size, root))]


@pytest.mark.parametrize(("size", "root"), [(5, ROOT), (9, OTHER), (0, EMPTY_ROOT)])
def test_a_head_that_extends_what_was_seen_may_be_signed(size: int, root: bytes) -> None:
    require_in_step(Head(9, OTHER), witnessed(size, root), ROOTS.get)


@pytest.mark.parametrize(
    ("size", "root", "error"),
    [(10, ROOT, LedgerBehindAnchor), (9, ROOT, ForkDetected), (5, OTHER, ForkDetected), (6, ROOT, ForkDetected)],
    ids=["a larger tree was seen", "another root now", "another root before", "a size never published"],
)
def test_a_head_that_contradicts_what_was_seen_is_never_signed(size: int, root: bytes, error: type[Exception]) -> None:
    with pytest.raises(error, match="a witness holds"):
        require_in_step(Head(9, OTHER), witnessed(size, root), ROOTS.get)


def test_a_gap_in_the_log_is_a_fork() -> None:
    with pytest.raises(ForkDetected, match="expected entry 3, storage has 4"):
        require_dense(3, 4)


def entries(count: int) -> list[bytes]:
    return [f"entry {number}".encode() * (1 + number % 7) for number in range(count)]


def build(old: int, new: int) -> dict[TileId, bytes]:
    """Tiles of a log that was published at `old` and grows to `new`, read back from the tiles of `old`."""
    tiles: dict[TileId, bytes] = {}
    begin = old - old % 256
    before = build(0, old) if old else {}
    builder = TileBuilder(begin, read_edges(old, before.__getitem__), tiles.__setitem__)
    stored = entries(new)
    for first in range(begin, new, 256):
        builder.add(stored[first : min(first + 256, new)])
    tree = builder.finish()
    assert (tree.size, tree.root()) == (new, MerkleTree(map(leaf_hash, stored)).root())
    return tiles


@pytest.mark.parametrize(
    ("old", "new"), [(0, 1), (0, 256), (1, 2), (255, 257), (256, 512), (300, 70_000), (65_536, 65_537)]
)
def test_growing_writes_the_tiles_that_building_anew_writes(old: int, new: int) -> None:
    grown, whole = build(old, new), build(0, new)
    assert grown.items() <= whole.items()
    assert {tile for tile in whole if tile not in grown} == {
        tile for tile in whole if tile.width == 256 and (tile.index + 1) * 256 ** (max(tile.level, 0) + 1) <= old
    }


def test_edges_that_are_not_the_published_ones_are_refused() -> None:
    stored = [leaf_hash(entry) for entry in entries(300)]
    published = CompactRange()
    published.extend(stored)
    edges = read_edges(300, build(0, 300).__getitem__)
    require_extends(published, stored[256:], edges)
    assert range_of(300, [stored[256:], *edges]).root() == published.root()
    with pytest.raises(ForkDetected):
        require_extends(published, [*stored[256:299], OTHER], edges)
    with pytest.raises(ForkDetected):
        require_extends(published, stored[256:], [[OTHER]])
