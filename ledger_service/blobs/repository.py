"""Queries for blobs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, exists, insert, select

from ledger_service.models import blobs, erased_blobs

_NOT_ERASED = ~exists().where(erased_blobs.c.sha256 == blobs.c.sha256)


def find(connection: Connection, sha256: str) -> tuple[int, str] | None:
    """(size, media type) of a stored blob."""
    row = connection.execute(select(blobs.c.size, blobs.c.media_type).where(blobs.c.sha256 == sha256)).first()
    return None if row is None else (row.size, row.media_type)


def add(connection: Connection, sha256: str, size: int, media_type: str, created_at: datetime) -> None:
    """Write the row of a blob whose file is durable."""
    row = {"sha256": sha256, "size": size, "media_type": media_type, "created_at": created_at}
    connection.execute(insert(blobs).values(row))


def is_erased(connection: Connection, sha256: str) -> bool:
    """Whether an erasure took the blob's file away."""
    query = select(erased_blobs.c.sha256).where(erased_blobs.c.sha256 == sha256)
    return connection.execute(query).first() is not None


def revive(connection: Connection, sha256: str) -> None:
    """An erased blob's bytes were stored again, for another record: their file stays now."""
    connection.execute(delete(erased_blobs).where(erased_blobs.c.sha256 == sha256))


def known(connection: Connection, digests: Iterable[str]) -> dict[str, int]:
    """The sizes of those blobs that are stored, and not erased."""
    wanted = list(dict.fromkeys(digests))
    rows = connection.execute(select(blobs.c.sha256, blobs.c.size).where(blobs.c.sha256.in_(wanted), _NOT_ERASED))
    return {row.sha256: row.size for row in rows}
