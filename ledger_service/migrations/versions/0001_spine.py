"""The spine: ledgers, entries, disclosures, checkpoints, anchors, keys, blobs.

Written out instead of taken from the models: it stays what it was when the models move on. A test compares both.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger_service.migrations.append_only import ERASURE, triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table, then the triggers that make the log append-only."""
    _create_tables()
    dialect = op.get_bind().dialect.name
    for table in ("entries", "checkpoints", "blobs"):
        for statement in triggers(dialect, table):
            op.execute(sa.text(statement))
    for statement in triggers(dialect, "disclosures", ERASURE):
        op.execute(sa.text(statement))


def downgrade() -> None:
    """There is no way back: dropping the log is not a migration."""
    raise NotImplementedError("a ledger's schema is never downgraded; restore a backup instead")


def _create_tables() -> None:
    op.create_table(
        "anchor_attempts",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("raw_tx", sa.LargeBinary(), nullable=False),
        sa.Column("tx_hash", sa.Text(), nullable=False),
        sa.Column("expected_head", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "sender", "nonce", "attempt"),
    )
    op.create_table(
        "anchor_targets",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chain"),
    )
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "clients",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("client_id"),
        sa.UniqueConstraint("token_sha256"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "ledgers",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("ledger_id", sa.LargeBinary(), nullable=False),
        sa.Column("log_vkey", sa.Text(), nullable=False),
        sa.Column("root_jwk", sa.Text(), nullable=False),
        sa.Column("service_kid", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger"),
        sa.UniqueConstraint("origin"),
    )
    op.create_table(
        "anchors",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("meta", sa.LargeBinary(), nullable=False),
        sa.Column("prev_head", sa.LargeBinary(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("tx_hash", sa.Text(), nullable=True),
        sa.Column("block_number", sa.BigInteger(), nullable=True),
        sa.Column("block_hash", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chain"],
            ["anchor_targets.chain"],
        ),
        sa.ForeignKeyConstraint(
            ["ledger"],
            ["ledgers.ledger"],
        ),
        sa.PrimaryKeyConstraint("ledger", "chain", "seq"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("range_hashes", sa.LargeBinary(), nullable=False),
        sa.Column("previous_size", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("row_sum", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ledger"],
            ["ledgers.ledger"],
        ),
        sa.PrimaryKeyConstraint("ledger", "size"),
    )
    op.create_table(
        "entries",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("record_type", sa.Text(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("stream_seq", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("statement_digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ledger"],
            ["ledgers.ledger"],
        ),
        sa.PrimaryKeyConstraint("ledger", "idx"),
        sa.UniqueConstraint("ledger", "record_id", name="entries_record_id"),
        sa.UniqueConstraint("ledger", "stream", "stream_seq", name="entries_stream_seq"),
    )
    op.create_index("entries_by_time", "entries", ["ledger", "occurred_at"], unique=False)
    op.create_index("entries_by_type", "entries", ["ledger", "record_type", "idx"], unique=False)
    op.create_table(
        "key_states",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("jwk", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("enrolled_idx", sa.BigInteger(), nullable=False),
        sa.Column("revoked_idx", sa.BigInteger(), nullable=True),
        sa.Column("compromised_since", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ledger"],
            ["ledgers.ledger"],
        ),
        sa.PrimaryKeyConstraint("ledger", "kid"),
    )
    op.create_table(
        "published_heads",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ledger"],
            ["ledgers.ledger"],
        ),
        sa.PrimaryKeyConstraint("ledger"),
    )
    op.create_table(
        "stream_heads",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("stream_seq", sa.BigInteger(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ledger"],
            ["ledgers.ledger"],
        ),
        sa.PrimaryKeyConstraint("ledger", "stream"),
    )
    op.create_table(
        "disclosures",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("erased_by_idx", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ledger", "idx"],
            ["entries.ledger", "entries.idx"],
        ),
        sa.PrimaryKeyConstraint("ledger", "idx", "position"),
        sqlite_with_rowid=False,
    )
