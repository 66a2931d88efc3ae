"""Judgements: links between records, what each judgement rests on, and cursors of work that follows the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables. Entries of version 1 have no judgement, and records sequenced so far referred to nothing."""
    op.create_table(
        "links",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("record_type", sa.Text(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ledger", "idx"], ["entries.ledger", "entries.idx"]),
        sa.PrimaryKeyConstraint("ledger", "target", "record_type", "idx", "field"),
        sqlite_with_rowid=False,
    )
    op.create_index("links_by_entry", "links", ["ledger", "idx"], unique=False)
    op.create_table(
        "judgement_inputs",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("input_idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ledger", "idx"], ["entries.ledger", "entries.idx"]),
        sa.PrimaryKeyConstraint("ledger", "input_idx", "idx"),
        sqlite_with_rowid=False,
    )
    op.create_index("judgement_inputs_by_entry", "judgement_inputs", ["ledger", "idx"], unique=False)
    op.create_table(
        "cursors",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger", "name"),
    )


def downgrade() -> None:
    """There is no way back."""
    raise NotImplementedError("a ledger's schema is never downgraded; restore a backup instead")
