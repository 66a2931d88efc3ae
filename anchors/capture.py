"""Make anchor evidence from a chain's proof, and let the offline verifier judge it before anyone stores it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from anchors.errors import ChainRefused
from anchors.model import ZERO_WORD, Anchor, AnchorTarget
from anchors.ports import ChainPort, StateProof
from anchors.profile import ChainProfile
from evidence import canonical
from evidence.anchor import AnchorEvidence, ChainRef, Claim, parse_anchor_evidence, verify_anchor, verify_claim
from evidence.errors import AnchorMismatch

EvidenceState = Literal["mined", "final"]


def make_evidence(
    anchor: Anchor, target: AnchorTarget, profile: ChainProfile, proof: StateProof, state: EvidenceState, now: datetime
) -> AnchorEvidence:
    """Assemble the evidence of one anchor and verify it offline.

    Raises the `EvidenceError` of the layer that does not hold: then the node served a wrong or pruned proof, and
    nothing of it may be kept.
    """
    evidence = AnchorEvidence(
        chain=ChainRef(target.chain_id, profile.name, profile.title),
        contract=target.contract,
        code_hash=target.code_hash,
        tx_hash=anchor.tx_hash or ZERO_WORD,
        block=proof.block,
        account_proof=proof.account_proof,
        storage_proof=proof.storage_proof,
        claim=Claim(anchor.seq, anchor.prev_head, anchor.size, anchor.root, anchor.meta, anchor.head),
        state=state,
        captured_at=now,
    )
    verify_anchor(evidence, ledger_id=anchor.ledger_id)
    verify_claim(evidence, size=anchor.size, root=anchor.root)
    return evidence


def evidence_text(evidence: AnchorEvidence) -> str:
    """Canonical JSON of the evidence, as it is stored and exported."""
    return canonical.dumps(evidence.to_json()).decode("utf-8")


def final_proof(chain: ChainPort, anchor: Anchor) -> StateProof:
    """Prove a final anchor once more at its block; a node that no longer serves that state leaves the first proof.

    Raises `AnchorMismatch` when the chain now has another block at that height: finality was broken.
    """
    block = anchor.block_number or 0
    try:
        proof = chain.prove(anchor.ledger_id, block)
    except ChainRefused:
        # Nodes keep old state for a while only. The proof taken when the block was new is as good, for its block.
        stored = parse_anchor_evidence(canonical.loads((anchor.evidence or "").encode("utf-8")))
        proof = StateProof(stored.block, stored.account_proof, stored.storage_proof)
    if proof.block.hash != anchor.block_hash:
        raise AnchorMismatch(f"block {block} was final and is now another: {proof.block.hash.hex()}")
    return proof
