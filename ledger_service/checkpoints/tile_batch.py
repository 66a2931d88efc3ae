"""Files of one publication on their way to the disk: staged, flushed, named, the names flushed; in this order."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from evidence.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, TileId
from ledger_service.checkpoints.errors import ForkDetected
from ledger_service.errors import StorageCorrupt, StorageFull
from ledger_service.kit.files import make_dirs, sync_dir

_FLUSHERS = 8
"""Flushes under way at once: the file system then commits its journal once for many files."""
_OPEN_LIMIT = 512
"""Staged files that may wait for their flush: half of the usual limit of 1,024 descriptors."""
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class TileBatch:
    """Files of one publication: all staged and flushed first, then named, then the names flushed."""

    def __init__(self, root: Path, staging: Path, published: int = 0) -> None:
        self._published = published
        self._root = root
        self._staging = staging
        self._staged: list[tuple[Path, Path]] = []
        self._open: list[int] = []
        self._count = 0
        self._folders: set[Path] = set()

    def put(self, tile: TileId, data: bytes) -> None:
        """Stage a tile. One that is already there with the same bytes is left alone, else `ForkDetected`."""
        target = self._root / tile.path
        with disk_errors():
            self._require_agreement(tile, data)
            if not self._same(target, data):
                self._staged.append((self.stage(data), target))

    def stage(self, data: bytes) -> Path:
        """Write bytes to a nameless file; they are durable after `flush`."""
        path = self._staging / str(self._count)
        self._count += 1
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
        except BaseException:
            os.close(descriptor)
            raise
        self._open.append(descriptor)
        if len(self._open) >= _OPEN_LIMIT:
            self.flush()
        return path

    def flush(self) -> None:
        """Flush the staged files; raises what the disk said about any of them.

        Not while the next bundles are hashed: the flushes would fight the writes for the disk and for the interpreter.
        """
        descriptors, self._open = self._open, []
        if len(descriptors) <= 2:
            for descriptor in descriptors:
                _flush(descriptor)
            return
        with ThreadPoolExecutor(_FLUSHERS, thread_name_prefix="flush") as pool:
            list(pool.map(_flush, descriptors))

    def commit(self) -> None:
        """Give the staged files their names, durably. After a crash the same bytes come again."""
        with disk_errors():
            self.flush()
            for staged, target in self._staged:
                self._name(staged, target)
            for folder in self._folders:
                sync_dir(folder)
            self._staged = []

    def close(self) -> None:
        """Let go of what was staged and not flushed."""
        while self._open:
            os.close(self._open.pop())

    def _name(self, staged: Path, target: Path) -> None:
        if target.parent not in self._folders:
            make_dirs(target.parent)
            self._folders.add(target.parent)
        try:
            # link, not rename: it never replaces what another publisher put there meanwhile.
            os.link(staged, target)
        except FileExistsError:
            self._same(target, staged.read_bytes())

    def _require_agreement(self, tile: TileId, data: bytes) -> None:
        """Partial tiles beyond the published head were left by a crash, or by a database that knew other entries."""
        partials = self._root / (TileId(tile.level, tile.index).path + ".p")
        known = (self._published >> TILE_HEIGHT * max(0, tile.level)) - tile.index * TILE_WIDTH
        try:
            names = os.listdir(partials)
        except FileNotFoundError:
            return
        for name in names:
            if not name.isdecimal() or int(name) <= known:
                continue
            found = (partials / name).read_bytes()
            shorter = min(len(found), len(data))
            if found[:shorter] != data[:shorter]:
                where = (partials / name).relative_to(self._root)
                raise ForkDetected(f"{where} is on the disk with other bytes, beyond the published size")

    def _same(self, target: Path, data: bytes) -> bool:
        try:
            found = target.read_bytes()
        except FileNotFoundError:
            return False
        if found != data:
            raise ForkDetected(f"{target.relative_to(self._root)} is on the disk with other bytes")
        return True


def _flush(descriptor: int) -> None:
    """fsync on the writing descriptor, then close: another descriptor may not be told that a write failed."""
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors() -> Iterator[None]:
    """A full disk becomes `StorageFull`, any other failure of it `StorageCorrupt`; nothing was published."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise StorageFull("the disk of the published log is full; nothing was published") from error
        raise StorageCorrupt(f"the disk of the published log failed ({error.strerror}); look at it") from error
