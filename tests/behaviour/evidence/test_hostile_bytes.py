"""No foreign exception leaves a parser, and no bent receipt is VALID unless it says the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.canonical import dumps
from evidence.policy import parse_policy
from evidence.report import Outcome
from evidence.verify import CHECKS, ReceiptVerifier
from tests.reference.ledger import KINDS, validate
from tests.reference.mutations import ODD_TEXTS, ODD_VALUES, bent_bytes, bent_json, never_foreign
from tests.reference.parsers import OF_BYTES, OF_JSON, OF_TEXTS, POLICY, RECEIPT
from tests.reference.sameness import same_receipt

FEW = settings(max_examples=15)
VERIFIER = ReceiptVerifier(parse_policy(POLICY), KINDS, validate)
DATA = RECEIPT.to_json()


@pytest.mark.parametrize("name", [*OF_BYTES, *OF_TEXTS, *OF_JSON])
def test_the_sound_input_passes(name: str) -> None:
    parser, sound = (OF_BYTES | OF_TEXTS | OF_JSON)[name]
    assert parser(sound) is not None


@pytest.mark.parametrize("name", OF_BYTES)
@FEW
@given(data=st.data())
def test_bytes(name: str, data: st.DataObject) -> None:
    parser, sound = OF_BYTES[name]
    never_foreign(parser, data.draw(st.binary(max_size=64)))
    never_foreign(parser, data.draw(bent_bytes(sound)))


@pytest.mark.parametrize("name", OF_TEXTS)
@FEW
@given(data=st.data())
def test_texts(name: str, data: st.DataObject) -> None:
    parser, sound = OF_TEXTS[name]
    never_foreign(parser, data.draw(st.text(st.characters(), max_size=40)))
    never_foreign(parser, data.draw(bent_bytes(sound.encode())).decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("name", OF_TEXTS)
@pytest.mark.parametrize("odd", ODD_TEXTS, ids=ascii)
def test_odd_texts(name: str, odd: str) -> None:
    never_foreign(OF_TEXTS[name][0], odd)


@pytest.mark.parametrize("name", OF_JSON)
@FEW
@given(data=st.data())
def test_json_members(name: str, data: st.DataObject) -> None:
    parser, sound = OF_JSON[name]
    for odd in ODD_VALUES:
        if isinstance(odd, dict) or name != "key_event":
            never_foreign(parser, odd)
    never_foreign(parser, data.draw(bent_json(sound)))


def judge(data: bytes) -> None:
    """Verify a bent receipt: every check answered, none raising, VALID only where it says what the sound one says."""
    report = VERIFIER.verify(data)
    assert len(report.checks) == len(CHECKS)
    if report.verdict is Outcome.VALID:
        assert same_receipt(data, DATA), "a bent receipt is VALID"


@settings(max_examples=60)
@given(bent_bytes(DATA))
def test_bent_bytes_of_a_receipt(data: bytes) -> None:
    judge(data)


@settings(max_examples=40)
@given(bent_json(json.loads(DATA)))
def test_bent_members_of_a_receipt(value: Any) -> None:
    data = json.dumps(value, ensure_ascii=True).encode()
    judge(data)


def test_single_bits_of_a_receipt() -> None:
    for position in range(0, 8 * len(DATA), 397):
        bent = bytearray(DATA)
        bent[position // 8] ^= 1 << position % 8
        judge(bytes(bent))


def test_other_layouts_of_the_same_receipt_stay_valid() -> None:
    value = json.loads(DATA)
    for data in (json.dumps(value, indent=2).encode(), json.dumps(value, sort_keys=False).encode(), dumps(value)):
        assert VERIFIER.verify(data).verdict is Outcome.VALID
        assert same_receipt(data, DATA)
