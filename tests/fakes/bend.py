"""Bend what is stored, as somebody with the database at hand could."""

from __future__ import annotations

from sqlalchemy import Engine, text

NOISE = b"\x01" + bytes(60)


def bend(engine: Engine, table: str, column: str, index: int) -> None:
    """Put noise in the place of what is stored of an entry; the triggers against it are taken away first."""
    with engine.begin() as connection:
        for name in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        values = {"noise": NOISE, "idx": index}
        connection.execute(text(f"UPDATE {table} SET {column} = :noise WHERE idx = :idx"), values)
