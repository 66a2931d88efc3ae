"""Which anchor comes next for a ledger: pure, like the life cycle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from anchors.errors import LedgerBehindAnchor
from anchors.model import ZERO_WORD, Anchor, AnchorState, AnchorTarget, Attempt
from anchors.ports import RegistryHead

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


RootAt = Callable[[int], bytes | None]
"""Root of the checkpoint of a size that this ledger published; None if it published none."""
GENESIS = Base(0, ZERO_WORD, 0)


def is_ours(head: RegistryHead, root_at: RootAt) -> bool:
    """Whether the registry's head is over a tree head that this ledger published."""
    return head.size > 0 and root_at(head.size) == head.root


def rows_end(last: Anchor | None, attempts: Sequence[Attempt]) -> Base | None:
    """Where the stored anchors end that the registry is known to have had; None while the last is on its way.

    A last anchor for which nothing was ever signed is no more than a plan.
    """
    if last is None:
        return GENESIS
    if last.state in ON_CHAIN:
        return Base(last.seq, last.head, last.size)
    if last.state in (AnchorState.PLANNED, AnchorState.CONFLICT) and not attempts:
        return Base(last.seq - 1, last.prev_head, 0)
    return None


def next_base(last: Anchor | None, head: RegistryHead, size: int, root_at: RootAt) -> Base:
    """What the next anchor builds upon: the registry's head where it is ours and ahead of the rows, else the last row.

    So a foreign head meets an anchor that does not fit it, and that is the conflict which a person must see; of a head
    over more than the `size` leaves that are published nothing can be told but that the ledger is behind. A ledger
    without rows begins upon the head that its registry was opened with.
    """
    ahead = last is None or head.seq > last.seq
    if ahead and (is_ours(head, root_at) or head.size > size):
        return Base(head.seq, head.head, head.size)
    return GENESIS if last is None else Base(last.seq, last.head, last.size)


def adoptable(
    heads: Sequence[RegistryHead],
    target: AnchorTarget,
    ledger: str,
    ledger_id: bytes,
    root_at: RootAt,
    now: datetime,
) -> list[tuple[Anchor, RegistryHead]]:
    """The anchors that led to these heads (newest first; the last is where the rows end), oldest first.

    Each is over a published root and hashes to its head from the one before, with no side roots: anything else ends the
    list, for an anchor that cannot be computed has no evidence.
    """
    found: list[tuple[Anchor, RegistryHead]] = []
    for before, head in pairwise(reversed(heads)):
        base = Base(before.seq, before.head, before.size)
        anchor = _planned(base, target, ledger, ledger_id, Checkpoint(head.size, head.root, ZERO_WORD), now)
        if (anchor.seq, anchor.head) != (head.seq, head.head) or not is_ours(head, root_at):
            break
        found.append((anchor, head))
    return found


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
    return _planned(base, target, ledger, ledger_id, checkpoint, now)


def _planned(
    base: Base, target: AnchorTarget, ledger: str, ledger_id: bytes, checkpoint: Checkpoint, now: datetime
) -> Anchor:
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
    return replace(anchor, head=anchor.head_on(target))


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
    return replace(moved, head=moved.head_on(target))
