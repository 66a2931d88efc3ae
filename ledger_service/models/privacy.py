"""What erasing works with: the key of each holder, and the attachments that are gone."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from ledger_service.models.types import METADATA, row_sum_column

data_keys = Table(
    "data_keys",
    METADATA,
    Column("ledger", Text, ForeignKey("ledgers.ledger"), primary_key=True),
    Column("key_no", Integer, primary_key=True, autoincrement=False),  # dense from 1
    Column("holder", Text, nullable=False),  # a stream: whom the key is about; or a ledger key's name
    Column("master", Text),  # id of the master key that wraps it
    Column("wrapped", LargeBinary),  # NULL once destroyed
    Column("created_idx", BigInteger, nullable=False),  # the entry whose disclosures it was made for
    Column("destroyed_by_idx", BigInteger),  # the erasure entry that ordered it
    row_sum_column("ledger", "key_no", "holder", "master", "wrapped", "created_idx", "destroyed_by_idx"),
    Index("data_keys_by_holder", "ledger", "holder"),
)
"""By trigger no row goes. Two changes are allowed: wrapped anew by another master key, and destroyed by an erasure."""

erased_blobs = Table(
    "erased_blobs",
    METADATA,
    Column("sha256", Text, ForeignKey("blobs.sha256"), primary_key=True),
    Column("ledger", Text, nullable=False),
    Column("erased_by_idx", BigInteger, nullable=False),
    row_sum_column("sha256", "ledger", "erased_by_idx"),
)
"""Attachments whose file goes, or is gone. The row goes when somebody stores the same bytes again."""
