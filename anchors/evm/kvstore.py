"""The embedded chain's key-value store: one SQLite file, one transaction per block.

A kill leaves a whole block or none. Several processes may open the file: blocks are made under SQLite's write lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eth.db.backends.base import BaseDB

from anchors.errors import ChainUnavailable

BUSY_TIMEOUT_S = 30.0


class SqliteKeyValueStore(BaseDB):  # type: ignore[misc]
    """Bytes to bytes. Written only within `block()`; reading needs no transaction."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; its folder is made if missing. Raises `ChainUnavailable` if it cannot be opened."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # The caller serialises threads; SQLite serialises processes.
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
            self._db.execute("PRAGMA journal_mode = WAL")
            # FULL: a block that was answered for survives a power cut.
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("CREATE TABLE IF NOT EXISTS kv (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID")
        except sqlite3.Error as error:
            raise ChainUnavailable(f"embedded chain: {error}") from error

    def __getitem__(self, key: bytes) -> bytes:
        row = self._db.execute("SELECT v FROM kv WHERE k = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return bytes(row[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._require_block()
        self._db.execute("INSERT OR REPLACE INTO kv VALUES (?, ?)", (key, bytes(value)))

    def __delitem__(self, key: bytes) -> None:
        self._require_block()
        if self._db.execute("DELETE FROM kv WHERE k = ?", (key,)).rowcount == 0:
            raise KeyError(key)

    def _exists(self, key: bytes) -> bool:
        return self._db.execute("SELECT 1 FROM kv WHERE k = ?", (key,)).fetchone() is not None

    @contextmanager
    def block(self) -> Iterator[None]:
        """Hold the write lock; commit everything on leaving, or nothing if an exception passes."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # After a full disk SQLite has rolled back by itself.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _require_block(self) -> None:
        # A write outside a transaction would commit at once, and half a block could stay behind a crash.
        if not self._db.in_transaction:
            raise RuntimeError("the embedded chain writes only within a block")
