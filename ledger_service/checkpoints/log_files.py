"""The published log as files: `<data>/logs/<ledger>/{checkpoint,tile/…}`, C2SP tlog-tiles.

- A file is on the disk in full before it has its name; a name is durable before anything refers to it.
- A tile never changes: a name that is taken by other bytes is a fork and nothing is overwritten.
- Only `checkpoint` is replaced, in one rename.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evidence.hashing import HASH_SIZE
from evidence.merkle.tiles import (
    ENTRIES,
    TILE_WIDTH,
    TileId,
    entry_bundles_between,
    parse_tile_path,
    tiles_between,
)
from ledger_service.checkpoints.errors import TileMissing
from ledger_service.checkpoints.tile_batch import TileBatch, disk_errors
from ledger_service.kit.files import make_dirs, sync_dir

CHECKPOINT = "checkpoint"
STAGING_PREFIX = ".staging-"


class LogFiles:
    """The published files of one ledger."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read_tile(self, tile: TileId) -> bytes:
        """Bytes of a tile, or of a longer one that begins with them. Raises `TileMissing`."""
        for candidate in (tile, TileId(tile.level, tile.index)):
            try:
                return (self.root / candidate.path).read_bytes()
            except OSError:
                continue
        for width in range(tile.width + 1, TILE_WIDTH):
            longer = self.root / TileId(tile.level, tile.index, width).path
            if longer.exists():
                return longer.read_bytes()
        raise TileMissing(f"{tile.path} is missing")

    def read_exactly(self, tile: TileId) -> bytes:
        """Bytes of the tile at exactly its width, cut from a longer one if need be. Raises `TileMissing`."""
        data = self.read_tile(tile)
        if tile.level != ENTRIES:
            return data[: tile.width * HASH_SIZE]
        end = 0
        for _ in range(tile.width):
            end += 2 + int.from_bytes(data[end : end + 2], "big")
        return data[:end]

    def read(self, path: str) -> bytes:
        """The same by tile path, for proof readers. Raises `Malformed` for what is not a tile path, `TileMissing`."""
        return self.read_tile(parse_tile_path(path))

    def copy(self, size: int, note: bytes, folder: Path) -> None:
        """Write the log as it stood at the published `size`, whose checkpoint is `note`, to a new `folder`.

        Only that tree's own tiles: a publication meanwhile adds nothing to the copy. Raises `TileMissing`, `OSError`.
        """
        for tile in (*tiles_between(0, size), *entry_bundles_between(0, size)):
            target = folder / tile.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.read_exactly(tile))
        (folder / CHECKPOINT).write_bytes(note)

    def checkpoint(self) -> bytes | None:
        """The `checkpoint` file, or None before the first publication."""
        try:
            return (self.root / CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None

    def replace_checkpoint(self, note: bytes) -> None:
        """Let the `checkpoint` file hold `note`. After a crash it holds the old note or the new one, never a part."""
        with disk_errors(), self.staging() as batch:
            staged = batch.stage(note)
            batch.flush()
            os.replace(staged, self.root / CHECKPOINT)
            sync_dir(self.root)

    @contextmanager
    def staging(self, published: int = 0) -> Iterator[TileBatch]:
        """A place to write files before they get their names; it is gone afterwards, whatever happens.

        `published` is the size of the published tree: what lies beyond it on the disk must agree with what is written.
        The folder stays locked while its writer lives. What a crash left behind is unlocked, and swept here.
        """
        make_dirs(self.root)
        self._sweep()
        folder = self.root / f"{STAGING_PREFIX}{os.getpid()}-{os.urandom(6).hex()}"
        folder.mkdir(mode=0o700)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        batch = TileBatch(self.root, folder, published)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield batch
        finally:
            batch.close()
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)

    def _sweep(self) -> None:
        for folder in self.root.glob(f"{STAGING_PREFIX}*"):
            try:
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            except OSError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            except OSError:
                continue
            finally:
                os.close(descriptor)
