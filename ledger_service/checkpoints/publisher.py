"""The publisher: signs what storage holds, after reading it again.

Order, and what a crash costs after each step:

1. read the head, compare it with every witness     nothing written
2. read the new entries again, hash, fold twice     nothing written; a difference stops everything
3. tiles and bundles: flushed, named, names flushed files beyond the head, which the next run finds equal and keeps
4. sign                                             a signature in memory
5. one transaction: checkpoint row and head         the checkpoint is published; the file is one behind
6. replace the `checkpoint` file                    nothing

Recovery is the same function: whatever step was reached, publishing again does the rest. Two publishers at once meet at
step 5: the head moves from what its mover saw or not at all (`HeadMoved`). An empty log is not published: a head of
size 0 says nothing, and every ledger begins with the enrolment of its own key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine

from evidence.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from evidence.errors import EvidenceError, MalformedProof
from evidence.merkle.tree import CompactRange
from evidence.notes import VerifierKey
from ledger_service.checkpoints import repository
from ledger_service.checkpoints.errors import ForkDetected, HeadMoved, LedgerBehindAnchor, TileMissing
from ledger_service.checkpoints.gate import WriteGate
from ledger_service.checkpoints.guard import Head, Witness, WitnessedHead, require_in_step
from ledger_service.checkpoints.integrate import has_every_tile, integrate, rebuild
from ledger_service.checkpoints.log_files import LogFiles
from ledger_service.checkpoints.repository import CheckpointRow, LedgerRow
from ledger_service.checkpoints.tile_batch import TileBatch, disk_errors
from ledger_service.errors import KeySetMismatch, StorageCorrupt
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read, write
from ledger_service.kit.keystore import KeyStore


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one publication starts from."""

    ledger: LedgerRow
    head: Head
    newest: CheckpointRow | None
    tree: CompactRange
    count: int


class Publisher:
    """Publishes checkpoints of the ledgers of one data folder."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        keystore: KeyStore,
        logs: Path,
        witnesses: Sequence[Witness] = (),
        gate: WriteGate | None = None,
    ) -> None:
        """`gate` hears whether the rows hold all that the witnesses saw."""
        self._engine = engine
        self._clock = clock
        self._keystore = keystore
        self._logs = logs
        self._witnesses = witnesses
        self._gate = gate or WriteGate(logs)
        self._log = structlog.get_logger("publisher")

    def files(self, ledger: str) -> LogFiles:
        """The published files of a ledger."""
        return LogFiles(self._logs / ledger)

    def publish(self, ledger: str) -> Checkpoint | None:
        """Sign and publish a head over everything sequenced so far; None when there is nothing new.

        Raises HeadMoved (another publisher was faster: nothing was changed), LedgerBehindAnchor and ForkDetected (stop,
        a person has to look), StorageFull and RetryLater (nothing was promised, publish again).
        """
        files = self.files(ledger)
        seen = self._compared(ledger, files)  # step 1
        self._mend(ledger, files, seen)
        if seen.count == seen.head.size:
            self._expose(files, seen.newest)  # A crash between steps 5 and 6 is made good here.
            return None
        with disk_errors(), files.staging(seen.head.size) as batch:
            tree = self._integrate(ledger, files, seen, batch)  # step 2
            batch.commit()  # step 3
        checkpoint = Checkpoint(seen.ledger.origin, tree.size, tree.root())
        row = self._sign(ledger, seen, checkpoint, tree)  # step 4
        with write(self._engine) as connection:  # step 5
            if not repository.move_head(connection, ledger, seen.head, Head(row.size, row.root)):
                raise HeadMoved(f"the head is no longer at size {seen.head.size}")
            repository.add_checkpoint(connection, ledger, row)
        self._expose(files, row)  # step 6
        self._log.info("published", ledger=ledger, size=row.size, previous_size=row.previous_size)
        return checkpoint

    def rebuild_tiles(self, ledger: str) -> int:
        """Write every tile of the published tree that is missing, from the rows; returns the tree size.

        Raises ForkDetected when the rows do not lead to the published root, or a file is there with other bytes.
        """
        files = self.files(ledger)
        with read(self._engine) as connection:
            seen = self._look(connection, ledger, files)
        with disk_errors(), files.staging(seen.head.size) as batch:
            rebuild(self._engine, ledger, seen.tree, batch)
            batch.commit()
        self._expose(files, seen.newest)
        return seen.head.size

    def _compared(self, ledger: str, files: LogFiles) -> _Seen:
        """What `_look` sees; where a witness saw more, nothing is sequenced either until that is mended."""
        try:
            with read(self._engine) as connection:
                seen = self._look(connection, ledger, files)
        except LedgerBehindAnchor as error:
            self._gate.close(ledger, error.detail)
            raise
        self._gate.open(ledger)
        return seen

    def _look(self, connection: Connection, ledger: str, files: LogFiles) -> _Seen:
        row = repository.ledger_row(connection, ledger)
        head = repository.published_head(connection, ledger)
        newest = repository.newest_checkpoint(connection, ledger)
        tree = _compact_range(newest)
        if head != Head(tree.size, tree.root()) or (newest is not None and newest.root != tree.root()):
            raise ForkDetected("the published head, its checkpoint row and its compact range disagree")
        count = repository.entry_count(connection, ledger)
        if count < tree.size:
            raise ForkDetected(f"{tree.size} entries were signed, storage has {count}")
        witnessed = [*repository.anchored_heads(connection, ledger), *self._remembered(ledger, row, newest, files)]
        require_in_step(head, witnessed, lambda size: repository.root_at(connection, ledger, size))
        return _Seen(row, head, newest, tree, count)

    def _remembered(
        self, ledger: str, row: LedgerRow, newest: CheckpointRow | None, files: LogFiles
    ) -> Iterable[WitnessedHead]:
        note = files.checkpoint()
        if note is not None and (newest is None or note != newest.note):
            try:
                opened = open_checkpoint(note, [VerifierKey.parse(row.log_vkey)])
            except EvidenceError as error:
                hint = "; look at it, then remove it and publish again"
                raise StorageCorrupt(f"the checkpoint file is damaged: {error.reason}{hint}") from error
            yield WitnessedHead("the checkpoint file", Head(opened.size, opened.root))
        for witness in self._witnesses:
            yield from witness(ledger)

    def _mend(self, ledger: str, files: LogFiles, seen: _Seen) -> None:
        """Make lost tiles again where the `checkpoint` file is not the newest: a folder lost, or put back from a copy.

        After a crash between steps 5 and 6 the file is behind as well, and every tile is there.
        """
        if seen.newest is None or files.checkpoint() == seen.newest.note or has_every_tile(files, seen.head.size):
            return
        self._log.warning("rebuilding tiles", ledger=ledger, size=seen.head.size)
        with disk_errors(), files.staging(seen.head.size) as batch:
            rebuild(self._engine, ledger, seen.tree, batch)
            batch.commit()

    def _integrate(self, ledger: str, files: LogFiles, seen: _Seen, batch: TileBatch) -> CompactRange:
        try:
            return integrate(self._engine, ledger, files, seen.tree, seen.count, batch)
        except TileMissing:
            # Rows are the truth and tiles a projection: what is gone is made again, and checked against the head.
            self._log.warning("rebuilding tiles", ledger=ledger, size=seen.tree.size)
            rebuild(self._engine, ledger, seen.tree, batch)
            batch.commit()
            return integrate(self._engine, ledger, files, seen.tree, seen.count, batch)

    def _sign(self, ledger: str, seen: _Seen, checkpoint: Checkpoint, tree: CompactRange) -> CheckpointRow:
        note = sign_checkpoint(checkpoint, [self._keystore.log_signer(ledger)]).to_bytes()
        try:
            open_checkpoint(note, [VerifierKey.parse(seen.ledger.log_vkey)])
        except EvidenceError as error:
            raise KeySetMismatch("the log key in the key store is not the ledger's") from error
        return CheckpointRow(tree.size, checkpoint.root, note, b"".join(tree.hashes), seen.head.size, self._clock.now())

    def _expose(self, files: LogFiles, row: CheckpointRow | None) -> None:
        if row is not None and files.checkpoint() != row.note:
            files.replace_checkpoint(row.note)


def _compact_range(newest: CheckpointRow | None) -> CompactRange:
    if newest is None:
        return CompactRange()
    try:
        return newest.compact_range
    except MalformedProof as error:
        raise ForkDetected(f"the compact range of size {newest.size} is damaged") from error
