"""Which anchor comes next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from anchors.errors import IllegalTransition, LedgerBehindAnchor
from anchors.model import Anchor, AnchorState, AnchorTarget, Attempt
from anchors.planning import GENESIS, Base, Checkpoint, adoptable, next_base, plan_next, replan, rows_end
from anchors.ports import RegistryHead
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


def heads_of(*sizes: int) -> list[RegistryHead]:
    """The registry's heads after anchors of these sizes, newest first, each over `ROOT`."""
    heads = [RegistryHead(bytes(32), bytes(32), 0, 0, 0)]
    for seq, size in enumerate(sizes, start=1):
        head = head_hash(1, TARGET.contract, heads[-1].head, LEDGER_ID, seq, size, ROOT, bytes(32))
        heads.append(RegistryHead(head, ROOT, seq, size, seq))
    return heads[::-1]


def adopted(heads: list[RegistryHead], roots: dict[int, bytes]) -> list[tuple[int, int]]:
    found = adoptable(heads, TARGET, "demo", LEDGER_ID, roots.get, NOW)
    assert all(anchor.head == head.head for anchor, head in found)
    return [(anchor.seq, anchor.size) for anchor, _ in found]


def test_anchors_of_our_own_roots_are_adopted_as_far_as_they_hash() -> None:
    heads, ours = heads_of(2, 5, 9), {2: ROOT, 5: ROOT, 9: ROOT}
    assert adopted(heads, ours) == [(1, 2), (2, 5), (3, 9)]
    assert adopted(heads[:2], ours) == [(3, 9)]
    assert adopted(heads[:1], ours) == []
    assert adopted(heads, {**ours, 5: META}) == [(1, 2)]
    assert adopted(heads, {2: ROOT, 9: ROOT}) == [(1, 2)]
    assert adopted([heads[0], heads[2], heads[3]], ours) == [(1, 2)]


def test_the_next_anchor_builds_upon_the_registry_where_it_is_ours_and_ahead() -> None:
    ahead, last = heads_of(2, 5)[0], planned(2, GENESIS)
    nothing: dict[int, bytes] = {}
    assert last is not None
    assert next_base(last, ahead, 7, {5: ROOT}.get) == Base(2, ahead.head, 5)
    assert next_base(last, ahead, 7, {5: META}.get) == Base(1, last.head, 2)
    assert next_base(last, ahead, 4, nothing.get) == Base(2, ahead.head, 5)
    assert next_base(last, heads_of(2)[0], 7, {2: ROOT}.get) == Base(1, last.head, 2)
    assert next_base(None, ahead, 7, {5: META}.get) == next_base(None, heads_of()[0], 7, nothing.get) == GENESIS


def test_rows_end_before_what_was_never_signed() -> None:
    last = planned(11)
    assert last is not None
    attempt = Attempt("p", bytes(20), 0, 0, "demo", 5, b"raw", bytes(32), last.head, NOW)
    mined = last.moved(AnchorState.MINED, NOW)
    assert rows_end(None, ()) == GENESIS
    assert rows_end(last, ()) == rows_end(last.moved(AnchorState.CONFLICT, NOW), ()) == Base(4, PREV, 0)
    assert rows_end(mined, (attempt,)) == Base(5, last.head, 11)
    assert rows_end(last, (attempt,)) is rows_end(last.moved(AnchorState.SIGNED, NOW), ()) is None
