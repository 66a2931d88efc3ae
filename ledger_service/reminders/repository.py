"""Queries for reminders and their deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from ledger_service.models import deliveries, reminders
from ledger_service.reminders.model import Receipt, ReminderRow, ReminderState

_NAMES = tuple(column.name for column in reminders.columns if column.name != "row_sum")
CHUNK = 500


def add_new(connection: Connection, rows: Sequence[ReminderRow]) -> None:
    """Store the reminders that are not there yet."""
    for begin in range(0, len(rows), CHUNK):
        chunk = rows[begin : begin + CHUNK]
        here = (reminders.c.ledger == chunk[0].ledger, reminders.c.reminder_id.in_([row.reminder_id for row in chunk]))
        known = set(connection.execute(select(reminders.c.reminder_id).where(*here)).scalars())
        for row in chunk:
            if row.reminder_id not in known:
                connection.execute(insert(reminders).values(**asdict(row) | {"state": str(row.state)}))


def settle(connection: Connection, ledger: str, stream: str, answered: Sequence[tuple[str, int]]) -> None:
    """What was answered before its reminder went out needs none."""
    for deadline, started_idx in answered:
        here = (
            reminders.c.ledger == ledger,
            reminders.c.stream == stream,
            reminders.c.deadline == deadline,
            reminders.c.started_idx == started_idx,
            reminders.c.state.in_([str(ReminderState.PENDING), str(ReminderState.NO_RECIPIENT)]),
        )
        for row in connection.execute(select(reminders).where(*here)).all():
            _change(connection, _row(row), ReminderState.SETTLED, row.attempts, None)


def waiting(connection: Connection, ledger: str, now: datetime, limit: int) -> list[ReminderRow]:
    """Reminders whose next attempt is due, the longest waiting first."""
    query = select(reminders).where(
        reminders.c.ledger == ledger, reminders.c.state == str(ReminderState.PENDING), reminders.c.next_at <= now
    )
    return [_row(row) for row in connection.execute(query.order_by(reminders.c.next_at).limit(limit))]


def claim(connection: Connection, row: ReminderRow, until: datetime) -> ReminderRow | None:
    """Count an attempt before it is made, and keep others off until then; None if somebody was faster."""
    here = (reminders.c.ledger == row.ledger, reminders.c.reminder_id == row.reminder_id)
    current = connection.execute(select(reminders).where(*here)).first()
    if current is None or _row(current) != row:
        return None
    return _change(connection, row, ReminderState.PENDING, row.attempts + 1, until)


def conclude(
    connection: Connection,
    row: ReminderRow,
    receipt: Receipt,
    at: datetime,
    state: ReminderState,
    next_at: datetime | None,
) -> None:
    """Store what became of the attempt `row.attempts`, and how it goes on."""
    values = {
        "ledger": row.ledger,
        "reminder_id": row.reminder_id,
        "attempt": row.attempts,
        "at": at,
        "outcome": str(receipt.outcome),
        "receipt": receipt.text[:200],
    }
    connection.execute(insert(deliveries).values(**values))
    _change(connection, row, state, row.attempts, next_at)


def find(
    connection: Connection, ledger: str, state: ReminderState | None, begin: int, limit: int
) -> list[tuple[ReminderRow, list[dict[str, Any]]]]:
    """Reminders, newest first, each with its deliveries."""
    query = select(reminders).where(reminders.c.ledger == ledger)
    if state is not None:
        query = query.where(reminders.c.state == str(state))
    order = (reminders.c.created_at.desc(), reminders.c.reminder_id)
    rows = [_row(row) for row in connection.execute(query.order_by(*order).offset(begin).limit(limit))]
    ids = [row.reminder_id for row in rows]
    tried: dict[str, list[dict[str, Any]]] = {item: [] for item in ids}
    made = select(deliveries).where(deliveries.c.ledger == ledger, deliveries.c.reminder_id.in_(ids))
    for item in connection.execute(made.order_by(deliveries.c.attempt)):
        tried[item.reminder_id].append(
            {"attempt": item.attempt, "at": item.at, "outcome": item.outcome, "receipt": item.receipt}
        )
    return [(row, tried[row.reminder_id]) for row in rows]


def _change(
    connection: Connection, row: ReminderRow, state: ReminderState, attempts: int, next_at: datetime | None
) -> ReminderRow:
    changed = asdict(row) | {"state": str(state), "attempts": attempts, "next_at": next_at}
    here = (reminders.c.ledger == row.ledger, reminders.c.reminder_id == row.reminder_id)
    connection.execute(update(reminders).where(*here).values(**changed))
    return ReminderRow(**changed | {"state": state})


def _row(row: Row[Any]) -> ReminderRow:
    values = {name: getattr(row, name) for name in _NAMES}
    return ReminderRow(**values | {"state": ReminderState(values["state"])})
