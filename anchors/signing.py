"""Sign the transaction of one anchor: which nonce, which proof, which number among the anchor's transactions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count

from anchors.lifecycle import Observation
from anchors.model import Anchor, Attempt
from anchors.ports import AnchorCall, AnchorStore, ChainPort, ConsistencySource


def sign_attempt(
    chain: ChainPort,
    store: AnchorStore,
    history: ConsistencySource,
    clock: Callable[[], datetime],
    anchor: Anchor,
    attempts: Sequence[Attempt],
    seen: Observation,
) -> Attempt:
    """Sign with the lowest nonce that is neither mined nor promised to another transaction of this sender.

    `attempts` are the anchor's own so far. Stores nothing; raises what `ChainPort.sign` raises.
    """
    target, sender = chain.target, chain.sender
    taken = store.open_nonces(target.chain, sender)
    nonce = next(n for n in count(seen.nonce) if n not in taken)
    proof = history.consistency_proof(anchor.ledger, seen.head.size, anchor.size)
    call = AnchorCall(
        anchor.ledger_id, anchor.seq, anchor.prev_head, anchor.size, anchor.root, anchor.meta, tuple(proof)
    )
    signed = chain.sign(call, nonce)
    # A chain that was put back to an earlier state gives a nonce out again: its first transaction stays stored.
    number = max(len(attempts), store.next_attempt(target.chain, sender, nonce))
    return Attempt(
        chain=target.chain, sender=sender, nonce=nonce, attempt=number, ledger=anchor.ledger, seq=anchor.seq,
        raw_tx=signed.raw_tx, tx_hash=signed.tx_hash, expected_head=anchor.head, created_at=clock(),
    )  # fmt: skip
