"""The loop around the life cycle: observe, decide, write ahead, act, store.

Exactly one effect on chain although sending happens at least once: the signed bytes are durable before they leave,
a restart sends the identical bytes, and the registry takes each (seq, prev_head) once. A crash anywhere costs at most
a repeated observation.

Example::

    driver = AnchorDriver(chain, store, log, clock, holder="host-a:4711")
    driver.plan("demo", ledger_id, checkpoint.size, checkpoint.root)
    anchors = driver.advance("demo")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from anchors.capture import EvidenceState, evidence_text, final_proof, make_evidence
from anchors.errors import (
    ChainRefused,
    ChainUnavailable,
    FeeCapExceeded,
    InsufficientFunds,
    SigningFailed,
    WrongChain,
)
from anchors.lifecycle import Action, Decision, Observation, decide
from anchors.model import ZERO_WORD, Anchor, AnchorState, Attempt, Fence
from anchors.observe import observe
from anchors.planning import ON_CHAIN, Checkpoint, next_base, plan_next, replan
from anchors.ports import AnchorStore, ChainPort, ConsistencySource, RegistryHead
from anchors.reconcile import Reconciler
from anchors.signing import sign_attempt
from evidence.errors import EvidenceError

LEASE_SPAN = timedelta(seconds=60)
"""A worker that dies holds its work up no longer than this."""
MAX_STEPS = 12
"""Above the longest path without waiting; bounds a chain that changes its mind all the time."""

_HOLDING = (ChainRefused, WrongChain, FeeCapExceeded, InsufficientFunds, SigningFailed, EvidenceError)
"""Reasons to hold an anchor and tell a person; it is tried again after the profile's `hold_for`."""

Alert = Callable[[Anchor, str], None]


def _silent(anchor: Anchor, reason: str) -> None:
    del anchor, reason


class AnchorDriver:
    """Moves the anchors of ledgers towards one chain. One driver, one sender, one lease."""

    def __init__(
        self,
        chain: ChainPort,
        store: AnchorStore,
        history: ConsistencySource,
        clock: Callable[[], datetime],
        *,
        holder: str,
        on_alert: Alert = _silent,
    ) -> None:
        """`holder` names this worker uniquely among all that share the store; `on_alert` tells a person."""
        self._chain, self._store, self._history, self._clock = chain, store, history, clock
        self._holder, self._alert = holder, on_alert
        self._reconciler = Reconciler(chain, store, history, clock, on_alert)

    def plan(self, ledger: str, ledger_id: bytes, size: int, root: bytes, meta: bytes = ZERO_WORD) -> Anchor | None:
        """Plan the anchor of a published checkpoint; a planned one that is not yet signed moves on to this checkpoint.

        Returns None when there is nothing to do now: this size is anchored or planned, an anchor is on its way, or the
        chain cannot be asked where it stands. So a chain that is down for a day costs one transaction. Where the
        registry is ahead of the rows with anchors of our own tree, they are adopted first. Raises `LedgerBehindAnchor`
        when `size` is below the last anchored one, and `ChainUnavailable` only for a ledger without stored anchors or
        while adopting.
        """
        checkpoint = Checkpoint(size, root, meta)
        with self._lease() as fence:
            last = self._store.latest(ledger, self._chain.target.chain)
            if last is not None and last.state is AnchorState.PLANNED:
                return self._replan(last, checkpoint, fence)
            if last is not None and last.state not in ON_CHAIN:
                return None
            head = self._head(ledger_id, last)
            if head is None or not self._reconciler.run(ledger, ledger_id, fence):
                return None
            last = self._store.latest(ledger, self._chain.target.chain)
            base = next_base(last, head, size, lambda at: self._history.root_at(ledger, at))
            anchor = plan_next(base, self._chain.target, ledger, ledger_id, checkpoint, self._clock())
            if anchor is not None:
                self._store.plan(anchor, fence)
                if base.seq > (0 if last is None else last.seq):
                    self._alert(anchor, f"planned upon the registry's head at {base.seq}: that anchor's row is missing")
            return anchor

    def advance(self, ledger: str) -> list[Anchor]:
        """Move every unfinished anchor as far as it goes now, oldest first; return their new values.

        Raises `ChainUnavailable` (nothing is lost; try later), `LeaseHeld` or `LeaseLost`.
        """
        moved = []
        with self._lease() as fence:
            last = self._store.latest(ledger, self._chain.target.chain)
            if last is not None and not self._reconcile(last, fence):
                return []
            for anchor in self._store.unfinished(ledger, self._chain.target.chain):
                anchor = self._advance_one(anchor, fence)
                moved.append(anchor)
                # A later anchor builds on this head: until it is on chain, the later one could only look conflicting.
                if anchor.state not in ON_CHAIN:
                    break
        return moved

    @contextmanager
    def _lease(self) -> Iterator[Fence]:
        name = f"anchor/{self._chain.target.chain}/{self._chain.sender.hex()}"
        now = self._clock()
        fence = self._store.acquire(name, self._holder, now=now, expires_at=now + LEASE_SPAN)
        try:
            yield fence
        finally:
            self._store.release(fence)

    def _head(self, ledger_id: bytes, last: Anchor | None) -> RegistryHead | None:
        try:
            return self._chain.head(ledger_id)
        except (ChainUnavailable, ChainRefused):
            if last is None:
                raise
            return None

    def _reconcile(self, last: Anchor, fence: Fence) -> bool:
        try:
            return self._reconciler.run(last.ledger, last.ledger_id, fence)
        except ChainRefused as error:
            raise ChainUnavailable(f"the chain could not be observed: {error}") from error

    def _replan(self, planned: Anchor, checkpoint: Checkpoint, fence: Fence) -> Anchor | None:
        anchor = replan(planned, self._chain.target, checkpoint, self._clock())
        if anchor is not None:
            self._store.save(anchor, expected=AnchorState.PLANNED, fence=fence)
        return anchor

    def _advance_one(self, anchor: Anchor, fence: Fence) -> Anchor:
        for _ in range(MAX_STEPS):
            attempts = self._store.attempts(anchor.ledger, anchor.chain, anchor.seq)
            seen = observe(self._chain, anchor, attempts)
            decision = decide(anchor, attempts, seen, self._clock(), self._chain.profile)
            if decision.action is Action.WAIT:
                break
            anchor = self._step(anchor, attempts, seen, decision, fence)
            if anchor.state in (AnchorState.HELD, AnchorState.CONFLICT, AnchorState.ARCHIVED):
                break
        return anchor

    def _step(
        self, anchor: Anchor, attempts: Sequence[Attempt], seen: Observation, decision: Decision, fence: Fence
    ) -> Anchor:
        """Carry out one decision. What cannot go on, other than for an absent chain, is held with its reason."""
        try:
            match decision.action:
                case Action.SIGN:
                    return self._sign(anchor, attempts, seen, fence)
                case Action.SEND:
                    return self._send(anchor, attempts[-1], fence)
                case Action.CAPTURE:
                    return self._capture(anchor, decision.state, seen, fence)
                case _:
                    return self._mark(anchor, decision.state, decision.reason, fence)
        except _HOLDING as error:
            return self._mark(anchor, AnchorState.HELD, f"{type(error).__name__}: {error}", fence)

    def _mark(self, anchor: Anchor, state: AnchorState, reason: str, fence: Fence) -> Anchor:
        moved = anchor.moved(state, self._clock())
        self._store.save(moved, expected=anchor.state, fence=fence)
        if reason:
            self._alert(moved, reason)
        return moved

    def _sign(self, anchor: Anchor, attempts: Sequence[Attempt], seen: Observation, fence: Fence) -> Anchor:
        attempt = sign_attempt(self._chain, self._store, self._history, self._clock, anchor, attempts, seen)
        now = attempt.created_at
        moved = anchor.moved(AnchorState.SIGNED, now, tx_hash=attempt.tx_hash)
        # Write ahead: from here on the bytes are durable, and only these bytes are ever sent for this nonce.
        self._store.save_signed(moved, attempt, expected=anchor.state, fence=fence)
        return moved

    def _send(self, anchor: Anchor, attempt: Attempt, fence: Fence) -> Anchor:
        """Send the stored bytes. A crash or a lost answer after the send is healed by the next observation."""
        try:
            self._chain.send(attempt.raw_tx)
        except ChainRefused as error:
            # "already known", "nonce too low", a revert: any of these can hide a success. The head will tell.
            self._alert(anchor, f"the node refused the transaction: {error}")
        now = self._clock()
        moved = anchor.moved(AnchorState.SENT, now)
        self._store.save_sent(moved, replace(attempt, sent_at=now), expected=anchor.state, fence=fence)
        return moved

    def _capture(self, anchor: Anchor, state: AnchorState, seen: Observation, fence: Fence) -> Anchor:
        """Capture evidence, verify it offline and store it together with the state that rests on it."""
        now, stage = self._clock(), _stage(state)
        if state is AnchorState.ARCHIVED:
            moved = anchor.moved(state, now)
            proof = final_proof(self._chain, anchor)
        else:
            block = seen.head.block_number
            proof = self._chain.prove(anchor.ledger_id, block)
            tx_hash = seen.tx.tx_hash if seen.tx is not None and seen.tx.succeeded else anchor.tx_hash
            moved = anchor.moved(state, now, tx_hash=tx_hash, block_number=block, block_hash=proof.block.hash)
        evidence = make_evidence(moved, self._chain.target, self._chain.profile, proof, stage, now)
        moved = replace(moved, evidence=evidence_text(evidence))
        self._store.save(moved, expected=anchor.state, fence=fence)
        return moved


def _stage(state: AnchorState) -> EvidenceState:
    return "final" if state is AnchorState.ARCHIVED else "mined"
