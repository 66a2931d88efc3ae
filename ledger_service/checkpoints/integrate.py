"""Step 2 of a publication: read the new entries from storage once more, hash them, and grow the tree from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from evidence.merkle.tiles import TILE_WIDTH, entry_bundles_between, tiles_between
from evidence.merkle.tree import CompactRange
from ledger_service.checkpoints import repository
from ledger_service.checkpoints.builder import TileBuilder, read_edges, require_extends
from ledger_service.checkpoints.errors import ForkDetected
from ledger_service.checkpoints.guard import require_dense
from ledger_service.checkpoints.log_files import LogFiles
from ledger_service.checkpoints.tile_batch import TileBatch
from ledger_service.kit.db import read

_CHUNK = 16 * TILE_WIDTH
"""Entries read at a time: whole bundles, and at most 256 MiB of entries of the largest size."""

_FOLD = 1 << 17
"""Leaf hashes gathered before the compact range takes them in: long runs fold level by level, and much faster."""


class Bundle(NamedTuple):
    """At most 256 consecutive entries from a multiple of 256 on, with the leaf hashes stored beside them."""

    first: int
    entries: Sequence[bytes]
    stored: Sequence[bytes]


def integrate(
    engine: Engine, ledger: str, files: LogFiles, old: CompactRange, count: int, batch: TileBatch
) -> CompactRange:
    """Stage every tile between the published tree `old` and `count` entries; returns the new tree.

    The tree is computed twice, as tiles from the entries and as a compact range. Raises ForkDetected where storage is
    not what was signed or sequenced, TileMissing where a published tile is needed and not there.
    """
    begin = old.size - old.size % TILE_WIDTH
    edges = read_edges(old.size, files.read_tile)
    builder = TileBuilder(begin, edges, batch.put)
    tree = CompactRange(old.size, old.hashes)
    leaves: list[bytes] = []
    if begin == old.size:
        require_extends(old, [], edges)
    for bundle in bundles(engine, ledger, begin, count):
        hashes = take(builder, bundle)
        if bundle.first < old.size:
            require_extends(old, hashes[: old.size - bundle.first], edges)
        leaves += hashes[max(0, old.size - bundle.first) :]
        if len(leaves) >= _FOLD:
            tree.extend(leaves)
            leaves = []
    tree.extend(leaves)
    # Two ways through the same hashes: a bit that flips in memory must not become a signed root.
    if builder.finish().hashes != tree.hashes or tree.size != count:
        raise ForkDetected("tiles and compact range lead to different roots")
    return tree


def rebuild(engine: Engine, ledger: str, tree: CompactRange, batch: TileBatch) -> None:
    """Stage every tile of the published tree from the rows. Raises ForkDetected when they lead to another root."""
    builder = TileBuilder(0, [], batch.put)
    for bundle in bundles(engine, ledger, 0, tree.size):
        take(builder, bundle)
    if builder.finish().hashes != tree.hashes:
        raise ForkDetected(f"the entries do not lead to the published root of size {tree.size}")


def has_every_tile(files: LogFiles, size: int) -> bool:
    """Whether a file is there for each tile and entry bundle of the tree of `size` leaves. Looks at names only."""
    wanted = [*tiles_between(0, size), *entry_bundles_between(0, size)]
    return all((files.root / tile.path).is_file() for tile in wanted)


def bundles(engine: Engine, ledger: str, begin: int, end: int) -> Iterator[Bundle]:
    """The bundles of the half-open range; `begin` is a multiple of 256. Raises ForkDetected for a missing entry."""
    with read(engine) as connection:
        for rows in repository.entry_chunks(connection, ledger, begin, end, _CHUNK):
            indices, entries, stored = zip(*rows, strict=True)
            if indices != tuple(range(begin, begin + len(rows))):
                require_dense(begin, next(i for at, i in enumerate(indices, begin) if i != at))
            for at in range(0, len(rows), TILE_WIDTH):
                yield Bundle(begin + at, entries[at : at + TILE_WIDTH], stored[at : at + TILE_WIDTH])
            begin += len(rows)
    require_dense(end, begin)


def take(builder: TileBuilder, bundle: Bundle) -> list[bytes]:
    """Add a bundle and return its leaf hashes, calculated now. Raises ForkDetected where a stored one differs."""
    hashes = builder.add(bundle.entries)
    if tuple(hashes) != tuple(bundle.stored):
        index = next(i for i, (a, b) in enumerate(zip(hashes, bundle.stored, strict=True), bundle.first) if a != b)
        raise ForkDetected(f"entry {index} no longer hashes to the leaf hash stored when it was sequenced")
    return hashes
