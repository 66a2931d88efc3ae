"""Errors of anchor verification, one per layer, so that a report can say *where* the evidence breaks.

All are `AnchorMismatch`: the bytes are well formed and the answer is no. Badly formed bytes raise `Malformed` or
`MalformedProof`; what only the verifier can supply (a trusted header) raises `MissingEvidence`.
"""

from __future__ import annotations

from evidence.errors import AnchorMismatch


class ChainMismatch(AnchorMismatch):
    """The evidence speaks of another chain, contract or runtime code than the verifier's policy."""


class HeaderMismatch(AnchorMismatch):
    """The header does not hash to the claimed block hash, or differs from the claimed number or time."""


class TrieMismatch(AnchorMismatch):
    """A proof node is not the one its parent (or the root) commits to."""


class AccountMismatch(AnchorMismatch):
    """The account proof does not lead from the header's state root to the contract's account."""


class CodeMismatch(AnchorMismatch):
    """The contract's account carries another runtime code than the evidence claims."""


class StorageMismatch(AnchorMismatch):
    """A storage proof does not lead from the account to the claimed slot and value."""


class HeadMismatch(AnchorMismatch):
    """The head in storage, the head recomputed from the claim and the claimed head are not all equal."""


class ClaimMismatch(AnchorMismatch):
    """The claim is not about the checkpoint in hand: another ledger, size or root."""
