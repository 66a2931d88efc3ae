"""The log itself. Rows here are the truth: tiles, heads and search results are all rebuilt from them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from evidence.statement import MAX_DISCLOSURES
from ledger_service.models.types import METADATA, UtcTime, row_sum_column

entries = Table(
    "entries",
    METADATA,
    Column("ledger", Text, ForeignKey("ledgers.ledger"), primary_key=True),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),  # dense from 0, the only numbering
    Column("entry_bytes", LargeBinary, nullable=False),  # canonical JSON, <= 65,535 bytes; the columns below repeat it
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("record_id", Text, nullable=False),  # jti
    Column("record_type", Text, nullable=False),
    Column("kid", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("stream_seq", BigInteger, nullable=False),
    Column("occurred_at", UtcTime, nullable=False),
    Column("received_at", UtcTime, nullable=False),  # never decreasing with idx
    Column("statement_digest", LargeBinary, nullable=False),  # SHA-256 of the compact statement as submitted
    UniqueConstraint("ledger", "record_id", name="entries_record_id"),
    UniqueConstraint("ledger", "stream", "stream_seq", name="entries_stream_seq"),
    Index("entries_by_type", "ledger", "record_type", "idx"),
    Index("entries_by_time", "ledger", "occurred_at"),
)
"""Append-only by trigger: no UPDATE, no DELETE."""

JUDGEMENT_POSITION = MAX_DISCLOSURES
"""Behind every disclosure of a statement: the place of the judgement that the entry commits to."""

disclosures = Table(
    "disclosures",
    METADATA,
    Column("ledger", Text, primary_key=True),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    # Order in the submitted statement; JUDGEMENT_POSITION for the ledger's own judgement.
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),  # base64url SHA-256 of the disclosure string, as in `_sd` or the entry
    Column("key_no", Integer, nullable=False),  # the data key that seals it
    Column("sealed", LargeBinary),  # the disclosure string, encrypted (`privacy.vault`); NULL once erased
    Column("erased_by_idx", BigInteger),  # the erasure entry that ordered it
    ForeignKeyConstraint(["ledger", "idx"], ["entries.ledger", "entries.idx"]),
    sqlite_with_rowid=False,
)
"""Beside the log: by trigger no row goes, and the only change allowed is sealed -> NULL with its erasure's index."""

stream_heads = Table(
    "stream_heads",
    METADATA,
    Column("ledger", Text, ForeignKey("ledgers.ledger"), primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("stream_seq", BigInteger, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("idx", BigInteger, nullable=False),
)
"""Projection: the newest entry of each stream, which the next one links to."""

blobs = Table(
    "blobs",
    METADATA,
    Column("sha256", Text, primary_key=True),  # lower-case hex
    Column("size", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    row_sum_column("sha256", "size", "media_type", "created_at"),
)
"""Append-only. A row says that the file is durable on disk; the file comes first."""
