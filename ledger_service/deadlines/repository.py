"""Queries for deadlines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, or_, select

from evidence.records.deadlines import DeadlineState
from ledger_service.deadlines.model import DeadlineFilter, DeadlineRow
from ledger_service.models import deadlines, entries

_NAMES = tuple(field.name for field in fields(DeadlineRow))


def touched_streams(
    connection: Connection, ledger: str, record_types: Collection[str], begin: int, end: int
) -> list[str]:
    """Streams of the entries in `[begin, end)`, where the stream has a record of one of these types."""
    new = select(entries.c.stream).where(entries.c.ledger == ledger, entries.c.idx >= begin, entries.c.idx < end)
    query = select(entries.c.stream).distinct().where(entries.c.ledger == ledger, entries.c.stream.in_(new))
    query = query.where(entries.c.record_type.in_(list(record_types)))
    return sorted(connection.execute(query).scalars())


def due_streams(connection: Connection, ledger: str, now: datetime, after: str, limit: int) -> list[str]:
    """Streams for which time alone has changed something, ascending, those behind `after`."""
    query = select(deadlines.c.stream).distinct().where(deadlines.c.ledger == ledger, deadlines.c.next_at <= now)
    query = query.where(deadlines.c.stream > after).order_by(deadlines.c.stream)
    return list(connection.execute(query.limit(limit)).scalars())


def rows_of(connection: Connection, ledger: str, stream: str) -> list[DeadlineRow]:
    """The stored clocks of a stream."""
    query = select(deadlines).where(deadlines.c.ledger == ledger, deadlines.c.stream == stream)
    return [_row(row) for row in connection.execute(query)]


def replace_rows(connection: Connection, ledger: str, stream: str, rows: Sequence[DeadlineRow]) -> None:
    """Let the stream have exactly these clocks."""
    connection.execute(delete(deadlines).where(deadlines.c.ledger == ledger, deadlines.c.stream == stream))
    if rows:
        connection.execute(insert(deadlines), [asdict(row) for row in rows])


def find(
    connection: Connection, ledger: str, wanted: DeadlineFilter, now: datetime, begin: int, limit: int
) -> list[DeadlineRow]:
    """Clocks that fit, the earliest due first; those without a due time last."""
    query = select(deadlines).where(deadlines.c.ledger == ledger)
    if wanted.record_type is not None:
        query = query.where(deadlines.c.record_type == wanted.record_type)
    if wanted.due_before is not None:
        query = query.where(deadlines.c.due_at < wanted.due_before)
    if wanted.state is not None:
        query = _in_state(query, wanted.state, now)
    order = (deadlines.c.due_at.is_(None), deadlines.c.due_at, deadlines.c.started_idx, deadlines.c.deadline)
    return [_row(row) for row in connection.execute(query.order_by(*order).offset(begin).limit(limit))]


def _in_state(query: Select[Any], state: DeadlineState, now: datetime) -> Select[Any]:
    """The same decisions as `DeadlineRow.state`, as conditions."""
    column = deadlines.c
    hard = (column.due_at.is_not(None)) & (~column.soft)
    late, passed = hard & (column.met_at > column.due_at), hard & (column.due_at < now)
    running = column.met_at.is_(None)
    if state is DeadlineState.MET_LATE:
        return query.where(late)
    if state is DeadlineState.MET:
        return query.where(~running, or_(column.due_at.is_(None), column.soft, column.met_at <= column.due_at))
    if state is DeadlineState.BREACHED:
        return query.where(running, passed)
    query = query.where(running, or_(column.due_at.is_(None), column.soft, column.due_at >= now))
    told = column.told_at <= now
    return query.where(told if state is DeadlineState.DUE_SOON else or_(column.told_at.is_(None), column.told_at > now))


def _row(row: Row[Any]) -> DeadlineRow:
    return DeadlineRow(**{name: getattr(row, name) for name in _NAMES})
