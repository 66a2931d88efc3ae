"""What others read of the published log: checkpoint, consistency proofs, tiles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine

from evidence.errors import EvidenceError
from evidence.merkle.proofs import plan_consistency, plan_inclusion
from evidence.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, TileHashReader, TileId, parse_tile_path
from ledger_service.checkpoints import repository
from ledger_service.checkpoints.errors import TileMissing
from ledger_service.checkpoints.log_files import LogFiles
from ledger_service.checkpoints.repository import CheckpointRow
from ledger_service.errors import BadRequest, NotFound
from ledger_service.kit.db import read


class CheckpointService:
    """Reads the published log. Every proof stays within a published size, so its tiles are durable."""

    def __init__(self, engine: Engine, logs: Path) -> None:
        self._engine = engine
        self._logs = logs

    def newest(self, ledger: str) -> CheckpointRow:
        """The newest checkpoint. Raises NotFound before the first publication."""
        with read(self._engine) as connection:
            repository.ledger_row(connection, ledger)
            row = repository.newest_checkpoint(connection, ledger)
        if row is None:
            raise NotFound("nothing has been published yet", reason="not-published")
        return row

    def consistency_proof(self, ledger: str, old_size: int, new_size: int) -> Sequence[bytes]:
        """RFC 9162 2.1.4.1 between two sizes of the published tree; empty when `old_size` is 0 or they are equal.

        Requires `0 <= old_size <= new_size <= newest published size`, else BadRequest.
        """
        if not 0 <= old_size <= new_size <= self.newest(ledger).size:
            raise BadRequest("consistency needs 0 <= from <= to <= the published size", reason="sizes")
        plan = plan_consistency(old_size, new_size)
        return plan.assemble(self.reader(ledger, new_size).hashes(plan.nodes))

    def root_at(self, ledger: str, size: int) -> bytes | None:
        """Root of the published checkpoint of exactly `size` leaves; None if none was published."""
        with read(self._engine) as connection:
            return repository.root_at(connection, ledger, size)

    def inclusion_proof(self, ledger: str, index: int, size: int, reader: TileHashReader | None = None) -> list[bytes]:
        """RFC 9162 2.1.3.1 of the entry at `index` in the published tree of `size` leaves."""
        plan = plan_inclusion(index, size)
        return plan.assemble((reader or self.reader(ledger, size)).hashes(plan.nodes))

    def reader(self, ledger: str, size: int) -> TileHashReader:
        """Node hashes of the tree of `size` leaves; keep it to answer many proofs, it reads each tile once."""
        return TileHashReader(self._files(ledger).read, size)

    def tile(self, ledger: str, path: str) -> bytes:
        """The bytes of a tile or entry bundle of the published tree, such as `tile/0/x001/067.p/3`.

        Raises NotFound for what is not, or not yet, published.
        """
        try:
            tile = parse_tile_path(path)
        except EvidenceError as error:
            raise NotFound("not the path of a tile") from error
        # A tile may lie on the disk before the checkpoint that vouches for it: until then nobody gets it.
        if not covers(self.newest(ledger).size, tile):
            raise NotFound("this tile is not published")
        try:
            return self._files(ledger).read_exactly(tile)
        except TileMissing as error:
            raise NotFound("no checkpoint was published with this tile") from error

    def _files(self, ledger: str) -> LogFiles:
        return LogFiles(self._logs / ledger)


def covers(size: int, tile: TileId) -> bool:
    """Whether a tree of `size` leaves has every hash of the tile."""
    leaves = size >> TILE_HEIGHT * max(0, tile.level)
    return tile.index * TILE_WIDTH + tile.width <= leaves
