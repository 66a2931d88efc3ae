"""Anchoring: targets, anchors and every transaction that was ever signed for one."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Table, Text

from ledger_service.models.types import METADATA, UtcTime, row_sum_column

anchor_targets = Table(
    "anchor_targets",
    METADATA,
    Column("chain", Text, primary_key=True),  # profile name
    Column("chain_id", Text, nullable=False),  # decimal: may exceed 64 bits
    Column("contract", Text, nullable=False),
    Column("code_hash", Text, nullable=False),
    Column("profile", Text, nullable=False),  # JSON
    row_sum_column("chain", "chain_id", "contract", "code_hash", "profile"),
)

anchors = Table(
    "anchors",
    METADATA,
    Column("ledger", Text, ForeignKey("ledgers.ledger"), primary_key=True),
    Column("chain", Text, ForeignKey("anchor_targets.chain"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("meta", LargeBinary, nullable=False),
    Column("prev_head", LargeBinary, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("tx_hash", Text),
    Column("block_number", BigInteger),
    Column("block_hash", Text),
    Column("evidence", Text),  # JSON, once captured and verified
    Column("planned_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    row_sum_column(
        "ledger",
        "chain",
        "seq",
        "state",
        "size",
        "root",
        "meta",
        "prev_head",
        "head",
        "tx_hash",
        "block_number",
        "block_hash",
        "evidence",
        "planned_at",
        "updated_at",
    ),
)

anchor_attempts = Table(
    "anchor_attempts",
    METADATA,
    Column("chain", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("nonce", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("ledger", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("raw_tx", LargeBinary, nullable=False),  # durable before it is sent: a crash resends, never re-signs
    Column("tx_hash", Text, nullable=False),
    Column("expected_head", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("sent_at", UtcTime),
    row_sum_column(
        "chain",
        "sender",
        "nonce",
        "attempt",
        "ledger",
        "seq",
        "raw_tx",
        "tx_hash",
        "expected_head",
        "created_at",
        "sent_at",
    ),
)

leases = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("token", BigInteger, nullable=False),  # fencing: grows with every new holder
    Column("expires_at", UtcTime, nullable=False),
    row_sum_column("name", "holder", "token", "expires_at"),
)
