"""Queries of the publisher. Entries come straight from the driver's cursor: a batch may be a hundred thousand rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from evidence.merkle.tree import CompactRange
from ledger_service.checkpoints.guard import Head, WitnessedHead
from ledger_service.errors import NotFound
from ledger_service.models import anchors, checkpoints, entries, ledgers, published_heads

_ENTRIES = (
    select(entries.c.idx, entries.c.entry_bytes, entries.c.leaf_hash)
    .where(
        entries.c.ledger == bindparam("ledger"), entries.c.idx >= bindparam("begin"), entries.c.idx < bindparam("end")
    )
    .order_by(entries.c.idx)
)
_COLUMNS = (
    checkpoints.c.size,
    checkpoints.c.root,
    checkpoints.c.note,
    checkpoints.c.range_hashes,
    checkpoints.c.previous_size,
    checkpoints.c.published_at,
)
_COUNT = select(func.coalesce(func.max(entries.c.idx) + 1, 0)).where(entries.c.ledger == bindparam("ledger"))


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What signing needs to know of a ledger."""

    origin: str
    ledger_id: bytes
    log_vkey: str


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A signed checkpoint as stored."""

    size: int
    root: bytes
    note: bytes
    range_hashes: bytes
    previous_size: int
    published_at: datetime

    @property
    def compact_range(self) -> CompactRange:
        """The compact range of the tree. Raises `MalformedProof` when the stored hashes do not fit the size."""
        data = self.range_hashes
        return CompactRange(self.size, [data[at : at + 32] for at in range(0, len(data), 32)])


def ledger_row(connection: Connection, ledger: str) -> LedgerRow:
    """The ledger by its slug. Raises NotFound."""
    row = connection.execute(
        select(ledgers.c.origin, ledgers.c.ledger_id, ledgers.c.log_vkey).where(ledgers.c.ledger == ledger)
    ).first()
    if row is None:
        raise NotFound("no ledger by this name")
    return LedgerRow(*row)


def exists(connection: Connection, ledger: str) -> bool:
    """Whether there is a ledger by this slug."""
    return connection.execute(select(ledgers.c.ledger).where(ledgers.c.ledger == ledger)).first() is not None


def published_head(connection: Connection, ledger: str) -> Head | None:
    """The compare-and-swap cell, or None where it is missing."""
    row = connection.execute(
        select(published_heads.c.size, published_heads.c.root).where(published_heads.c.ledger == ledger)
    ).first()
    return None if row is None else Head(row.size, row.root)


def checkpoint_at(connection: Connection, ledger: str, size: int) -> CheckpointRow | None:
    """The checkpoint of exactly `size` leaves."""
    row = connection.execute(
        select(*_COLUMNS).where(checkpoints.c.ledger == ledger, checkpoints.c.size == size)
    ).first()
    return None if row is None else CheckpointRow(*row)


def newest_checkpoint(connection: Connection, ledger: str) -> CheckpointRow | None:
    """The newest signed checkpoint."""
    query = select(*_COLUMNS).where(checkpoints.c.ledger == ledger).order_by(checkpoints.c.size.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else CheckpointRow(*row)


def all_checkpoints(connection: Connection, ledger: str) -> list[CheckpointRow]:
    """Every checkpoint by size."""
    query = select(*_COLUMNS).where(checkpoints.c.ledger == ledger).order_by(checkpoints.c.size)
    return [CheckpointRow(*row) for row in connection.execute(query)]


def root_at(connection: Connection, ledger: str, size: int) -> bytes | None:
    """Root of the checkpoint of exactly `size` leaves."""
    row = checkpoint_at(connection, ledger, size)
    return None if row is None else row.root


def anchored_heads(connection: Connection, ledger: str) -> list[WitnessedHead]:
    """The newest head of each chain that an anchor was ever planned for. It was published before it was planned."""
    newest: dict[str, WitnessedHead] = {}
    query = select(anchors.c.chain, anchors.c.seq, anchors.c.size, anchors.c.root).where(anchors.c.ledger == ledger)
    for row in connection.execute(query.order_by(anchors.c.seq)):
        newest[row.chain] = WitnessedHead(f"anchor {row.seq} on {row.chain}", Head(row.size, row.root))
    return list(newest.values())


def entry_count(connection: Connection, ledger: str) -> int:
    """The index after the last entry."""
    return int(connection.execute(_COUNT, {"ledger": ledger}).scalar_one())


def entry_chunks(
    connection: Connection, ledger: str, begin: int, end: int, chunk: int
) -> Iterator[Sequence[tuple[int, bytes, bytes]]]:
    """(index, entry bytes, stored leaf hash) of the half-open range, in order, one query for every `chunk` indices.

    A range without rows yields nothing: the caller counts.
    """
    for first in range(begin, end, chunk):
        bounds = {"ledger": ledger, "begin": first, "end": min(end, first + chunk)}
        result = connection.execute(_ENTRIES, bounds)
        rows = result.cursor.fetchall()  # The driver's own rows: no object per entry on top.
        result.close()
        if rows:
            yield rows


def move_head(connection: Connection, ledger: str, old: Head, new: Head) -> bool:
    """Compare-and-swap the published head; False when it is no longer `old`."""
    result = connection.execute(
        update(published_heads)
        .where(
            published_heads.c.ledger == ledger, published_heads.c.size == old.size, published_heads.c.root == old.root
        )
        .values(size=new.size, root=new.root)
    )
    return result.rowcount == 1


def add_checkpoint(connection: Connection, ledger: str, row: CheckpointRow) -> None:
    """Insert a signed checkpoint; rows are never changed afterwards."""
    connection.execute(
        insert(checkpoints).values(
            ledger=ledger,
            size=row.size,
            root=row.root,
            note=row.note,
            range_hashes=row.range_hashes,
            previous_size=row.previous_size,
            published_at=row.published_at,
        )
    )
