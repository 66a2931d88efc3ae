"""The database: one engine, two kinds of transaction, and the migrations.

    with write(engine) as connection: ...   # one transaction; everything or nothing
    with read(engine) as connection: ...    # one snapshot

A storage failure leaves these blocks as an error that tells the caller what to do, never as the driver's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from ledger_service.config import Settings
from ledger_service.errors import StorageCorrupt
from ledger_service.kit.dialect import WRITES, lock_schema, prepare_engine, rewrite_file, storage_error
from ledger_service.kit.files import make_dirs
from ledger_service.kit.ids import RandomBytes, system_random
from ledger_service.migrations import HEAD
from ledger_service.privacy.master import FileMasterKey, MasterKey
from ledger_service.privacy.vault import VAULT, Vault

SEALED_SINCE = "0003"
"""Before this version of the schema disclosures were stored in the clear."""


def make_engine(settings: Settings, random: RandomBytes = system_random, master: MasterKey | None = None) -> Engine:
    """An engine on the configured database; the data folder is created, the schema is not (see `upgrade`).

    Its connections read and write disclosures through a vault under `master`; without, under the key store's file.
    """
    # Records are personal, and what lies below takes the umask as it is: nobody else gets in at the door.
    make_dirs(settings.data_dir.absolute(), 0o700)
    engine = create_engine(
        settings.sqlalchemy_url,
        pool_size=8,
        max_overflow=24,
        query_cache_size=1000,
        hide_parameters=True,  # An error's text ends up in the log; the values it would repeat are disclosures.
    )
    prepare_engine(engine, settings.database_busy_timeout_ms)
    engine.update_execution_options(**{VAULT: Vault(master or FileMasterKey(settings.data_dir, random), random)})
    return engine


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """One snapshot of the database: what is read inside belongs together, whatever others commit meanwhile."""
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with _connect(engine).execution_options(**options) as connection:
        try:
            with connection.begin():
                yield connection
        except DBAPIError as error:
            raise _dropped(connection, error) from error


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """One writing transaction: committed when the block ends, rolled back when it raises.

    Raises StorageFull or RetryLater when nothing was stored, OutcomeUnknown when the commit itself failed and the bytes
    may have reached the disk all the same.
    """
    committing = False
    with _connect(engine).execution_options(**{WRITES: True}) as connection:
        try:
            with connection.begin() as transaction:
                yield connection
                committing = True
                transaction.commit()
        except DBAPIError as error:
            raise _dropped(connection, error, committing=committing) from error


def _connect(engine: Engine) -> Connection:
    """A connection. Raises RetryLater where the database cannot be reached: it may be restarting."""
    try:
        return engine.connect()
    except DBAPIError as error:
        raise storage_error(error) or error from error


def _dropped(connection: Connection, error: DBAPIError, *, committing: bool = False) -> Exception:
    """Close a connection that failed, and say what its failure means to the caller.

    Its state is no longer known: it may still hold the write lock of a transaction that nobody will end, and back in
    the pool it would stop every writer.
    """
    connection.invalidate()
    return storage_error(error, committing=committing) or error


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest version: one transaction, safe to call at every start and from two processes."""
    before = _version(engine)
    if before == HEAD:
        return
    from alembic import command  # Imports that only a first start and a new version need.
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "ledger_service:migrations")
    with write(engine) as connection:
        lock_schema(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StorageCorrupt("the schema's version is none that this release knows") from error
    if before is not None and before < SEALED_SINCE:
        rewrite_file(engine)


def _version(engine: Engine) -> str | None:
    """The schema's version, None for an empty database."""
    with read(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return version
