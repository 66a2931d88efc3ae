"""Every vector of `tests/vectors/`: sound ones pass, attacks raise exactly the error that their file names."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from evidence.canonical import dumps, loads, loads_canonical
from evidence.checkpoint import open_checkpoint
from evidence.encoding import b64_decode, b64url_decode, hex_decode, parse_decimal, parse_time
from evidence.entry import parse_entry
from evidence.errors import EvidenceError
from evidence.keys import parse_jwk
from evidence.merkle.verify import verify_consistency, verify_inclusion
from evidence.notes import VerifierKey, parse_note, verify_note
from evidence.policy import parse_policy
from evidence.report import Outcome, Report
from evidence.statement import disclosed, parse_statement, verify_signature
from evidence.tlog_proof import parse_tlog_proof
from evidence.verify import CHECKS, ReceiptVerifier
from tests.reference.ledger import KINDS, validate
from tests.reference.sd_jwt import payload_of
from tests.support import every_case

Case = dict[str, Any]
CODECS: dict[str, Callable[[str], object]] = {
    "b64": b64_decode, "b64url": b64url_decode, "hex": hex_decode, "time": parse_time,
}  # fmt: skip
READERS = {"loads": loads, "loads_canonical": loads_canonical}


def expect(case: Case, action: Callable[[], object]) -> None:
    """Run `action`: it must end well or raise exactly the named error."""
    if case["expected"] is None:
        action()
        return
    with pytest.raises(EvidenceError) as caught:
        action()
    assert caught.value.reason == case["expected"], f"{case['desc']}: {caught.value}"


def data_of(case: Case) -> bytes:
    return base64.b64decode(case["input_base64"])


@every_case("decimals")
def test_decimals(case: Case) -> None:
    expect(case, partial(parse_decimal, case["input"]))


@every_case("encodings")
def test_encodings(case: Case) -> None:
    expect(case, partial(CODECS[case["codec"]], case["input"]))


@every_case("json")
def test_json(case: Case) -> None:
    expect(case, partial(READERS[case["reader"]], data_of(case)))


@every_case("jwks")
def test_jwks(case: Case) -> None:
    expect(case, partial(parse_jwk, case["input"]))


@every_case("policies")
def test_policies(case: Case) -> None:
    expect(case, partial(parse_policy, case["input"]))


@every_case("inclusion")
def test_inclusion(case: Case) -> None:
    leaf, root, proof = _bytes(case["leaf_hash"]), _bytes(case["root"]), list(map(_bytes, case["proof"]))
    expect(case, partial(verify_inclusion, leaf, case["index"], case["size"], proof, root))


@every_case("consistency")
def test_consistency(case: Case) -> None:
    old, new, proof = _bytes(case["old_root"]), _bytes(case["new_root"]), list(map(_bytes, case["proof"]))
    expect(case, partial(verify_consistency, case["old_size"], old, case["new_size"], new, proof))


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


@every_case("notes")
def test_notes(case: Case) -> None:
    keys = [VerifierKey.parse(text) for text in case["vkeys"]]

    def run() -> None:
        note = parse_note(data_of(case))
        verify_note(note, keys)
        assert note.to_bytes() == data_of(case)

    expect(case, run)


@every_case("checkpoints")
def test_checkpoints(case: Case) -> None:
    keys = [VerifierKey.parse(text) for text in case["vkeys"]]
    expect(case, lambda: open_checkpoint(data_of(case), keys))


@every_case("verifier_keys")
def test_verifier_keys(case: Case) -> None:
    def run() -> None:
        assert str(VerifierKey.parse(case["input"])) == case["input"]

    expect(case, run)


@every_case("tlog_proofs")
def test_tlog_proofs(case: Case) -> None:
    def run() -> None:
        assert parse_tlog_proof(case["input"].encode()).to_text() == case["input"]

    expect(case, run)


@every_case("statements")
def test_statements(case: Case) -> None:
    jwk = parse_jwk(case["jwk"])

    def run() -> None:
        statement = parse_statement(case["input"])
        verify_signature(statement, jwk)
        assert disclosed(statement) == payload_of(case["input"])
        assert statement.compact == case["input"]

    expect(case, run)


@every_case("entries")
def test_entries(case: Case) -> None:
    def run() -> None:
        assert parse_entry(data_of(case)).to_bytes() == data_of(case)

    expect(case, run)


def verify(case: Case) -> Report:
    verifier = ReceiptVerifier(parse_policy(case["policy"]), KINDS, validate)
    return verifier.verify(dumps(case["receipt"]), "vector")


@every_case("receipts")
def test_receipts(case: Case) -> None:
    expected, report = case["expected"], verify(case)
    assert str(report.verdict) == expected["verdict"], report.failed
    assert [check.name for check in report.checks] == [*CHECKS]
    if expected["check"] is not None:
        first = next(check for check in report.checks if check.outcome is not Outcome.VALID)
        assert (first.name, first.reason) == (expected["check"], expected["reason"]), first.detail
        assert str(first.outcome) == expected["verdict"]
