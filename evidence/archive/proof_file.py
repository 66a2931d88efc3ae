"""Verify a lone tlog-proof, and report an error where there is nothing to verify."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from evidence.errors import EvidenceError, MissingEvidence
from evidence.merkle.verify import verify_inclusion
from evidence.report import CheckList, CheckStopped, Report
from evidence.tlog_proof import parse_tlog_proof
from evidence.verify import ReceiptVerifier


def verify_proof(name: str, data: bytes, verifier: ReceiptVerifier, leaf_of: Callable[[int], bytes | None]) -> Report:
    checks = CheckList(name)
    try:
        proof = checks.run("format", lambda: parse_tlog_proof(data), "well-formed tlog-proof")
        checkpoint = checks.run(
            "checkpoint", lambda: verifier.checkpoint(proof.checkpoint), lambda c: f"{c.origin} at size {c.size}"
        )

        def included() -> None:
            leaf = leaf_of(proof.index)
            if leaf is None:
                raise MissingEvidence(f"entry {proof.index} is not in hand: a tlog-proof does not carry it")
            verify_inclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root)

        checks.run("inclusion", included, f"entry {proof.index} is in it")
    except CheckStopped:
        checks.skip(("format", "checkpoint", "inclusion")[len(checks.report().checks) :])
    return checks.report()


def failed_report(subject: str, name: str, error: EvidenceError) -> Report:
    checks = CheckList(subject)

    def fail() -> None:
        raise error

    with suppress(CheckStopped):
        checks.run(name, fail, "")
    return checks.report()
