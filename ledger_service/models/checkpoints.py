"""Published heads: what the ledger has signed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Table, Text

from ledger_service.models.types import METADATA, UtcTime, row_sum_column

checkpoints = Table(
    "checkpoints",
    METADATA,
    Column("ledger", Text, ForeignKey("ledgers.ledger"), primary_key=True),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),  # the signed note, byte for byte
    Column("range_hashes", LargeBinary, nullable=False),  # compact range, 32 bytes each
    Column("previous_size", BigInteger, nullable=False),
    Column("published_at", UtcTime, nullable=False),
    row_sum_column("ledger", "size", "root", "note", "range_hashes", "previous_size", "published_at"),
)
"""Append-only by trigger."""

published_heads = Table(
    "published_heads",
    METADATA,
    Column("ledger", Text, ForeignKey("ledgers.ledger"), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
)
"""The compare-and-swap cell: it moves only from the (size, root) its mover saw. Created with the ledger, empty tree."""
