"""Queries for clients."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from ledger_service.models import clients


def by_token(connection: Connection, token_sha256: bytes) -> tuple[str, str] | None:
    """The (client id, role) that this token's digest belongs to."""
    row = connection.execute(
        select(clients.c.client_id, clients.c.role).where(clients.c.token_sha256 == token_sha256)
    ).first()
    return None if row is None else (row.client_id, row.role)


def exists(connection: Connection, client_id: str) -> bool:
    """Whether the client id is taken."""
    return connection.execute(select(clients.c.client_id).where(clients.c.client_id == client_id)).first() is not None


def add(connection: Connection, client_id: str, token_sha256: bytes, role: str, created_at: datetime) -> None:
    """Write a client."""
    row = {"client_id": client_id, "token_sha256": token_sha256, "role": role, "created_at": created_at}
    connection.execute(insert(clients).values(row))
