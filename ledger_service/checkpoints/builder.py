"""From entries to tiles and the new head, in one pass and O(256 · log n) memory.

The builder holds, per tile level, the hashes of the tile that is still open at the right edge. Those of level 0 come
from the entries themselves; those above are read back from the published tiles and are believed only when they fold to
the compact range that was stored with the last checkpoint, which in turn must lead to the published root.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from evidence.hashing import LEAF_PREFIX
from evidence.merkle.proofs import compact_nodes
from evidence.merkle.tiles import ENTRIES, TILE_HEIGHT, TILE_WIDTH, TileId, decode_tile, encode_entries
from evidence.merkle.tree import CompactRange, perfect_root
from ledger_service.checkpoints.errors import ForkDetected

Put = Callable[[TileId, bytes], None]


class TileBuilder:
    """Appends whole bundles of entries to a log of `size` leaves, a multiple of 256, and puts out every full tile.

    `edges[k]` are the hashes of the open tile at level `k + 1`, fewer than 256.
    """

    def __init__(self, size: int, edges: Sequence[Sequence[bytes]], put: Put) -> None:
        self._size = size
        self._edges = [list(edge) for edge in edges]
        self._open: list[bytes] = []
        self._put = put

    @property
    def size(self) -> int:
        """Leaves taken in so far."""
        return self._size + len(self._open)

    def add(self, entries: Sequence[bytes]) -> list[bytes]:
        """Take in one bundle, at most 256 entries; after a shorter one nothing may follow. Returns the leaf hashes."""
        hashes = [sha256(LEAF_PREFIX + entry).digest() for entry in entries]
        index = self._size // TILE_WIDTH
        self._put(TileId(ENTRIES, index, len(entries)), encode_entries(entries))
        self._put(TileId(0, index, len(hashes)), b"".join(hashes))
        if len(hashes) == TILE_WIDTH:
            self._size += TILE_WIDTH
            self._raise(perfect_root(hashes), 0)
        else:
            self._open = hashes
        return hashes

    def finish(self) -> CompactRange:
        """Put out the open tiles above level 0 and return the compact range of the whole tree."""
        for above, edge in enumerate(self._edges):
            if edge:
                level = above + 1
                index = (self._size >> TILE_HEIGHT * level) // TILE_WIDTH
                self._put(TileId(level, index, len(edge)), b"".join(edge))
        return range_of(self.size, [self._open, *self._edges])

    def _raise(self, subtree: bytes, above: int) -> None:
        """Append the hash of a full tile to the level above it, which may fill that tile as well."""
        if above == len(self._edges):
            self._edges.append([])
        edge = self._edges[above]
        edge.append(subtree)
        if len(edge) == TILE_WIDTH:
            level = above + 1
            index = (self._size >> TILE_HEIGHT * level) // TILE_WIDTH - 1
            self._put(TileId(level, index), b"".join(edge))
            self._edges[above] = []
            self._raise(perfect_root(edge), above + 1)


def range_of(size: int, edges: Sequence[Sequence[bytes]]) -> CompactRange:
    """The compact range of `size` leaves from the open tiles of every level, level 0 first."""
    hashes = []
    for node in compact_nodes(size):
        level, height = divmod(node.level, TILE_HEIGHT)
        begin = (node.index << height) % TILE_WIDTH
        hashes.append(perfect_root(list(edges[level][begin : begin + (1 << height)])))
    return CompactRange(size, hashes)


def read_edges(size: int, read: Callable[[TileId], bytes]) -> list[list[bytes]]:
    """The open tiles above level 0 of a published tree of `size` leaves, lowest level first."""
    edges = []
    level = 1
    while size >> TILE_HEIGHT * level:
        index, width = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
        tile = TileId(level, index, width) if width else None
        edges.append(decode_tile(read(tile)[: 32 * width], width) if tile else [])
        level += 1
    return edges


def require_extends(old: CompactRange, leaves: Sequence[bytes], edges: Sequence[Sequence[bytes]]) -> None:
    """Require that the open tiles, `leaves` of level 0 first, are exactly the right edge of the published tree.

    Raises `ForkDetected`: entry rows or tiles behind the published head are not what was signed.
    """
    if range_of(old.size, [leaves, *edges]).hashes != old.hashes:
        raise ForkDetected(f"entries or tiles before index {old.size} are not the ones that were signed")
