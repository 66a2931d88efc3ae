"""Everything that differs between SQLite and PostgreSQL, and nothing else.

SQLite: WAL with synchronous=FULL (a commit is on the disk when it returns), foreign keys on, writers take the write
lock at BEGIN so that two processes queue up instead of failing late. PostgreSQL: the sequencer locks the ledger's row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from ledger_service.errors import OutcomeUnknown, RetryLater, ServiceError, StorageFull

ROWS_AT_ONCE = (128, 64, 32, 16, 8, 4, 2, 1)
"""Rows of one INSERT: few sizes, so that the driver keeps their prepared statements; bounded by 32,766 values."""

WRITES = "safety_ledger_writes"
"""Execution option: this connection's transactions will write."""

_PATIENCE_MS = 1000
_SQLITE_FULL = 13  # result code SQLITE_FULL, sqlite.org/rescode.html
_SQLITE_BUSY = 5
_SQLITE_LOCKED = 6
_POSTGRES_FULL = "53100"  # disk_full, PostgreSQL appendix A
_POSTGRES_RETRY = frozenset({"40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03"})


def prepare_engine(engine: Engine, busy_timeout_ms: int) -> None:
    """Attach what the dialect needs to every new connection."""
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, busy_timeout_ms)


def _prepare_sqlite(engine: Engine, busy_timeout_ms: int) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver's own BEGIN is deferred and too late; with None it stays out and `_begin` decides.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={busy_timeout_ms}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            # What is erased or moved is overwritten in the file, not merely forgotten.
            "secure_delete=ON",
            # Without it INSERT OR REPLACE deletes rows behind the append-only triggers' back.
            "recursive_triggers=ON",
            "cache_size=-65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns writer fails at once when another wrote meanwhile; IMMEDIATE waits its turn.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def lock_ledger(connection: Connection, ledger: str) -> None:
    """Let no other process hand out an index of `ledger` until this transaction ends."""
    if connection.dialect.name != "sqlite":  # SQLite's BEGIN IMMEDIATE already holds the one write lock.
        connection.execute(text("SELECT 1 FROM ledgers WHERE ledger = :ledger FOR UPDATE"), {"ledger": ledger})


def insert_rows(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[tuple[object, ...]],
    replacing: Sequence[str] = (),
) -> None:
    """Insert plain values (numbers, text, bytes) past the statement compiler: it costs more than the database does.

    With `replacing`, a row whose values in those key columns are taken gives that row its other values.

    Many rows go in one statement: the driver gives the interpreter lock away around each one, and under load gets it
    back late. `table` and `columns` are the program's own names, never input.
    """
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    marks = f"({', '.join([mark] * len(columns))})"
    tail = f" ON CONFLICT ({', '.join(replacing)}) DO UPDATE SET " if replacing else ""
    tail += ", ".join(f"{name} = excluded.{name}" for name in columns if replacing and name not in replacing)
    begin = 0
    for size in ROWS_AT_ONCE:
        while len(rows) - begin >= size:
            values = tuple(chain.from_iterable(rows[begin : begin + size]))
            connection.exec_driver_sql(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([marks] * size)}{tail}",  # noqa: S608
                values,
            )
            begin += size


def lock_schema(connection: Connection) -> None:
    """Let no other process migrate until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(20260113)"))


def truncate_log(engine: Engine) -> bool:
    """Take what was overwritten out of SQLite's write-ahead log too; False while a reader still needs it."""
    return _alone(engine, "PRAGMA wal_checkpoint(TRUNCATE)", busy=0) == 0


def rewrite_file(engine: Engine) -> None:
    """Write SQLite's file anew, without what earlier rows left in it. Other databases: see docs/operations.md.

    Without room on the disk for a second copy it stays as it is: freed pages were overwritten before.
    """
    _alone(engine, "VACUUM")
    truncate_log(engine)


def _alone(engine: Engine, statement: str, busy: int | None = None) -> int | None:
    """Run a statement that allows no transaction around it; returns its first value, `busy` on other databases.

    A failure is None: what such statements tidy up, they tidy up another time.
    """
    if engine.dialect.name != "sqlite":
        return busy
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        patience = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        # What cannot be had now is had at the next start: no reader is waited for.
        cursor.execute(f"PRAGMA busy_timeout={min(patience, _PATIENCE_MS)}")
        row = cursor.execute(statement).fetchone()
        cursor.execute(f"PRAGMA busy_timeout={patience}")
        return None if row is None else int(row[0])
    except sqlite3.Error:
        return None
    finally:
        connection.close()


def storage_error(error: DBAPIError, *, committing: bool = False, retry_after: int = 1) -> ServiceError | None:
    """The caller's way out of a storage failure, or None when there is none (a bug, or damage)."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    state = getattr(error.orig, "sqlstate", None)
    if (code is not None and code & 0xFF == _SQLITE_FULL) or state == _POSTGRES_FULL:
        return StorageFull("the database cannot grow; nothing was stored")
    if (code is not None and code & 0xFF in (_SQLITE_BUSY, _SQLITE_LOCKED)) or state in _POSTGRES_RETRY:
        return RetryLater("another writer holds the database; nothing was stored", retry_after=retry_after)
    if committing:
        return OutcomeUnknown("the database failed while committing", retry_after=retry_after)
    if isinstance(error, OperationalError | InterfaceError):
        return RetryLater("the database failed; nothing was stored", retry_after=retry_after)
    return None
