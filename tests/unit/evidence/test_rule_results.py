"""The committed judgement against its slow reference: digest, disclosure, and words that are safe to print."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from evidence import rule_results
from evidence.encoding import b64url_decode, b64url_encode
from evidence.entry import parse_entry
from evidence.errors import DisclosureNotCommitted, Malformed
from evidence.receipt import parse_receipt
from evidence.records.judgement import Judgement, parse_judgement
from evidence.statement import MAX_DISCLOSURE_BYTES
from tests.reference import judgements
from tests.reference.parsers import JUDGED, JUDGEMENT, LEDGER, RECEIPT

SALT = bytes(range(16))


def sample(**changes: object) -> Judgement:
    results = (judgements.rule_result("TR1"), judgements.rule_result("TR5", "fail", "overlapping", 0, 3))
    value = judgements.judgement_value(7, "2026-11-02T06:00:00Z", *results, **changes)
    return parse_judgement(value)


def test_the_disclosure_is_the_references() -> None:
    judgement = sample()
    expected = judgements.disclosure(judgement.to_value(), salt=b64url_encode(SALT))
    assert rule_results.seal(judgement, SALT) == expected
    assert b64url_encode(rule_results.digest(expected)) == judgements.digest(expected)
    assert rule_results.unseal(expected, rule_results.digest(expected)) == judgement


def test_entry_and_receipt_carry_it() -> None:
    entry = parse_entry(RECEIPT.entry)
    assert entry.to_bytes() == RECEIPT.entry
    assert entry.judgement == b64url_decode(judgements.digest(JUDGEMENT))
    assert parse_receipt(RECEIPT.to_json()) == RECEIPT
    value = judgements.shown(LEDGER.entries[JUDGED], JUDGEMENT)
    assert rule_results.parse(JUDGEMENT).to_value() == value


def test_another_salt_is_another_commitment() -> None:
    one, other = rule_results.seal(sample(), SALT), rule_results.seal(sample(), bytes(16))
    assert rule_results.digest(one) != rule_results.digest(other)
    with pytest.raises(DisclosureNotCommitted):
        rule_results.unseal(other, rule_results.digest(one))
    with pytest.raises(DisclosureNotCommitted):
        rule_results.unseal(one, None)


def test_a_salt_of_another_length_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        rule_results.seal(sample(), b"short")


def test_a_receipt_bounds_the_judgement() -> None:
    value = json.loads(RECEIPT.to_json())
    parse_receipt(json.dumps(value | {"judgement": "A" * MAX_DISCLOSURE_BYTES}).encode())
    with pytest.raises(Malformed):
        parse_receipt(json.dumps(value | {"judgement": "A" * (MAX_DISCLOSURE_BYTES + 1)}).encode())


def test_the_words_name_rules_and_codes_and_print_nothing_else() -> None:
    assert rule_results.words(sample()) == "2 rules applied; failed: TR5 (overlapping)"
    odd = judgements.rule_result("CA1\x1b[2J", "unknown", "erased 张")
    judgement = replace(sample(), results=parse_judgement({**sample().to_value(), "results": [odd]}).results)
    assert rule_results.words(judgement) == "1 rules applied; none failed; not decided: CA1??2J (erased??)"
