"""The anchor store over the tables: the write-ahead memory of the anchoring worker.

Every write is one transaction that first looks at the fence: a worker whose lease went to another one writes nothing,
however late it wakes up. When a write returns it is on the disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from anchors.errors import AnchorExists, LeaseHeld, LeaseLost, StaleAnchor
from anchors.model import Anchor, AnchorState, Attempt, Fence
from evidence.encoding import hex_encode
from ledger_service.anchoring.rows import anchor_values, attempt_values, read_anchor, read_attempt
from ledger_service.kit.db import read, write
from ledger_service.models import anchor_attempts, anchors, leases, ledgers

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_OPEN_STATES = ("signed", "sent", "dropped", "reorged", "held")
_ANCHORS = select(anchors, ledgers.c.ledger_id).join(ledgers, ledgers.c.ledger == anchors.c.ledger)


class SqlAnchorStore:
    """See `anchors.ports.AnchorStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def acquire(self, name: str, holder: str, *, now: datetime, expires_at: datetime) -> Fence:
        """Take a free or expired lease (token + 1), or renew one's own (same token). Raises `LeaseHeld`."""
        with write(self._engine) as connection:
            row = connection.execute(select(leases).where(leases.c.name == name)).first()
            if row is None:
                values = {"name": name, "holder": holder, "token": 1, "expires_at": expires_at}
                try:
                    connection.execute(insert(leases).values(values))
                except IntegrityError as error:  # PostgreSQL: another worker made the row after our look.
                    raise LeaseHeld(f"lease {name} was taken this moment") from error
                return Fence(name, 1)
            # No lease reaches further than twice its span, clocks of two machines apart: beyond it a clock ran ahead
            # and was put right, and a worker that died meanwhile would hold the work up for as long as it was wrong.
            held = now < row.expires_at <= expires_at + (expires_at - now)
            if held and row.holder != holder:
                raise LeaseHeld(f"lease {name} is held by {row.holder}")
            token = int(row.token) + (0 if held else 1)
            result = connection.execute(
                update(leases)
                .where(leases.c.name == name, leases.c.token == row.token, leases.c.holder == row.holder)
                .values(name=name, holder=holder, token=token, expires_at=expires_at)
            )
            if result.rowcount != 1:
                raise LeaseHeld(f"lease {name} was taken this moment")
            return Fence(name, token)

    def release(self, fence: Fence) -> None:
        """Let the lease expire now if it is still held; its token stays, so that it only ever rises."""
        with write(self._engine) as connection:
            row = connection.execute(select(leases).where(leases.c.name == fence.name)).first()
            if row is not None and row.token == fence.token:
                values = {"name": row.name, "holder": row.holder, "token": row.token, "expires_at": _NEVER}
                here = (leases.c.name == fence.name, leases.c.token == fence.token)
                connection.execute(update(leases).where(*here).values(values))

    def anchor(self, ledger: str, chain: str, seq: int) -> Anchor | None:
        """The anchor of this number, if it is stored."""
        here = (anchors.c.ledger == ledger, anchors.c.chain == chain, anchors.c.seq == seq)
        with read(self._engine) as connection:
            row = connection.execute(_ANCHORS.where(*here)).first()
        return None if row is None else read_anchor(row)

    def latest(self, ledger: str, chain: str) -> Anchor | None:
        """The anchor of the highest seq."""
        found = self._select(ledger, chain, newest_first=True)
        return found[0] if found else None

    def unfinished(self, ledger: str, chain: str) -> Sequence[Anchor]:
        """All anchors that are not archived, by ascending seq."""
        return [item for item in self._select(ledger, chain) if item.state is not AnchorState.ARCHIVED]

    def all(self, ledger: str) -> list[Anchor]:
        """Every anchor of a ledger, by chain and seq."""
        query = _ANCHORS.where(anchors.c.ledger == ledger).order_by(anchors.c.chain, anchors.c.seq)
        with read(self._engine) as connection:
            return [read_anchor(row) for row in connection.execute(query)]

    def attempts(self, ledger: str, chain: str, seq: int) -> Sequence[Attempt]:
        """The signed transactions of one anchor, oldest first."""
        table = anchor_attempts.c
        query = select(anchor_attempts).where(table.ledger == ledger, table.chain == chain, table.seq == seq)
        with read(self._engine) as connection:
            return [read_attempt(row) for row in connection.execute(query.order_by(table.attempt, table.nonce))]

    def open_nonces(self, chain: str, sender: bytes) -> frozenset[int]:
        """Nonces of attempts whose anchor is signed, sent, dropped, reorged or held: they may still be mined."""
        table = anchor_attempts.c
        same = (anchors.c.ledger == table.ledger) & (anchors.c.chain == table.chain) & (anchors.c.seq == table.seq)
        query = (
            select(table.nonce)
            .select_from(anchor_attempts.join(anchors, same))
            .where(table.chain == chain, table.sender == hex_encode(sender), anchors.c.state.in_(_OPEN_STATES))
        )
        with read(self._engine) as connection:
            return frozenset(connection.execute(query).scalars())

    def next_attempt(self, chain: str, sender: bytes, nonce: int) -> int:
        """The number after every stored transaction of this nonce; 0 when there is none."""
        table = anchor_attempts.c
        here = (table.chain == chain, table.sender == hex_encode(sender), table.nonce == nonce)
        with read(self._engine) as connection:
            newest = connection.execute(select(func.max(table.attempt)).where(*here)).scalar()
        return 0 if newest is None else int(newest) + 1

    def plan(self, anchor: Anchor, fence: Fence) -> None:
        """Insert a new anchor. Raises `AnchorExists` if (ledger, chain, seq) is taken."""
        with write(self._engine) as connection:
            _require_fence(connection, fence)
            here = (anchors.c.ledger == anchor.ledger, anchors.c.chain == anchor.chain, anchors.c.seq == anchor.seq)
            if connection.execute(select(func.count()).select_from(anchors).where(*here)).scalar():
                raise AnchorExists(f"anchor {anchor.seq} of {anchor.ledger} on {anchor.chain}")
            connection.execute(insert(anchors).values(anchor_values(anchor)))

    def save(self, anchor: Anchor, *, expected: AnchorState, fence: Fence) -> None:
        """Replace the anchor if it still is in the state `expected`; raises `StaleAnchor` otherwise."""
        with write(self._engine) as connection:
            _save(connection, anchor, expected, fence)

    def save_signed(self, anchor: Anchor, attempt: Attempt, *, expected: AnchorState, fence: Fence) -> None:
        """`save`, and insert the attempt, in one transaction: from here on a crash resends and never signs again."""
        with write(self._engine) as connection:
            _save(connection, anchor, expected, fence)
            connection.execute(insert(anchor_attempts).values(attempt_values(attempt)))

    def save_sent(self, anchor: Anchor, attempt: Attempt, *, expected: AnchorState, fence: Fence) -> None:
        """`save`, and set the attempt's `sent_at`, in one transaction."""
        with write(self._engine) as connection:
            _save(connection, anchor, expected, fence)
            table = anchor_attempts.c
            here = (table.chain == attempt.chain, table.sender == hex_encode(attempt.sender))
            connection.execute(
                update(anchor_attempts)
                .where(*here, table.nonce == attempt.nonce, table.attempt == attempt.attempt)
                .values(attempt_values(attempt))
            )

    def _select(self, ledger: str, chain: str, *, newest_first: bool = False) -> list[Anchor]:
        order = anchors.c.seq.desc() if newest_first else anchors.c.seq
        query = _ANCHORS.where(anchors.c.ledger == ledger, anchors.c.chain == chain).order_by(order)
        with read(self._engine) as connection:
            return [read_anchor(row) for row in connection.execute(query.limit(1) if newest_first else query)]


def _require_fence(connection: Connection, fence: Fence) -> None:
    token = connection.execute(select(leases.c.token).where(leases.c.name == fence.name)).scalar()
    if token != fence.token:
        raise LeaseLost(f"lease {fence.name}: token {fence.token} was followed by {token}")


def _save(connection: Connection, anchor: Anchor, expected: AnchorState, fence: Fence) -> None:
    _require_fence(connection, fence)
    here = (anchors.c.ledger == anchor.ledger, anchors.c.chain == anchor.chain, anchors.c.seq == anchor.seq)
    result = connection.execute(
        update(anchors).where(*here, anchors.c.state == str(expected)).values(anchor_values(anchor))
    )
    if result.rowcount != 1:
        raise StaleAnchor(f"anchor {anchor.seq} of {anchor.ledger} on {anchor.chain} is no longer {expected}")
