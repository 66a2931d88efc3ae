"""Read from a chain what the life cycle needs to know about one anchor."""

from __future__ import annotations

from collections.abc import Sequence

from anchors.errors import ChainRefused, ChainUnavailable
from anchors.lifecycle import Observation
from anchors.model import Anchor, AnchorState, Attempt
from anchors.ports import ChainPort, RegistryHead, TxReceipt

MAX_HOPS = 256
"""How many later anchors are walked back over to find one. Beyond it, a person looks."""


def observe(chain: ChainPort, anchor: Anchor, attempts: Sequence[Attempt]) -> Observation:
    """Observe one anchor. Raises `ChainUnavailable` as soon as one answer is missing: half a view decides nothing."""
    try:
        return _observe(chain, anchor, attempts)
    except ChainRefused as error:
        # A question that a node refuses (state that it has dropped, a method that it lacks) is a missing answer too.
        raise ChainUnavailable(f"the chain could not be observed: {error}") from error


def _observe(chain: ChainPort, anchor: Anchor, attempts: Sequence[Attempt]) -> Observation:
    # The nonce comes before the head: a transaction mined in between shows in the head, not in the nonce. The other
    # way round, our own success would look like a foreign transaction that took our nonce.
    nonce = chain.nonce()
    tx = _mined(chain, attempts)
    head = chain.head(anchor.ledger_id)
    if anchor.block_number is None or anchor.state in (AnchorState.REORGED, AnchorState.HELD):
        head = _back_to(chain, anchor, head)
    block_hash = None if anchor.block_number is None else chain.block_hash(anchor.block_number)
    return Observation(head=head, tip=chain.tip(), nonce=nonce, tx=tx, block_hash=block_hash)


def _mined(chain: ChainPort, attempts: Sequence[Attempt]) -> TxReceipt | None:
    """Ask for every attempt, newest first: an older one may be mined after a newer was sent."""
    for attempt in reversed(attempts):
        receipt = chain.tx_receipt(attempt.tx_hash)
        if receipt is not None:
            return receipt
    return None


def trail(chain: ChainPort, ledger_id: bytes, newest: RegistryHead, down_to: int) -> list[RegistryHead]:
    """The registry's heads from `newest` back to the number `down_to`, newest first, by state alone.

    It ends early where the node has dropped the state, and after `MAX_HOPS`.
    """
    heads = [newest]
    while heads[-1].seq > down_to and heads[-1].block_number > 0 and len(heads) <= MAX_HOPS:
        try:
            heads.append(chain.head(ledger_id, block=heads[-1].block_number - 1))
        except ChainRefused:
            break
    return heads


def _back_to(chain: ChainPort, anchor: Anchor, head: RegistryHead) -> RegistryHead:
    """The head as of the anchor's own number, when the registry is past it already.

    Walks back by state alone: each head says in which block it was accepted, so the block before holds the one before.
    Logs are not asked: nodes drop them.
    """
    for _ in range(MAX_HOPS):
        if head.seq <= anchor.seq or head.block_number == 0:
            break
        head = chain.head(anchor.ledger_id, block=head.block_number - 1)
    return head
