"""Queries for ledgers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from evidence.canonical import dumps, loads
from evidence.hashing import EMPTY_ROOT
from evidence.keys import parse_jwk
from ledger_service.ledgers.model import Ledger
from ledger_service.models import ledgers, published_heads


def find(connection: Connection, slug: str) -> Ledger | None:
    """The ledger of this name."""
    row = connection.execute(select(ledgers).where(ledgers.c.ledger == slug)).first()
    return None if row is None else _ledger(row)


def find_by_origin(connection: Connection, origin: str) -> Ledger | None:
    """The ledger that signs under this origin."""
    row = connection.execute(select(ledgers).where(ledgers.c.origin == origin)).first()
    return None if row is None else _ledger(row)


def all_ledgers(connection: Connection) -> list[Ledger]:
    """Every ledger, by name."""
    return [_ledger(row) for row in connection.execute(select(ledgers).order_by(ledgers.c.ledger))]


def add(connection: Connection, ledger: Ledger) -> None:
    """Write the ledger and the head of its empty tree, from which the first publication moves on."""
    connection.execute(
        insert(ledgers).values(
            ledger=ledger.slug,
            origin=ledger.origin,
            ledger_id=ledger.ledger_id,
            log_vkey=ledger.log_vkey,
            root_jwk=dumps(ledger.root_jwk.to_json()).decode(),
            service_kid=ledger.service_kid,
            created_at=ledger.created_at,
        )
    )
    connection.execute(insert(published_heads).values(ledger=ledger.slug, size=0, root=EMPTY_ROOT))


def _ledger(row: Row[Any]) -> Ledger:
    return Ledger(
        slug=row.ledger,
        origin=row.origin,
        ledger_id=row.ledger_id,
        log_vkey=row.log_vkey,
        root_jwk=parse_jwk(loads(row.root_jwk.encode())),
        service_kid=row.service_kid,
        created_at=row.created_at,
    )
