"""Every published case of anchor evidence, honest or bent, gets the answer that it deserves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evidence.anchor import parse_anchor_evidence, verify_anchor, verify_claim, verify_finality
from evidence.encoding import hex_decode
from evidence.errors import EvidenceError
from tests.support import every_case


@dataclass(frozen=True)
class Policy:
    chain_id: int
    contract: bytes
    code_hash: bytes
    finality: str
    trusted_headers: frozenset[bytes]


def verdict(case: dict[str, Any]) -> str | None:
    """Name of the error that a verifier meets first; None if everything holds."""
    trusted = case["policy"]
    policy = Policy(
        chain_id=int(trusted["chain_id"]),
        contract=hex_decode(trusted["contract"]),
        code_hash=hex_decode(trusted["code_hash"]),
        finality="development",
        trusted_headers=frozenset(map(hex_decode, trusted["trusted_headers"])),
    )
    try:
        evidence = parse_anchor_evidence(case["evidence"])
        verify_anchor(evidence, ledger_id=hex_decode(case["ledger_id"]))
        verify_claim(evidence, size=case["checkpoint"]["size"], root=hex_decode(case["checkpoint"]["root"]))
        verify_finality(evidence, policy)
    except EvidenceError as error:
        return error.reason
    return None


@every_case("anchor")
def test_case(case: dict[str, Any]) -> None:
    assert verdict(case) == case["expect"], case["about"]
