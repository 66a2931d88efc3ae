"""Bring the stored anchors and the registry together before anything new is planned or sent.

Either side may have been restored from a copy. Rows lost: the registry stands ahead with anchors of our own tree, and
they are adopted, evidence and all. Chain put back: archived anchors are missing from the registry, and their stored
transactions are sent again; the evidence that they have stays. A head over a root that was never ours is left to the
life cycle, which calls it a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from anchors.capture import evidence_text, make_evidence
from anchors.errors import ChainRefused
from anchors.lifecycle import Action, Observation, decide
from anchors.model import Anchor, AnchorState, Attempt, Fence
from anchors.observe import observe, trail
from anchors.planning import Base, adoptable, is_ours, rows_end
from anchors.ports import AnchorStore, ChainPort, ConsistencySource, RegistryHead
from anchors.signing import sign_attempt
from evidence.errors import EvidenceError

Alert = Callable[[Anchor, str], None]


class Reconciler:
    """Works under the driver's lease; every step is durable before the next, so that a crash costs a repetition."""

    def __init__(
        self,
        chain: ChainPort,
        store: AnchorStore,
        history: ConsistencySource,
        clock: Callable[[], datetime],
        alert: Alert,
    ) -> None:
        """The same parts as the driver's."""
        self._chain, self._store, self._history, self._clock, self._alert = chain, store, history, clock, alert

    def run(self, ledger: str, ledger_id: bytes, fence: Fence) -> bool:
        """Adopt or send again what is missing on one side; False while the registry is still to catch up.

        Raises `ChainUnavailable`, and for a transaction that cannot be signed what `ChainPort.sign` raises.
        """
        head, last = self._chain.head(ledger_id), self._latest(ledger)
        if last is not None and head.seq < last.seq:
            return self._restore(last, head, fence)
        attempts = () if last is None else self._store.attempts(ledger, last.chain, last.seq)
        end = rows_end(last, attempts)
        if end is not None and head.seq > end.seq and is_ours(head, self._root_at(ledger)):
            self._adopt(ledger, ledger_id, end, head, fence)
        return True

    def _adopt(self, ledger: str, ledger_id: bytes, end: Base, newest: RegistryHead, fence: Fence) -> None:
        """Store the anchors that the registry has and the rows lack, oldest first.

        What the chain tells no more (a node drops old state) stays missing: the next anchor builds upon the registry's
        head all the same.
        """
        last, heads = self._latest(ledger), trail(self._chain, ledger_id, newest, end.seq)
        if last is not None:
            planned_here = any(head.seq > end.seq and head.head == last.head for head in heads)
            # Planned here and on chain by another hand: the ordinary path finds it. Nothing that led there from the
            # last row: a gap between rows could not be told from a row that was taken out.
            if planned_here or heads[-1].head != end.head:
                return
        found = adoptable(heads, self._chain.target, ledger, ledger_id, self._root_at(ledger), self._clock())
        for anchor, head in found:
            try:
                self._keep(anchor, head, last, fence)
            except (ChainRefused, EvidenceError) as error:
                self._alert(anchor, f"the registry has anchor {anchor.seq}, which has no row and no proof: {error}")
                return

    def _keep(self, anchor: Anchor, head: RegistryHead, last: Anchor | None, fence: Fence) -> None:
        target, profile, now = self._chain.target, self._chain.profile, self._clock()
        proof = self._chain.prove(anchor.ledger_id, head.block_number)
        mined = anchor.moved(AnchorState.MINED, now, block_number=head.block_number, block_hash=proof.block.hash)
        evidence = make_evidence(mined, target, profile, proof, "mined", now)
        mined = replace(mined, evidence=evidence_text(evidence))
        if last is not None and last.seq == anchor.seq:
            last.moved(AnchorState.MINED, now)  # The table must permit it; nothing was ever signed for that row.
            self._store.save(mined, expected=last.state, fence=fence)
        else:
            self._store.plan(mined, fence)
        self._alert(mined, f"adopted: the registry had anchor {anchor.seq} of size {anchor.size}, its row was lost")

    def _restore(self, last: Anchor, head: RegistryHead, fence: Fence) -> bool:
        """Send archived anchors again that a chain put back to an earlier state no longer has, one upon the other."""
        for _ in range(last.seq - head.seq):
            row = self._store.anchor(last.ledger, last.chain, head.seq + 1)
            if row is None or row.state is not AnchorState.ARCHIVED or row.prev_head != head.head:
                return True  # The ordinary path heals what is not archived, and calls the rest a conflict.
            if not self._again(row, fence):
                return False
            head = self._chain.head(last.ledger_id)
        return True

    def _again(self, row: Anchor, fence: Fence) -> bool:
        """Whether the registry has the archived anchor after this step. Its row and its evidence stay as they are."""
        lost = replace(row, state=AnchorState.SENT, block_number=None)
        for _ in range(4):
            attempts = self._store.attempts(row.ledger, row.chain, row.seq)
            seen = observe(self._chain, lost, attempts)
            decision = decide(lost, attempts, seen, self._clock(), self._chain.profile)
            if decision.state is AnchorState.MINED:
                return True
            if decision.action is Action.SEND:
                self._send(row, attempts[-1], fence)
            elif decision.state is AnchorState.REPLACED:
                self._sign(row, attempts, seen, fence)
            else:
                if decision.reason:
                    self._alert(row, decision.reason)
                return False
        return False

    def _send(self, row: Anchor, attempt: Attempt, fence: Fence) -> None:
        self._alert(row, f"the chain was put back to anchor {row.seq - 1}: anchor {row.seq} is sent again")
        try:
            self._chain.send(attempt.raw_tx)
        except ChainRefused as error:
            self._alert(row, f"the node refused the transaction: {error}")
        sent = replace(attempt, sent_at=self._clock())
        self._store.save_sent(row, sent, expected=row.state, fence=fence)

    def _sign(self, row: Anchor, attempts: Sequence[Attempt], seen: Observation, fence: Fence) -> None:
        attempt = sign_attempt(self._chain, self._store, self._history, self._clock, row, attempts, seen)
        self._store.save_signed(row, attempt, expected=row.state, fence=fence)

    def _latest(self, ledger: str) -> Anchor | None:
        return self._store.latest(ledger, self._chain.target.chain)

    def _root_at(self, ledger: str) -> Callable[[int], bytes | None]:
        return lambda size: self._history.root_at(ledger, size)
