"""Checks of the database as a database: SQLite's own, the schema with its triggers, and the row sums."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection, Table, create_engine, select, text

from ledger_service.fsck.model import Findings
from ledger_service.kit.dialect import prepare_engine
from ledger_service.models import (
    anchor_attempts,
    anchor_targets,
    anchors,
    blobs,
    checkpoints,
    clients,
    cursors,
    data_keys,
    deadlines,
    deliveries,
    erased_blobs,
    leases,
    ledgers,
    reminders,
)
from ledger_service.models.types import ROW_SUM, row_sum

SUMMED = (
    ledgers,
    clients,
    blobs,
    checkpoints,
    anchor_targets,
    anchors,
    anchor_attempts,
    leases,
    cursors,
    data_keys,
    deadlines,
    deliveries,
    erased_blobs,
    reminders,
)
_SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"


def check_sqlite(connection: Connection, found: Findings) -> None:
    """Pages, indices and foreign keys. Space that no row uses is not read by any of it."""
    if connection.dialect.name != "sqlite":
        return
    with found.guard("database", "database"):
        for (line,) in connection.execute(text("PRAGMA integrity_check")):
            if line != "ok":
                found.error("database", "database", str(line))
    with found.guard("foreign-key", "database"):
        for row in connection.execute(text("PRAGMA foreign_key_check")):
            found.error("foreign-key", f"{row[0]}[rowid {row[1]}]", f"names a row of {row[2]} that does not exist")
    with found.guard("schema", "schema"):
        _check_schema(connection, found)


def check_row_sums(connection: Connection, found: Findings) -> None:
    """Every row that carries a sum still has the values it was written with."""
    for table in SUMMED:
        with found.guard("row-sum", table.name):
            _check_sums(connection, table, found)


def place(table: Table, row: object, column: str | None = None) -> str:
    """The name of a row, or of one value in it: `checkpoints[demo,256].root`."""
    key = ",".join(str(getattr(row, item.name)) for item in table.primary_key.columns)
    return f"{table.name}[{key}]" + (f".{column}" if column else "")


def _check_sums(connection: Connection, table: Table, found: Findings) -> None:
    names: tuple[str, ...] = table.c[ROW_SUM].info["names"]
    for row in connection.execute(select(table)):
        values = row._asdict()
        if row_sum(values, names) != values[ROW_SUM]:
            found.error("row-sum", place(table, row), "the row is not the one that was written")


def _check_schema(connection: Connection, found: Findings) -> None:
    """Tables, indices and above all the append-only triggers are those of the migrations."""
    stored = {row.name: row.sql for row in connection.execute(text(_SCHEMA))}
    expected = dict(_expected_schema())
    for name in sorted(stored.keys() | expected.keys()):
        if stored.get(name) != expected.get(name):
            found.error("schema", f"schema.{name}", "is not what the migrations make")
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    found.equal("schema", "alembic_version.version_num", list(version), [_expected_version()])


@lru_cache(maxsize=1)
def _expected() -> tuple[tuple[tuple[str, str | None], ...], str]:
    """What the migrations make of an empty database."""
    from ledger_service.kit.db import upgrade

    engine = create_engine("sqlite://")
    prepare_engine(engine, 0)
    try:
        upgrade(engine)
        with engine.connect() as connection:
            rows = tuple((row.name, row.sql) for row in connection.execute(text(_SCHEMA)))
            return rows, str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    finally:
        engine.dispose()


def _expected_schema() -> tuple[tuple[str, str | None], ...]:
    return _expected()[0]


def _expected_version() -> str:
    return _expected()[1]
