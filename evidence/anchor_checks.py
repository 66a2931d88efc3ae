"""The anchor and finality checks of a report: which anchors prove this checkpoint on a chain of the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evidence.anchor import (
    AnchorEvidence,
    ledger_id,
    parse_anchor_evidence,
    verify_anchor,
    verify_claim,
    verify_finality,
    verify_target,
)
from evidence.canonical import dumps
from evidence.checkpoint import Checkpoint
from evidence.errors import MissingEvidence, Undetermined
from evidence.hashing import sha256
from evidence.policy import ChainPolicy, VerificationPolicy
from evidence.report import CheckList, CheckStopped

CHECKS = ("anchor", "finality")
_CACHE_LIMIT = 1024


class AnchorVerifier:
    """Verifies the anchors of many receipts under one policy; an anchor that they share is verified once."""

    def __init__(self, policy: VerificationPolicy) -> None:
        self._policy = policy
        self._proven: dict[bytes, AnchorEvidence] = {}

    def run(self, checks: CheckList, anchors: Sequence[Mapping[str, Any]], checkpoint: Checkpoint) -> None:
        """Add both checks to the report. An UNKNOWN counts only where the policy requires an anchor."""
        required = self._policy.require_anchor
        try:
            proven = checks.run("anchor", lambda: self.prove(anchors, checkpoint), _describe, required)
        except CheckStopped:
            checks.skip(CHECKS[1:], required)
            return
        try:
            checks.run("finality", lambda: _vouched(proven), lambda words: words, required)
        except CheckStopped:
            return

    def prove(
        self, anchors: Sequence[Mapping[str, Any]], checkpoint: Checkpoint
    ) -> list[tuple[AnchorEvidence, ChainPolicy]]:
        """Every anchor of this checkpoint on a chain of the policy, at least one.

        One on such a chain that does not prove its claim, or claims another root at this size, raises what is wrong:
        the answer is no. None at all raises `MissingEvidence`; anchors on other chains say nothing to this policy.
        """
        proven, others = [], 0
        for value in anchors:
            evidence = parse_anchor_evidence(dict(value))
            chain = next((item for item in self._policy.chains if _is_on(item, evidence)), None)
            if chain is None:
                others += 1
                continue
            verify_target(evidence, chain)
            # Before its size is looked at: a claim that is false must not pass as one about another checkpoint.
            self._verify(value, evidence, checkpoint.origin)
            if evidence.claim.size != checkpoint.size:
                others += 1
                continue
            verify_claim(evidence, size=checkpoint.size, root=checkpoint.root)
            proven.append((evidence, chain))
        if not proven:
            raise MissingEvidence(f"no anchor of this checkpoint on a chain of the policy; {others} of others")
        return proven

    def _verify(self, value: Mapping[str, Any], evidence: AnchorEvidence, origin: str) -> None:
        key = sha256(dumps(dict(value)) + origin.encode("utf-8"))
        if key in self._proven:
            return
        verify_anchor(evidence, ledger_id=ledger_id(origin))
        # Bounded, so that a flood of distinct receipts cannot fill the memory; only proven evidence is ever kept.
        if len(self._proven) >= _CACHE_LIMIT:
            self._proven.clear()
        self._proven[key] = evidence


def _vouched(proven: Sequence[tuple[AnchorEvidence, ChainPolicy]]) -> str:
    """Words for the first anchor whose block the policy vouches for; otherwise what is missing for the first."""
    missing: Undetermined | None = None
    for evidence, chain in proven:
        try:
            return f"block {evidence.block.number} on chain {chain.chain_id}: {verify_finality(evidence, chain)}"
        except Undetermined as error:
            missing = missing or error
    raise missing or MissingEvidence("no proven anchor")


def _is_on(chain: ChainPolicy, evidence: AnchorEvidence) -> bool:
    return (chain.chain_id, chain.contract) == (evidence.chain.chain_id, evidence.contract)


def _describe(proven: Sequence[tuple[AnchorEvidence, ChainPolicy]]) -> str:
    return "; ".join(f"anchor {e.claim.seq} in block {e.block.number} of chain {c.chain_id}" for e, c in proven)
