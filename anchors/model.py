"""What an anchor is: one checkpoint of one ledger on one chain, its state, and the attempts to send it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypedDict, Unpack

from anchors.errors import IllegalTransition
from evidence.anchor import head_hash

ZERO_WORD = bytes(32)


class AnchorState(StrEnum):
    """Where an anchor stands. The straight path is planned -> signed -> sent -> mined -> final -> archived."""

    PLANNED = "planned"
    """Head computed, nothing signed. May still be re-planned to a newer checkpoint."""
    SIGNED = "signed"
    """The signed transaction is stored. It may or may not have been sent."""
    SENT = "sent"
    """Handed to a node at least once. Its effect is decided by the registry's head."""
    MINED = "mined"
    """The registry holds the head; evidence is captured and verified."""
    FINAL = "final"
    """The block is final by the chain's policy."""
    ARCHIVED = "archived"
    """Evidence captured again at finality, verified offline and stored. Nothing more happens."""
    REPLACED = "replaced"
    """The transaction's nonce was used by another one: it can never take effect. A new one is signed."""
    DROPPED = "dropped"
    """No node knows the transaction any more. The same bytes are sent again."""
    REORGED = "reorged"
    """The block left the chain. The same bytes are sent again."""
    CONFLICT = "conflict"
    """The registry holds another head than this ledger expects: a person has to look. Never overwritten."""
    HELD = "held"
    """Not now: fee cap, funds, a refused simulation, evidence that does not verify. Tried again after a while."""


_S = AnchorState
TRANSITIONS: Mapping[AnchorState, frozenset[AnchorState]] = {
    _S.PLANNED: frozenset({_S.PLANNED, _S.SIGNED, _S.MINED, _S.CONFLICT, _S.HELD}),
    _S.SIGNED: frozenset({_S.SENT, _S.MINED, _S.REPLACED, _S.CONFLICT, _S.HELD}),
    _S.SENT: frozenset({_S.SENT, _S.MINED, _S.REPLACED, _S.DROPPED, _S.CONFLICT, _S.HELD}),
    _S.MINED: frozenset({_S.MINED, _S.FINAL, _S.REORGED, _S.CONFLICT, _S.HELD}),
    _S.FINAL: frozenset({_S.ARCHIVED, _S.HELD}),
    _S.ARCHIVED: frozenset(),
    _S.REPLACED: frozenset({_S.SIGNED, _S.MINED, _S.CONFLICT, _S.HELD}),
    _S.DROPPED: frozenset({_S.SENT, _S.MINED, _S.REPLACED, _S.CONFLICT, _S.HELD}),
    _S.REORGED: frozenset({_S.SENT, _S.MINED, _S.REPLACED, _S.CONFLICT, _S.HELD}),
    _S.CONFLICT: frozenset({_S.MINED}),
    _S.HELD: frozenset({_S.SIGNED, _S.SENT, _S.MINED, _S.CONFLICT, _S.HELD}),
}
"""Every permitted change of state. Archived is the end; a conflict is left by a person, or when every anchor that the
registry has turns out to be of our own tree, its row lost: then that anchor takes the conflicting one's place."""


class Changes(TypedDict, total=False):
    """Fields of an anchor that change together with its state."""

    tx_hash: bytes | None
    block_number: int | None
    block_hash: bytes | None
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """One checkpoint on its way to one chain. Identity: (ledger, chain, seq); a transaction hash is only a hint."""

    ledger: str
    """Slug of the ledger."""
    chain: str
    """Name of the chain profile."""
    ledger_id: bytes
    """Key of the ledger in the contract: SHA-256 of its origin, 32 bytes."""
    seq: int
    """Number of the anchor within (ledger, chain), from 1, without gaps."""
    state: AnchorState
    size: int
    """Leaves in the checkpoint's tree, at least 1."""
    root: bytes
    meta: bytes
    prev_head: bytes
    """The registry's head before this anchor."""
    head: bytes
    """The registry's head after it: known before anything is sent."""
    planned_at: datetime
    updated_at: datetime
    tx_hash: bytes | None = None
    block_number: int | None = None
    """The block in which the registry took the head; set from MINED on."""
    block_hash: bytes | None = None
    evidence: str | None = None
    """Canonical JSON of the AnchorEvidence (FORMATS 7); set from MINED on."""

    def moved(self, state: AnchorState, now: datetime, **changes: Unpack[Changes]) -> Anchor:
        """Return the anchor in its next state; raise `IllegalTransition` if the table does not permit the step."""
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransition(f"{self.state} -> {state}")
        return replace(self, state=state, updated_at=now, **changes)

    def head_on(self, target: AnchorTarget) -> bytes:
        """The head that these values lead to in the registry of `target` (FORMATS 6)."""
        return head_hash(
            target.chain_id,
            target.contract,
            self.prev_head,
            self.ledger_id,
            self.seq,
            self.size,
            self.root,
            self.meta,
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction, stored before it is sent, so that a restart sends the identical bytes."""

    chain: str
    sender: bytes
    """Address, 20 bytes."""
    nonce: int
    attempt: int
    """Number of the signed transaction for this anchor, from 0."""
    ledger: str
    seq: int
    raw_tx: bytes
    tx_hash: bytes
    expected_head: bytes
    created_at: datetime
    sent_at: datetime | None = None
    """Last time that a node took the bytes; None means that it is not known to have been sent."""


@dataclass(frozen=True, slots=True)
class AnchorTarget:
    """The registry that a ledger's anchors go to."""

    chain: str
    """Name of the chain profile."""
    chain_id: int
    contract: bytes
    """Address, 20 bytes."""
    code_hash: bytes
    """Keccak-256 of the runtime code, pinned at deployment."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A held lease. Every write shows it, so that a worker whose lease has passed on can write nothing."""

    name: str
    token: int
    """Rises with every new holder."""
