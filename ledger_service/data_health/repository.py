"""Which streams a ledger has."""

from __future__ import annotations

from sqlalchemy import Connection, select

from ledger_service.models import stream_heads


def streams(connection: Connection, ledger: str) -> frozenset[str]:
    """Every stream with a record, by its blinded name."""
    return frozenset(connection.execute(select(stream_heads.c.stream).where(stream_heads.c.ledger == ledger)).scalars())
