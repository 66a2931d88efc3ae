"""The life cycle as a table: what is seen -> what is done. No chain, no store, no clock."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from anchors.errors import IllegalTransition
from anchors.lifecycle import Action, Observation, decide
from anchors.model import TRANSITIONS, Anchor, AnchorState, Attempt
from anchors.ports import RegistryHead, Tip, TxReceipt
from anchors.profile import ChainProfile, FeeMode, FinalityPolicy

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PREV, HEAD, OTHER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
BLOCK, REPLACED = b"\xb1" * 32, b"\xb2" * 32
PROFILE = ChainProfile("p", "P", 1, FeeMode.ZERO, FinalityPolicy.parse("depth:3"))
S = AnchorState


def anchor(state: AnchorState, **changes: object) -> Anchor:
    made = Anchor("demo", "p", b"\x11" * 32, 4, state, 10, b"\x22" * 32, bytes(32), PREV, HEAD, NOW, NOW)
    return replace(made, **changes)  # type: ignore[arg-type]


def attempt(nonce: int = 7, sent_at: datetime | None = None) -> Attempt:
    return Attempt("p", b"\x5e" * 20, nonce, 0, "demo", 4, b"raw", b"\x44" * 32, HEAD, NOW, sent_at)


def seen(
    head: bytes = PREV,
    seq: int = 3,
    *,
    nonce: int = 7,
    tx: bool | None = None,
    tip: int = 20,
    block_hash: bytes | None = None,
) -> Observation:
    receipt = None if tx is None else TxReceipt(b"\x44" * 32, 19, BLOCK, tx)
    return Observation(RegistryHead(head, b"", seq, 10, 19), Tip(tip, b"", None), nonce, receipt, block_hash)


CASES = {
    # state, attempts, observation, seconds later -> next state, action
    "planned, nothing there": (S.PLANNED, [], seen(), 0, S.SIGNED, Action.SIGN),
    "planned, another hand did it": (S.PLANNED, [], seen(HEAD, 4), 0, S.MINED, Action.CAPTURE),
    "planned, another head": (S.PLANNED, [], seen(OTHER, 4), 0, S.CONFLICT, Action.ALERT),
    "planned, right head at a wrong number": (S.PLANNED, [], seen(PREV, 4), 0, S.CONFLICT, Action.ALERT),
    "signed, not sent": (S.SIGNED, [attempt()], seen(), 0, S.SENT, Action.SEND),
    "signed, sent by the worker that died": (S.SIGNED, [attempt()], seen(HEAD, 4), 0, S.MINED, Action.CAPTURE),
    "signed, nonce gone": (S.SIGNED, [attempt()], seen(nonce=8), 0, S.REPLACED, Action.MARK),
    "sent, but its bytes are lost": (S.SENT, [], seen(), 0, S.REPLACED, Action.MARK),
    "sent, waiting": (S.SENT, [attempt(sent_at=NOW)], seen(), 60, S.SENT, Action.WAIT),
    "sent, waiting for too long": (S.SENT, [attempt(sent_at=NOW)], seen(), 120, S.SENT, Action.SEND),
    "sent, by a clock that was ahead": (S.SENT, [attempt(sent_at=NOW)], seen(), -9, S.SENT, Action.SEND),
    "sent, mined": (S.SENT, [attempt(sent_at=NOW)], seen(HEAD, 4, nonce=8, tx=True), 0, S.MINED, Action.CAPTURE),
    "sent, reverted": (S.SENT, [attempt(sent_at=NOW)], seen(nonce=8, tx=False), 0, S.HELD, Action.ALERT),
    "sent, reverted, yet the head is ours": (S.SENT, [attempt()], seen(HEAD, 4, tx=False), 0, S.MINED, Action.CAPTURE),
    "sent, nonce taken": (S.SENT, [attempt(sent_at=NOW)], seen(nonce=8), 0, S.REPLACED, Action.MARK),
    "sent, another head": (S.SENT, [attempt(sent_at=NOW)], seen(OTHER, 4), 0, S.CONFLICT, Action.ALERT),
    "sent, the registry shrank": (S.SENT, [attempt(sent_at=NOW)], seen(OTHER, 2), 0, S.CONFLICT, Action.ALERT),
    "replaced": (S.REPLACED, [attempt()], seen(nonce=8), 0, S.SIGNED, Action.SIGN),
    "dropped": (S.DROPPED, [attempt(sent_at=NOW)], seen(), 0, S.SENT, Action.SEND),
    "reorged": (S.REORGED, [attempt(sent_at=NOW)], seen(), 0, S.SENT, Action.SEND),
    "reorged, included elsewhere": (S.REORGED, [attempt()], seen(HEAD, 4), 0, S.MINED, Action.CAPTURE),
    "held, not yet": (S.HELD, [], seen(), 299, S.HELD, Action.WAIT),
    "held, by a clock that was ahead": (S.HELD, [], seen(), -9, S.SIGNED, Action.SIGN),
    "held, again": (S.HELD, [], seen(), 300, S.SIGNED, Action.SIGN),
    "held with bytes that may still count": (S.HELD, [attempt()], seen(), 300, S.SENT, Action.SEND),
    "held after a revert": (S.HELD, [attempt()], seen(nonce=8, tx=False), 300, S.SIGNED, Action.SIGN),
    "held, meanwhile done": (S.HELD, [attempt()], seen(HEAD, 4), 0, S.MINED, Action.CAPTURE),
    "conflict stays": (S.CONFLICT, [], seen(HEAD, 4), 0, S.CONFLICT, Action.WAIT),
    "archived stays": (S.ARCHIVED, [], seen(OTHER, 9), 0, S.ARCHIVED, Action.WAIT),
}


@pytest.mark.parametrize("name", CASES)
def test_before_it_is_on_chain(name: str) -> None:
    state, attempts, observation, seconds, next_state, action = CASES[name]
    decision = decide(anchor(state), attempts, observation, NOW + timedelta(seconds=seconds), PROFILE)
    assert (decision.state, decision.action) == (next_state, action)
    assert (decision.reason != "") == (action is Action.ALERT or next_state is S.REPLACED)


@pytest.mark.parametrize(
    ("tip", "block_hash", "expected"),
    [
        (19, BLOCK, (S.MINED, Action.WAIT)),
        (21, BLOCK, (S.MINED, Action.WAIT)),
        (22, BLOCK, (S.FINAL, Action.MARK)),
        (22, REPLACED, (S.REORGED, Action.MARK)),
        (22, None, (S.REORGED, Action.MARK)),
    ],
    ids=["no block upon it", "one too few", "deep enough", "another block", "no block"],
)
def test_after_it_is_on_chain(tip: int, block_hash: bytes | None, expected: tuple[AnchorState, Action]) -> None:
    mined = anchor(S.MINED, block_number=19, block_hash=BLOCK)
    decision = decide(mined, [], seen(HEAD, 4, tip=tip, block_hash=block_hash), NOW, PROFILE)
    assert (decision.state, decision.action) == expected


def test_a_final_anchor_is_archived_whatever_the_head_is_by_now() -> None:
    decision = decide(anchor(S.FINAL), [], seen(OTHER, 9), NOW, PROFILE)
    assert (decision.state, decision.action) == (S.ARCHIVED, Action.CAPTURE)


def test_every_decision_is_a_step_of_the_table() -> None:
    heads = [(PREV, 3), (HEAD, 4), (OTHER, 4), (OTHER, 9)]
    attempts = [[], [attempt()], [attempt(sent_at=NOW)]]
    space = itertools.product(S, heads, attempts, (7, 8), (None, True, False), (None, BLOCK, REPLACED), (0, 400))
    for state, head, tried, nonce, tx, block_hash, seconds in space:
        placed = anchor(state, block_number=19, block_hash=BLOCK) if state in (S.MINED, S.FINAL) else anchor(state)
        observation = seen(*head, nonce=nonce, tx=tx, block_hash=block_hash)
        decision = decide(placed, tried, observation, NOW + timedelta(seconds=seconds), PROFILE)
        assert decision.action is Action.WAIT or decision.state in TRANSITIONS[state]
        assert decision.action is not Action.WAIT or decision.state is state
        assert decision.action is not Action.SEND or tried


def test_nothing_is_ever_sent_onto_another_head() -> None:
    for state, tried in itertools.product(S, ([], [attempt()])):
        decision = decide(anchor(state), tried, seen(OTHER, 4), NOW + timedelta(days=1), PROFILE)
        assert decision.action not in (Action.SIGN, Action.SEND)


def test_steps_outside_the_table_are_refused() -> None:
    for before, after in itertools.product(S, S):
        if after in TRANSITIONS[before]:
            assert anchor(before).moved(after, NOW).state is after
        else:
            with pytest.raises(IllegalTransition):
                anchor(before).moved(after, NOW)


def test_every_state_is_reachable_from_planned() -> None:
    reached, frontier = {S.PLANNED}, [S.PLANNED]
    while frontier:
        new = TRANSITIONS[frontier.pop()] - reached
        reached |= new
        frontier.extend(new)
    assert reached == set(S)
