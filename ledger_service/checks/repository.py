"""Queries of checks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from ledger_service.models import entries, links

VIOLATION = "ai_violation"


def violations(
    connection: Connection, ledger: str, camera: str | None, begin: datetime | None, end: datetime | None, limit: int
) -> list[str]:
    """Streams of the violations that were detected in `[begin, end)`, by the camera behind a stream id or by any."""
    query = select(entries.c.stream).where(
        entries.c.ledger == ledger, entries.c.record_type == VIOLATION, entries.c.stream_seq == 0
    )
    if begin is not None:
        query = query.where(entries.c.occurred_at >= begin)
    if end is not None:
        query = query.where(entries.c.occurred_at < end)
    if camera is not None:
        seen = select(links.c.idx).where(
            links.c.ledger == ledger, links.c.target == camera, links.c.record_type == VIOLATION
        )
        query = query.where(entries.c.idx.in_(seen))
    return list(connection.execute(query.order_by(entries.c.idx).limit(limit)).scalars())
