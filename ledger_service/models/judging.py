"""Projections that rules and their reconsideration need: who refers to whom, and which judgement rests on what.

All of them follow from the entries and their disclosures; fsck derives them again and compares.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Table, Text

from ledger_service.models.types import METADATA, row_sum_column

links = Table(
    "links",
    METADATA,
    Column("ledger", Text, primary_key=True),
    Column("target", Text, primary_key=True),  # blinded subject, as in `entries.stream`
    Column("record_type", Text, primary_key=True),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("field", Text, primary_key=True),
    ForeignKeyConstraint(["ledger", "idx"], ["entries.ledger", "entries.idx"]),
    Index("links_by_entry", "ledger", "idx"),
    sqlite_with_rowid=False,
)
"""The entry at `idx` refers to the subject behind `target` in its payload field `field`."""

judgement_inputs = Table(
    "judgement_inputs",
    METADATA,
    Column("ledger", Text, primary_key=True),
    Column("input_idx", BigInteger, primary_key=True, autoincrement=False),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    ForeignKeyConstraint(["ledger", "idx"], ["entries.ledger", "entries.idx"]),
    Index("judgement_inputs_by_entry", "ledger", "idx"),
    sqlite_with_rowid=False,
)
"""The judgement on the entry at `idx` rests on the entry at `input_idx`, which is older."""

cursors = Table(
    "cursors",
    METADATA,
    Column("ledger", Text, primary_key=True),
    Column("name", Text, primary_key=True),  # of the work, such as `reconsider`
    Column("idx", BigInteger, nullable=False),  # entries below it are done
    row_sum_column("ledger", "name", "idx"),
)
"""How far work that follows the log has come. It moves in the transaction that stores what the work leads to."""
