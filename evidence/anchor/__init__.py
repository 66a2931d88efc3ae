"""Anchor evidence and its offline verification: Python and this package are enough, no chain library, no network.

- `parse_anchor_evidence`, `AnchorEvidence`: the format (FORMATS 7).
- `verify_anchor`: header -> state root -> account and code -> storage -> head -> claim.
- `verify_claim`: the claim is about this checkpoint.
- `verify_finality`: the verifier's policy vouches for the header.
"""

from __future__ import annotations

from evidence.anchor.evidence import AnchorEvidence, BlockRef, ChainRef, Claim, StorageProof, parse_anchor_evidence
from evidence.anchor.head import head_hash, ledger_id
from evidence.anchor.keccak import keccak256
from evidence.anchor.verify import (
    DEVELOPMENT_CHAIN,
    ChainPolicy,
    verify_anchor,
    verify_claim,
    verify_finality,
    verify_target,
)

__all__ = [
    "DEVELOPMENT_CHAIN",
    "AnchorEvidence",
    "BlockRef",
    "ChainPolicy",
    "ChainRef",
    "Claim",
    "StorageProof",
    "head_hash",
    "keccak256",
    "ledger_id",
    "parse_anchor_evidence",
    "verify_anchor",
    "verify_claim",
    "verify_finality",
    "verify_target",
]
