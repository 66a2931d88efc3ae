"""Checks of what was published: checkpoints, the head, and every file of the log byte for byte."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine

from evidence.checkpoint import open_checkpoint
from evidence.errors import EvidenceError
from evidence.hashing import HASH_SIZE
from evidence.merkle.tiles import (
    ENTRIES,
    TILE_WIDTH,
    TileId,
    entry_bundles_between,
    parse_tile_path,
    tiles_between,
)
from evidence.merkle.tree import CompactRange
from evidence.notes import VerifierKey
from ledger_service.checkpoints import repository
from ledger_service.checkpoints.builder import TileBuilder
from ledger_service.checkpoints.guard import Head
from ledger_service.checkpoints.integrate import bundles
from ledger_service.checkpoints.log_files import CHECKPOINT, STAGING_PREFIX
from ledger_service.checkpoints.repository import CheckpointRow, LedgerRow
from ledger_service.fsck.model import Findings
from ledger_service.kit.db import read


def check_checkpoints(
    connection: Connection, ledger: str, row: LedgerRow, leaf_hashes: Sequence[bytes], found: Findings
) -> list[CheckpointRow]:
    """Every checkpoint: its signature, its root recomputed from the entries, its compact range, the chain of sizes."""
    rows = repository.all_checkpoints(connection, ledger)
    tree = CompactRange()
    for item in rows:
        where = f"checkpoints[{ledger},{item.size}]"
        found.equal("checkpoint", f"{where}.previous_size", item.previous_size, tree.size)
        if not tree.size < item.size <= len(leaf_hashes):
            found.error("checkpoint", f"{where}.size", f"does not lie within the {len(leaf_hashes)} entries of the log")
            continue
        tree.extend(leaf_hashes[tree.size : item.size])
        found.equal("root", f"{where}.root", item.root, tree.root())
        found.equal("compact-range", f"{where}.range_hashes", item.range_hashes, b"".join(tree.hashes))
        with found.guard("checkpoint", f"{where}.note"):
            note = open_checkpoint(item.note, [VerifierKey.parse(row.log_vkey)])
            claimed = (note.origin, note.size, note.root)
            found.equal("checkpoint", f"{where}.note", claimed, (row.origin, item.size, tree.root()))
    head = repository.published_head(connection, ledger)
    expected = Head(rows[-1].size, rows[-1].root) if rows else Head(0, CompactRange().root())
    if head is None:
        found.error("head", f"published_heads[{ledger}]", "is missing")
    else:
        found.equal("head", f"published_heads[{ledger}].size", head.size, expected.size)
        found.equal("head", f"published_heads[{ledger}].root", head.root, expected.root)
    return rows


class FileCheck:
    """Compares the published files with what the rows lead to."""

    def __init__(self, root: Path, data_dir: Path, rows: Sequence[CheckpointRow], found: Findings) -> None:
        self._root = root
        self._data_dir = data_dir
        self._rows = rows
        self._found = found
        self._widths = _expected_widths([row.size for row in rows])
        self._known: set[Path] = set()

    def run(self, connection: Connection, ledger: str) -> None:
        """Rebuild every tile of the newest checkpoint from the rows and compare; then name what should not be there."""
        size = self._rows[-1].size if self._rows else 0
        builder = TileBuilder(0, [], self._compare)
        for bundle in bundles(connection.engine, ledger, 0, size):
            builder.add(bundle.entries)
        builder.finish()
        self._checkpoint_file(connection.engine, ledger)
        self._strays()

    def _compare(self, tile: TileId, data: bytes) -> None:
        for width in sorted(self._widths.get((tile.level, tile.index), {tile.width})):
            wanted = TileId(tile.level, tile.index, width)
            path = self._root / wanted.path
            self._known.add(path)
            with self._found.guard("tile", self._name(path)):
                if not path.is_file():
                    self._missing(wanted, path)
                    continue
                stored = path.read_bytes()
                self._found.files += 1
                self._found.bytes_hashed += len(stored)
                self._found.equal("tile", self._name(path), stored, _cut(tile, data, width))

    def _missing(self, tile: TileId, path: Path) -> None:
        longest = max(self._widths[tile.level, tile.index])
        if tile.width == longest:
            self._found.error("tile-missing", self._name(path), "is missing; publishing or --rebuild makes it again")
        elif longest < TILE_WIDTH:
            self._found.warning("tile-missing", self._name(path), "is missing; readers of an older checkpoint need it")

    def _checkpoint_file(self, engine: Engine, ledger: str) -> None:
        path = self._root / CHECKPOINT
        self._known.add(path)
        if not self._rows:
            return
        with self._found.guard("checkpoint-file", self._name(path)):
            if not path.is_file():
                self._found.error("checkpoint-file", self._name(path), "is missing; publishing writes it again")
                return
            note = path.read_bytes()
            self._found.files += 1
            if note == self._rows[-1].note:
                return
            if any(note == row.note for row in self._rows):
                self._found.warning("checkpoint-file", self._name(path), "is an older one; publishing replaces it")
            elif not _published_meanwhile(engine, ledger, note):
                self._found.error("checkpoint-file", self._name(path), "is no checkpoint of this ledger")

    def _strays(self) -> None:
        for path in sorted(self._root.rglob("*")):
            relative = path.relative_to(self._root)
            if not path.is_file() or path in self._known:
                continue
            if relative.parts[0].startswith(STAGING_PREFIX):
                self._found.warning("leftover", self._name(path), "was left by a crash; the next publication sweeps it")
            else:
                self._found.warning("stray-file", self._name(path), _stray(str(relative)))

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._data_dir))


def _published_meanwhile(engine: Engine, ledger: str, note: bytes) -> bool:
    """Whether the note was published after this check took its snapshot: the service goes on beside it."""
    with read(engine) as connection:
        newest = repository.newest_checkpoint(connection, ledger)
    return newest is not None and newest.note == note


def _expected_widths(sizes: Sequence[int]) -> dict[tuple[int, int], set[int]]:
    """For every tile, the widths at which some checkpoint published it."""
    widths: dict[tuple[int, int], set[int]] = defaultdict(set)
    previous = 0
    for size in sizes:
        for tile in [*tiles_between(previous, size), *entry_bundles_between(previous, size)]:
            widths[tile.level, tile.index].add(tile.width)
        previous = size
    return widths


def _cut(tile: TileId, data: bytes, width: int) -> bytes:
    """The first `width` hashes or entries of a longer tile."""
    if tile.level != ENTRIES:
        return data[: width * HASH_SIZE]
    end = 0
    for _ in range(width):
        end += 2 + int.from_bytes(data[end : end + 2], "big")
    return data[:end]


def _stray(relative: str) -> str:
    try:
        parse_tile_path(relative)
    except EvidenceError:
        return "does not belong here"
    return "belongs to no checkpoint; a publication that did not end may have left it"
