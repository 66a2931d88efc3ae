"""Queries for streams."""

from __future__ import annotations

from sqlalchemy import Connection, select

from ledger_service.entries.model import StoredEntry
from ledger_service.entries.repository import stored
from ledger_service.models import entries, stream_heads


def head(connection: Connection, ledger: str, stream: str) -> tuple[int, int] | None:
    """(stream_seq, index) of the newest entry."""
    query = select(stream_heads.c.stream_seq, stream_heads.c.idx)
    row = connection.execute(query.where(stream_heads.c.ledger == ledger, stream_heads.c.stream == stream)).first()
    return None if row is None else (row.stream_seq, row.idx)


def chain(connection: Connection, ledger: str, stream: str, begin: int, limit: int) -> list[StoredEntry]:
    """Entries of the stream from `stream_seq` `begin` on, in order."""
    query = select(entries).where(entries.c.ledger == ledger, entries.c.stream == stream, entries.c.stream_seq >= begin)
    return [stored(row) for row in connection.execute(query.order_by(entries.c.stream_seq).limit(limit))]
