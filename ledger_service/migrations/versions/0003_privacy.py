"""Disclosures and the holders of keys are sealed, each under the data key of whom it is about.

What an older release stored in the clear is sealed here, in the same transaction. The old pages are overwritten when
they are freed (`secure_delete`), and the caller then rewrites the file as a whole (`kit.db.upgrade`).
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from ledger_service.migrations.append_only import DESTRUCTION, SEALED_ERASURE, triggers
from ledger_service.migrations.sealing import sealed_holders, sealed_rows

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OLD = "disclosures"
_NEW = "disclosures_sealed"


def upgrade() -> None:
    """New tables, then the old disclosures into the new form, then the triggers."""
    _create_tables()
    connection = op.get_bind()
    dialect = connection.dialect.name
    for batch in _batches(connection):
        connection.execute(sa.insert(_sealed()), batch)
    for kid in sealed_holders(connection):
        connection.execute(sa.text("UPDATE key_states SET holder = :holder WHERE ledger = :ledger AND kid = :kid"), kid)
    # A dropped table takes its triggers along.
    op.drop_table(_OLD)
    op.rename_table(_NEW, _OLD)
    for statement in triggers(dialect, _OLD, SEALED_ERASURE) + triggers(dialect, "data_keys", DESTRUCTION):
        op.execute(sa.text(statement))


def downgrade() -> None:
    """There is no way back: what was erased since could not be sealed or shown again."""
    raise NotImplementedError("a ledger's schema is never downgraded; restore a backup instead")


def _create_tables() -> None:
    op.create_table(
        "data_keys",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("key_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("master", sa.Text(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("created_idx", sa.BigInteger(), nullable=False),
        sa.Column("destroyed_by_idx", sa.BigInteger(), nullable=True),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["ledger"], ["ledgers.ledger"]),
        sa.PrimaryKeyConstraint("ledger", "key_no"),
    )
    op.create_index("data_keys_by_holder", "data_keys", ["ledger", "holder"], unique=False)
    op.create_table(
        "erased_blobs",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("erased_by_idx", sa.BigInteger(), nullable=False),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"]),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        _NEW,
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("key_no", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("erased_by_idx", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["ledger", "idx"], ["entries.ledger", "entries.idx"]),
        sa.PrimaryKeyConstraint("ledger", "idx", "position"),
        sqlite_with_rowid=False,
    )


def _sealed() -> sa.TableClause:
    columns = ("ledger", "idx", "position", "digest", "key_no", "sealed", "erased_by_idx")
    return sa.table(_NEW, *(sa.column(name) for name in columns))


def _batches(connection: sa.Connection) -> Iterator[list[dict[str, object]]]:
    """What is stored, sealed: some thousands of rows at a time."""
    ledgers = connection.execute(sa.text("SELECT ledger FROM ledgers ORDER BY ledger")).scalars().all()
    for ledger in ledgers:
        yield from sealed_rows(connection, ledger)
