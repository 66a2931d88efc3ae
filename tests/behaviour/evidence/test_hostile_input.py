"""The unit lane's attacks on parsers at length: bits in every byte of a receipt, and thousands of bent inputs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.policy import parse_policy
from evidence.report import Outcome
from evidence.verify import CHECKS, ReceiptVerifier
from tests.reference.ledger import KINDS, validate
from tests.reference.mutations import bent_bytes, bent_json, never_foreign
from tests.reference.parsers import OF_BYTES, OF_JSON, OF_TEXTS, POLICY, RECEIPT
from tests.reference.sameness import same_receipt

MANY = settings(max_examples=300)
VERIFIER = ReceiptVerifier(parse_policy(POLICY), KINDS, validate)
DATA = RECEIPT.to_json()


def judge(data: bytes) -> None:
    report = VERIFIER.verify(data)
    assert len(report.checks) == len(CHECKS)
    assert report.verdict is not Outcome.VALID or same_receipt(data, DATA)


@pytest.mark.parametrize("first", range(2))
def test_no_single_bit_of_a_receipt_goes_unnoticed(first: int) -> None:
    """One bit of every byte, another one in the next; two such runs."""
    for at in range(len(DATA)):
        bent = bytearray(DATA)
        bent[at] ^= 1 << (at + 3 * first) % 8
        judge(bytes(bent))


@MANY
@given(bent_bytes(DATA))
def test_bent_receipts(data: bytes) -> None:
    judge(data)


@MANY
@given(bent_json(json.loads(DATA)))
def test_bent_members_of_receipts(value: Any) -> None:
    judge(json.dumps(value, ensure_ascii=True).encode())


@pytest.mark.parametrize("name", [*OF_BYTES, *OF_TEXTS])
@MANY
@given(data=st.data())
def test_parsers(name: str, data: st.DataObject) -> None:
    if name in OF_BYTES:
        parse, sound = OF_BYTES[name]
        never_foreign(parse, data.draw(bent_bytes(sound)))
    else:
        read, text = OF_TEXTS[name]
        never_foreign(read, data.draw(bent_bytes(text.encode())).decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("name", OF_JSON)
@MANY
@given(data=st.data())
def test_parsers_of_members(name: str, data: st.DataObject) -> None:
    parser, sound = OF_JSON[name]
    never_foreign(parser, data.draw(bent_json(sound)))
