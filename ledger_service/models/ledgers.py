"""Ledgers, their keys as the log tells them, and the clients that may talk to the service."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Table, Text

from ledger_service.models.types import METADATA, UtcTime, row_sum_column

ledgers = Table(
    "ledgers",
    METADATA,
    Column("ledger", Text, primary_key=True),  # slug
    Column("origin", Text, nullable=False, unique=True),
    Column("ledger_id", LargeBinary, nullable=False),  # SHA-256 of the origin: the ledger's name on chain
    Column("log_vkey", Text, nullable=False),  # C2SP verifier key of the checkpoint signer
    Column("root_jwk", Text, nullable=False),  # canonical JSON
    Column("service_kid", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    row_sum_column("ledger", "origin", "ledger_id", "log_vkey", "root_jwk", "service_kid", "created_at"),
)

key_states = Table(
    "key_states",
    METADATA,
    Column("ledger", Text, ForeignKey("ledgers.ledger"), primary_key=True),
    Column("kid", Text, primary_key=True),
    Column("jwk", Text, nullable=False),  # canonical JSON
    Column("role", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("enrolled_idx", BigInteger, nullable=False),  # valid for indices above this
    Column("revoked_idx", BigInteger),  # and below this
    Column("compromised_since", UtcTime),  # and received before this
)
"""Projection of the key_event entries, written in the transaction that sequences them; fsck rebuilds and compares."""

clients = Table(
    "clients",
    METADATA,
    Column("client_id", Text, primary_key=True),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    Column("role", Text, nullable=False),  # writer | operator
    Column("created_at", UtcTime, nullable=False),
    row_sum_column("client_id", "token_sha256", "role", "created_at"),
)
"""Bearer tokens are kept as digests only: a stolen database opens no door."""
