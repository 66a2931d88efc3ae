"""Which anchor comes next for a ledger: pure, like the life cycle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from anchors.errors import LedgerBehindAnchor
from anchors.model import Anchor, AnchorState, AnchorTarget
from evidence.anchor import head_hash

ON_CHAIN = frozenset({AnchorState.MINED, AnchorState.FINAL, AnchorState.ARCHIVED})
"""States in which the registry holds the head, so that the next anchor can build upon it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is to be anchored: a published tree head, and the commitment to side roots."""

    size: int
    """Leaves, at least 1."""
    root: bytes
    meta: bytes


@dataclass(frozen=True, slots=True)
class Base:
    """What the next anchor builds upon: the registry's head after the last one."""

    seq: int
    head: bytes
    size: int


def plan_next(
    base: Base, target: AnchorTarget, ledger: str, ledger_id: bytes, checkpoint: Checkpoint, now: datetime
) -> Anchor | None:
    """Return the planned anchor of the checkpoint upon `base`, or None when that size is anchored already.

    Raises `LedgerBehindAnchor` when the checkpoint is smaller than what the chain has seen.
    """
    if checkpoint.size < base.size:
        raise LedgerBehindAnchor(f"ledger {ledger} has {checkpoint.size} entries, its last anchor {base.size}")
    if checkpoint.size == base.size:
        return None
    anchor = Anchor(
        ledger=ledger,
        chain=target.chain,
        ledger_id=ledger_id,
        seq=base.seq + 1,
        state=AnchorState.PLANNED,
        size=checkpoint.size,
        root=checkpoint.root,
        meta=checkpoint.meta,
        prev_head=base.head,
        head=b"",
        planned_at=now,
        updated_at=now,
    )
    return replace(anchor, head=_head(anchor, target))


def replan(planned: Anchor, target: AnchorTarget, checkpoint: Checkpoint, now: datetime) -> Anchor | None:
    """Return a planned anchor moved on to a newer checkpoint, or None when it is not newer.

    Nothing is signed for it yet, so nothing on chain or in transit speaks of the older checkpoint.
    """
    if checkpoint.size <= planned.size:
        return None
    moved = replace(
        planned.moved(AnchorState.PLANNED, now),
        size=checkpoint.size,
        root=checkpoint.root,
        meta=checkpoint.meta,
    )
    return replace(moved, head=_head(moved, target))


def _head(anchor: Anchor, target: AnchorTarget) -> bytes:
    return head_hash(
        target.chain_id,
        target.contract,
        anchor.prev_head,
        anchor.ledger_id,
        anchor.seq,
        anchor.size,
        anchor.root,
        anchor.meta,
    )
