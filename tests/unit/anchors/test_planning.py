"""Which anchor comes next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from anchors.errors import IllegalTransition, LedgerBehindAnchor
from anchors.model import Anchor, AnchorState, AnchorTarget
from anchors.planning import Base, Checkpoint, plan_next, replan
from evidence.anchor import head_hash

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TARGET = AnchorTarget("p", 1, b"\xc0" * 20, b"\xcc" * 32)
LEDGER_ID, ROOT, META, PREV = (bytes([n]) * 32 for n in range(1, 5))


def planned(size: int, base: Base | None = None) -> Anchor | None:
    return plan_next(base or Base(4, PREV, 10), TARGET, "demo", LEDGER_ID, Checkpoint(size, ROOT, META), NOW)


def test_the_next_anchor_builds_upon_the_last_head() -> None:
    anchor = planned(11)
    assert anchor is not None
    assert (anchor.seq, anchor.prev_head, anchor.state) == (5, PREV, AnchorState.PLANNED)
    assert anchor.head == head_hash(1, TARGET.contract, PREV, LEDGER_ID, 5, 11, ROOT, META)


def test_the_same_size_is_nothing_new() -> None:
    assert planned(10) is None
    assert planned(0, Base(0, bytes(32), 0)) is None


def test_a_smaller_ledger_is_refused() -> None:
    with pytest.raises(LedgerBehindAnchor):
        planned(9)


def test_a_planned_anchor_moves_on_and_never_back() -> None:
    anchor = planned(11)
    assert anchor is not None
    newer = replan(anchor, TARGET, Checkpoint(20, META, META), NOW)
    assert newer is not None
    assert (newer.seq, newer.size, newer.root, newer.prev_head) == (5, 20, META, PREV)
    assert newer.head == head_hash(1, TARGET.contract, PREV, LEDGER_ID, 5, 20, META, META)
    assert replan(newer, TARGET, Checkpoint(20, ROOT, META), NOW) is None
    assert replan(newer, TARGET, Checkpoint(12, ROOT, META), NOW) is None


def test_a_signed_anchor_is_not_planned_anew() -> None:
    anchor = planned(11)
    assert anchor is not None
    with pytest.raises(IllegalTransition):
        replan(anchor.moved(AnchorState.SIGNED, NOW), TARGET, Checkpoint(20, ROOT, META), NOW)
