"""The life cycle of an anchor as a pure decision: anchor + observation + now -> next state + action.

What decides is the registry's head, never the text of an error and never a transaction hash:

- the head is the expected one: the anchor took effect, whoever sent it and whatever the node answered;
- the head is the previous one: it has not, so the stored bytes are sent (again);
- any other head: conflict. A person looks; nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from anchors.model import Anchor, AnchorState, Attempt
from anchors.ports import RegistryHead, Tip, TxReceipt
from anchors.profile import ChainProfile

_UNSIGNED = frozenset({AnchorState.PLANNED, AnchorState.REPLACED})
"""No stored transaction can still take effect: a new one is signed."""


class Action(StrEnum):
    """What the driver does before it stores the next state."""

    WAIT = "wait"
    """Nothing; the state stays."""
    MARK = "mark"
    """Store the next state."""
    SIGN = "sign"
    """Sign a new transaction and store it, then the state."""
    SEND = "send"
    """Send the newest stored bytes, then store the state."""
    CAPTURE = "capture"
    """Capture and verify evidence at the accepting block, then store it with the state."""
    ALERT = "alert"
    """Store the state and tell a person why."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was read from the chain for one anchor, at one moment."""

    head: RegistryHead
    """The newest head; or, once the registry is past this anchor, the head as of the anchor's own block."""
    tip: Tip
    nonce: int
    """Mined transactions of the sender, read *before* the head: a count that includes ours implies a head that does."""
    tx: TxReceipt | None
    """Of whichever attempt is in a block."""
    block_hash: bytes | None
    """Canonical hash at the anchor's stored block number; None without one."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The next state, what to do before it is stored, and why (for people)."""

    state: AnchorState
    action: Action
    reason: str = ""


def decide(
    anchor: Anchor, attempts: Sequence[Attempt], seen: Observation, now: datetime, profile: ChainProfile
) -> Decision:
    """Return what to do with the anchor now. The same arguments give the same decision; every step is in the table."""
    match anchor.state:
        case AnchorState.ARCHIVED | AnchorState.CONFLICT:
            return Decision(anchor.state, Action.WAIT)
        case AnchorState.FINAL:
            return Decision(AnchorState.ARCHIVED, Action.CAPTURE)
        case AnchorState.MINED:
            return _after_mined(anchor, seen, profile)
        case _:
            return _before_mined(anchor, attempts, seen, now, profile)


def _before_mined(
    anchor: Anchor, attempts: Sequence[Attempt], seen: Observation, now: datetime, profile: ChainProfile
) -> Decision:
    if seen.head.head == anchor.head:
        return Decision(AnchorState.MINED, Action.CAPTURE)
    if (seen.head.head, seen.head.seq + 1) != (anchor.prev_head, anchor.seq):
        return Decision(AnchorState.CONFLICT, Action.ALERT, _conflict(anchor, seen.head))
    # From here the anchor has had no effect yet: the registry stands right before it.
    if anchor.state is AnchorState.HELD and _within(profile.hold_for, anchor.updated_at, now):
        return Decision(AnchorState.HELD, Action.WAIT)
    if anchor.state in _UNSIGNED or (anchor.state is AnchorState.HELD and not attempts):
        return Decision(AnchorState.SIGNED, Action.SIGN)
    if not attempts:
        # Rows were lost. Another transaction is safe: the registry takes this number once, whoever brings it.
        return Decision(AnchorState.REPLACED, Action.MARK, "the stored transaction is missing")
    return _with_attempt(anchor, attempts[-1], seen, now, profile)


def _with_attempt(anchor: Anchor, last: Attempt, seen: Observation, now: datetime, profile: ChainProfile) -> Decision:
    """The registry stands right before the anchor and a signed transaction is stored."""
    if seen.nonce > last.nonce and anchor.state is AnchorState.HELD:
        return Decision(AnchorState.SIGNED, Action.SIGN)
    if seen.tx is not None and not seen.tx.succeeded:
        return Decision(AnchorState.HELD, Action.ALERT, f"transaction {seen.tx.tx_hash.hex()} was mined but reverted")
    if seen.nonce > last.nonce:
        return Decision(AnchorState.REPLACED, Action.MARK, f"nonce {last.nonce} was used by another transaction")
    if (
        anchor.state is AnchorState.SENT
        and last.sent_at is not None
        and _within(profile.resend_after, last.sent_at, now)
    ):
        return Decision(AnchorState.SENT, Action.WAIT)
    return Decision(AnchorState.SENT, Action.SEND)


def _after_mined(anchor: Anchor, seen: Observation, profile: ChainProfile) -> Decision:
    if seen.block_hash != anchor.block_hash:
        return Decision(AnchorState.REORGED, Action.MARK, f"block {anchor.block_number} left the chain")
    if profile.finality.is_final(anchor.block_number or 0, seen.tip.number, seen.tip.finalized):
        return Decision(AnchorState.FINAL, Action.MARK)
    return Decision(AnchorState.MINED, Action.WAIT)


def _within(span: timedelta, since: datetime, now: datetime) -> bool:
    """Whether less than `span` has passed.

    A moment that lies ahead was noted by a wrong clock: no wait may become as long as that clock was wrong.
    """
    return since <= now < since + span


def _conflict(anchor: Anchor, head: RegistryHead) -> str:
    return (
        f"anchor {anchor.seq} expects head {anchor.prev_head.hex()} at {anchor.seq - 1} or {anchor.head.hex()}; "
        f"the registry has {head.head.hex()} at {head.seq}"
    )
