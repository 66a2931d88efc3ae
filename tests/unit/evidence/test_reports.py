"""Verdicts: INVALID over UNKNOWN over VALID, nothing checked is nothing known, and reports name no payload values."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from evidence.canonical import dumps
from evidence.errors import (
    EvidenceError,
    Malformed,
    MissingEvidence,
    RootMismatch,
    Undetermined,
    VerificationFailed,
)
from evidence.policy import parse_policy
from evidence.report import CheckList, CheckStopped, Outcome, Report, verdict_of
from evidence.verify import CHECKS, ReceiptVerifier, verify_receipt
from tests.reference.ledger import KINDS, populated, validate
from tests.reference.parsers import POLICY, RECEIPT

V, I, U = Outcome.VALID, Outcome.INVALID, Outcome.UNKNOWN  # noqa: E741  # As a table.


@pytest.mark.parametrize(
    ("outcomes", "verdict"), [([], V), ([V], V), ([V, U], U), ([U, I, V], I), ([I], I), ([U, U], U)]
)
def test_verdict(outcomes: list[Outcome], verdict: Outcome) -> None:
    assert verdict_of(outcomes) is verdict


def test_a_report_without_checks_is_unknown() -> None:
    assert Report("nothing", ()).verdict is U


def test_what_is_not_required_counts_only_when_false() -> None:
    for outcome, verdict in ((U, V), (V, V), (I, I)):
        checks = CheckList("x")
        checks.add("one", V, "Proven", "")
        checks.add("two", outcome, "x", "", required=False)
        assert checks.report().verdict is verdict


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(Malformed("x"), I), (RootMismatch(b"a", b"b"), I), (VerificationFailed("x"), I), (MissingEvidence("x"), U)],
)
def test_each_family_of_errors_has_its_answer(error: EvidenceError, outcome: Outcome) -> None:
    checks = CheckList("x")

    def fail() -> None:
        raise error

    with pytest.raises(CheckStopped):
        checks.run("check", fail, "")
    check = checks.report().checks[0]
    assert (check.outcome, check.reason) == (outcome, type(error).__name__)
    assert isinstance(error, Undetermined) == (outcome is U)


def test_a_foreign_exception_is_not_an_answer() -> None:
    with pytest.raises(ZeroDivisionError):
        CheckList("x").run("check", lambda: 1 / 0, "")


def test_what_was_proven_before_does_not_excuse_what_comes_after() -> None:
    """The caches of a verifier hold proven things only: a bent receipt after a sound one is still found."""
    verifier = ReceiptVerifier(parse_policy(POLICY), KINDS, validate)
    sound = RECEIPT.to_json()
    value = json.loads(sound)
    for _ in range(2):
        assert verifier.verify(sound).verdict is V
        bent = value | {"keys": [value["keys"][0] | {"disclosures": value["keys"][0]["disclosures"][:-1]}]}
        assert verifier.verify(dumps(bent)).verdict is U
        bent = value | {"anchors": [value["anchors"][0] | {"code_hash": "0x" + "00" * 32}]}
        assert verifier.verify(dumps(bent)).verdict is I


def test_json_form_and_details_without_payload_values() -> None:
    report = ReceiptVerifier(parse_policy(POLICY), KINDS, validate).verify(RECEIPT.to_json(), "receipt 3")
    text = json.dumps(report.to_json(), ensure_ascii=False)
    assert json.loads(text)["verdict"] == "VALID"
    assert not any(value in text for value in ("E-0815", "PG-104", "指针", "gauge bench"))


def test_the_judgement_is_named_in_words() -> None:
    report = ReceiptVerifier(parse_policy(POLICY), KINDS, validate).verify(RECEIPT.to_json())
    [check] = [check for check in report.checks if check.name == "judgement"]
    assert (check.outcome, check.detail) == (V, "1 rules applied; failed: CA1 (expired)")


def test_a_judgement_is_checked_where_the_record_type_is_not_known() -> None:
    bent = replace(RECEIPT, judgement=RECEIPT.judgement[:-1] + "A" if RECEIPT.judgement else None)
    report = verify_receipt(bent.to_json(), parse_policy(POLICY))
    assert [(check.name, check.outcome) for check in report.failed] == [("judgement", I), ("schema", U)]


def test_without_record_types_the_schema_is_unknown() -> None:
    ledger, _ = populated(1)
    report = verify_receipt(ledger.receipt(1, keys=[0]).to_json(), parse_policy(ledger.policy()))
    assert (report.verdict, [check.name for check in report.failed if check.required]) == (U, ["schema"])


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"null", b"[]", b"{}", b'{"v":1}', b"{" * 100_000, bytes(17 * 1024 * 1024)]
)
def test_hopeless_bytes_are_invalid_and_nothing_else_ran(data: bytes) -> None:
    report = verify_receipt(data, parse_policy(POLICY))
    assert report.verdict is I
    assert [check.reason for check in report.checks[1:]] == ["NotRun"] * (len(CHECKS) - 1)
