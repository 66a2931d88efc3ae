"""The tables, as SQLAlchemy Core: rows go in and out as values, no object tracks them.

The column `ledger` is the ledger's slug everywhere; times are aware UTC datetimes; hashes are 32 raw bytes.
"""

from __future__ import annotations

from ledger_service.models.anchors import anchor_attempts, anchor_targets, anchors, leases
from ledger_service.models.checkpoints import checkpoints, published_heads
from ledger_service.models.deadlines import deadlines, deliveries, reminders
from ledger_service.models.entries import JUDGEMENT_POSITION, blobs, disclosures, entries, stream_heads
from ledger_service.models.judging import cursors, judgement_inputs, links
from ledger_service.models.ledgers import clients, key_states, ledgers
from ledger_service.models.privacy import data_keys, erased_blobs
from ledger_service.models.types import METADATA, UtcTime

__all__ = [
    "JUDGEMENT_POSITION",
    "METADATA",
    "UtcTime",
    "anchor_attempts",
    "anchor_targets",
    "anchors",
    "blobs",
    "checkpoints",
    "clients",
    "cursors",
    "data_keys",
    "deadlines",
    "deliveries",
    "disclosures",
    "entries",
    "erased_blobs",
    "judgement_inputs",
    "key_states",
    "leases",
    "ledgers",
    "links",
    "published_heads",
    "reminders",
    "stream_heads",
]
