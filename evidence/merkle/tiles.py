"""C2SP tlog-tiles: the export layout of the log, and reading node hashes back from it.

A hash tile at level `L` holds up to 256 hashes of perfect subtrees of `256^L` leaves; entry bundles hold the entries of
one level-0 tile. Foreign mirrors and fsck tools work on this layout. https://c2sp.org/tlog-tiles
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evidence.encoding import parse_decimal
from evidence.errors import LimitExceeded, Malformed, MalformedProof
from evidence.hashing import HASH_SIZE
from evidence.merkle.proofs import NodeId
from evidence.merkle.tree import perfect_root

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_ENTRY_SIZE = 65_535
"""Largest entry that the uint16 length prefix of a bundle can carry."""
ENTRIES = -1
"""Level that stands for entry bundles in a `TileId`."""

_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]{1,2})/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?\Z",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class TileId:
    """One tile: `level` 0 to 63, or `ENTRIES` for a bundle; `index >= 0`; `1 <= width <= 256`."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Path below the log's prefix, such as `tile/0/x001/067.p/3`."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/" + "/".join(["x" + group for group in groups[:-1]] + groups[-1:]) + partial


def parse_tile_path(path: str) -> TileId:
    """Parse a tile path; only the one canonical spelling of a tile is accepted, else `Malformed`."""
    match = _PATH.match(path)
    if match is None:
        raise Malformed("not a tile path")
    level = ENTRIES if match["level"] == "entries" else parse_decimal(match["level"], maximum=63)
    index = int(match["index"].replace("x", "").replace("/", ""))
    width = parse_decimal(match["width"], maximum=TILE_WIDTH - 1) if match["width"] else TILE_WIDTH
    tile = TileId(level, index, width)
    if width == 0 or tile.path != path:
        raise Malformed("not the canonical spelling of a tile path")
    return tile


def tiles_between(old_size: int, new_size: int) -> list[TileId]:
    """Hash tiles that are new or have grown when the tree grows from `old_size` to `new_size`, level by level.

    Requires `0 <= old_size <= new_size`. Each is given once, at its width in the new tree.
    """
    tiles: list[TileId] = []
    level = 0
    while new_size >> TILE_HEIGHT * level:
        tiles += _row(level, old_size >> TILE_HEIGHT * level, new_size >> TILE_HEIGHT * level)
        level += 1
    return tiles


def entry_bundles_between(old_size: int, new_size: int) -> list[TileId]:
    """Entry bundles that are new or have grown, as `tiles_between`."""
    return _row(ENTRIES, old_size, new_size)


def _row(level: int, begin: int, end: int) -> list[TileId]:
    if begin == end:
        return []
    return [
        TileId(level, index, min(TILE_WIDTH, end - index * TILE_WIDTH))
        for index in range(begin // TILE_WIDTH, -(-end // TILE_WIDTH))
    ]


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Entry bundle: each entry behind its big-endian uint16 length."""
    if any(len(entry) > MAX_ENTRY_SIZE for entry in entries):
        raise LimitExceeded(f"an entry of more than {MAX_ENTRY_SIZE} bytes does not fit a bundle")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(data: bytes, count: int) -> list[bytes]:
    """Entries of a bundle that must hold exactly `count` of them, else `Malformed`."""
    entries, position = [], 0
    for _ in range(count):
        length = int.from_bytes(data[position : position + 2], "big")
        end = position + 2 + length
        if position + 2 > len(data) or end > len(data):
            raise Malformed("entry bundle ends inside an entry")
        entries.append(data[position + 2 : end])
        position = end
    if position != len(data):
        raise Malformed("entry bundle has bytes after its last entry")
    return entries


def decode_tile(data: bytes, width: int) -> list[bytes]:
    """Hashes of a tile that must hold exactly `width` of them, else `Malformed`."""
    if len(data) != width * HASH_SIZE:
        raise Malformed(f"a tile of width {width} has {width * HASH_SIZE} bytes, got {len(data)}")
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


def tile_of(node: NodeId, size: int) -> tuple[TileId, int, int]:
    """The tile that yields `node` in a tree of `size` leaves, and the half-open range of its hashes that folds to it.

    The subtree must lie within the tree, else `MalformedProof`. The tile is named at its width in that tree.
    """
    if (node.index + 1) << node.level > size or node.index < 0:
        raise MalformedProof(f"node {node.level}/{node.index} is not within a tree of {size} leaves")
    level, height = divmod(node.level, TILE_HEIGHT)
    first = node.index << height
    index = first // TILE_WIDTH
    width = min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - index * TILE_WIDTH)
    begin = first % TILE_WIDTH
    return TileId(level, index, width), begin, begin + (1 << height)


class TileHashReader:
    """Node hashes of a tree of `size` leaves from its tiles.

    `read(path)` returns the bytes of a tile. A partial tile may have been replaced by a longer one meanwhile: then
    `read` may return the longer tile, whose first hashes are the same. Each tile is read once.
    """

    def __init__(self, read: Callable[[str], bytes], size: int) -> None:
        self._read = read
        self._size = size
        self._tiles: dict[TileId, list[bytes]] = {}

    def hashes(self, nodes: Sequence[NodeId]) -> list[bytes]:
        """Hashes of `nodes`, in order. Raises `Malformed` for a tile of the wrong length."""
        return [self._hash(node) for node in nodes]

    def _hash(self, node: NodeId) -> bytes:
        tile, begin, end = tile_of(node, self._size)
        return perfect_root(self._tile(tile)[begin:end])

    def _tile(self, tile: TileId) -> list[bytes]:
        if tile not in self._tiles:
            self._tiles[tile] = decode_tile(self._read(tile.path)[: tile.width * HASH_SIZE], tile.width)
        return self._tiles[tile]
