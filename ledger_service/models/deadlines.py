"""Deadlines worked out from the log, reminders of them, and what became of each attempt to deliver one.

`deadlines` follows from the entries and is rebuilt from them. Reminders and deliveries are facts of this service: that
somebody was told, when, and what the channel answered. None of them names a person or an address.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from ledger_service.models.types import METADATA, UtcTime, row_sum_column

deadlines = Table(
    "deadlines",
    METADATA,
    Column("ledger", Text, primary_key=True),
    Column("stream", Text, primary_key=True),  # blinded subject
    Column("deadline", Text, primary_key=True),  # id within the record type
    Column("started_idx", BigInteger, primary_key=True, autoincrement=False),
    Column("record_type", Text, nullable=False),
    Column("soft", Boolean, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("due_at", UtcTime),  # NULL: not known yet
    Column("told_at", UtcTime),  # when somebody is to hear of it first
    Column("next_at", UtcTime),  # when time alone changes something; NULL: never again
    Column("met_idx", BigInteger),
    Column("met_at", UtcTime),
    Column("met_kid", Text),
    row_sum_column(
        "ledger",
        "stream",
        "deadline",
        "started_idx",
        "record_type",
        "soft",
        "started_at",
        "due_at",
        "told_at",
        "next_at",
        "met_idx",
        "met_at",
        "met_kid",
    ),
    Index("deadlines_by_next", "ledger", "next_at"),
    Index("deadlines_by_due", "ledger", "due_at"),
)

reminders = Table(
    "reminders",
    METADATA,
    Column("ledger", Text, primary_key=True),
    Column("reminder_id", Text, primary_key=True),  # UUID; receivers recognise a repetition by it
    Column("stream", Text, nullable=False),
    Column("deadline", Text, nullable=False),
    Column("started_idx", BigInteger, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("recipient", Text, nullable=False),  # a name of the channels file, never an address; "" where none is set
    Column("role", Text, nullable=False),
    Column("due_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),  # pending, delivered, failed, settled, no_recipient
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcTime),  # of the next attempt; NULL: none
    row_sum_column(
        "ledger",
        "reminder_id",
        "stream",
        "deadline",
        "started_idx",
        "record_type",
        "level",
        "recipient",
        "role",
        "due_at",
        "created_at",
        "state",
        "attempts",
        "next_at",
    ),
    Index("reminders_by_next", "state", "next_at"),
    Index("reminders_by_deadline", "ledger", "stream", "deadline", "started_idx"),
)

deliveries = Table(
    "deliveries",
    METADATA,
    Column("ledger", Text, primary_key=True),
    Column("reminder_id", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),  # from 1
    Column("at", UtcTime, nullable=False),
    Column("outcome", Text, nullable=False),  # delivered, refused, unreachable
    Column(
        "receipt", Text, nullable=False
    ),  # what the channel answered: a status or a queue id, at most 200 characters
    row_sum_column("ledger", "reminder_id", "attempt", "at", "outcome", "receipt"),
)
"""Append-only by trigger."""
