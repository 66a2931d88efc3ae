"""Payloads against their record type: refusals name places and keywords and never repeat a value."""

from __future__ import annotations

from typing import Any

import pytest

from evidence.errors import SchemaMismatch
from evidence.records import PayloadMismatch, load_record_types, validate
from tests.support import own_cases

TYPES = load_record_types()
SOUND: dict[str, dict[str, Any]] = {
    "key_event": {
        "subject": "key/" + "A" * 43,
        "action": "enrol",
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43},
        "holder": "gate tablet",
        "role": "device",
    },
    "loading_step": {
        "subject": "loading_operation/LO-2026-0012",
        "site": "SH-01",
        "step_code": "S07",
        "seq": 7,
        "result": "pass",
        "performed_by": "E-0815",
        "direction": "load",
        "bay": "B2",
        "measured": {"value": "0.40", "unit": "MPa"},
    },
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_payload_passes(name: str) -> None:
    validate(TYPES[name], SOUND[name])


@pytest.mark.parametrize("case", own_cases("payloads"))
def test_refusal_names_place_and_keyword(case: dict[str, Any]) -> None:
    payload = {**SOUND[case["type"]], **case["change"]}
    payload = {name: value for name, value in payload.items() if value is not None}
    with pytest.raises(PayloadMismatch) as caught:
        validate(TYPES[case["type"]], payload)
    assert [list(problem) for problem in caught.value.problems] == case["expected"]["problems"]
    assert caught.value.reason == case["expected"]["error"]
    assert "secret-value" not in str(caught.value)
    assert isinstance(caught.value, SchemaMismatch)


def test_a_full_identity_number_is_refused() -> None:
    with pytest.raises(PayloadMismatch) as caught:
        validate(TYPES["training_record"], {"id_no_masked": "310101199001011234"})
    assert ("/id_no_masked", "not") in caught.value.problems
    assert "310101199001011234" not in str(caught.value)


def test_many_problems_are_counted_not_listed() -> None:
    with pytest.raises(PayloadMismatch) as caught:
        validate(TYPES["ai_violation"], {})
    assert len(caught.value.problems) == 20
    violation = TYPES["ai_violation"]
    assert violation.lifecycle is not None
    needed = {name for name, field in violation.fields.items() if field.required}
    needed |= set(violation.lifecycle.events[violation.lifecycle.default_event].requires)
    assert caught.value.more == len(needed) - 20


@pytest.mark.parametrize(
    "value", [b"bytes", float("nan"), {1: 2}, object()], ids=["bytes", "nan", "integer-key", "object"]
)
def test_what_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises(SchemaMismatch):
        validate(TYPES["key_event"], {**SOUND["key_event"], "reason": value})


def test_hostile_nesting_is_refused() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(SchemaMismatch):
        validate(TYPES["key_event"], {**SOUND["key_event"], "reason": deep})
