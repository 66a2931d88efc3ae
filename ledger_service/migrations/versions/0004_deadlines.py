"""Deadlines worked out from the log, reminders and their deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger_service.migrations.append_only import triggers

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables. The deadlines of older records are worked out by the first sweep."""
    _deadlines()
    _reminders()
    op.create_table(
        "deliveries",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("reminder_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger", "reminder_id", "attempt"),
    )
    for statement in triggers(op.get_bind().dialect.name, "deliveries"):
        op.execute(sa.text(statement))


def downgrade() -> None:
    """There is no way back."""
    raise NotImplementedError("a ledger's schema is never downgraded; restore a backup instead")


def _deadlines() -> None:
    op.create_table(
        "deadlines",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Text(), nullable=False),
        sa.Column("started_idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record_type", sa.Text(), nullable=False),
        sa.Column("soft", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("met_idx", sa.BigInteger(), nullable=True),
        sa.Column("met_at", sa.BigInteger(), nullable=True),
        sa.Column("met_kid", sa.Text(), nullable=True),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger", "stream", "deadline", "started_idx"),
    )
    op.create_index("deadlines_by_next", "deadlines", ["ledger", "next_at"], unique=False)
    op.create_index("deadlines_by_due", "deadlines", ["ledger", "due_at"], unique=False)


def _reminders() -> None:
    op.create_table(
        "reminders",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("reminder_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Text(), nullable=False),
        sa.Column("started_idx", sa.BigInteger(), nullable=False),
        sa.Column("record_type", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger", "reminder_id"),
    )
    op.create_index("reminders_by_next", "reminders", ["state", "next_at"], unique=False)
    columns = ["ledger", "stream", "deadline", "started_idx"]
    op.create_index("reminders_by_deadline", "reminders", columns, unique=False)
