"""Issuing, presenting and reading statements against the naive reading of RFC 9901."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.canonical import loads
from evidence.encoding import b64url_decode
from evidence.entry import Entry, parse_entry
from evidence.errors import DisclosureNotCommitted, LimitExceeded, Malformed
from evidence.statement import (
    disclosed,
    disclosure_digest,
    issue,
    parse_disclosure,
    parse_statement,
    present,
    stream_id,
    uuid7,
    verify_signature,
)
from tests.reference.ledger import STREAM_KEY, MemoryLedger, calibration
from tests.reference.sd_jwt import payload_of

LEDGER = MemoryLedger()
KEY = LEDGER.key("device")
CLAIMS = LEDGER.claims("equipment/PG-1042", KEY)
NAMES = st.text(max_size=8).map("field ".__add__)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=30)
@given(st.dictionaries(NAMES, VALUES, max_size=6), st.integers(0, 4))
def test_what_is_issued_is_read_back(payload: dict[str, Any], decoys: int) -> None:
    statement = issue(CLAIMS, payload, KEY, salt=LEDGER.draw, decoys=decoys)
    assert len(statement.sd) == len(payload) + decoys
    again = parse_statement(statement.compact)
    assert again == statement
    verify_signature(again, KEY.public)
    assert disclosed(again) == payload == payload_of(statement.compact)


def test_a_presentation_shows_no_more_than_asked() -> None:
    statement = LEDGER.statement(calibration(), KEY)
    shown = present(statement, ["result", "site", "not a field"])
    assert disclosed(shown) == {"result": "pass", "site": "SH-01"}
    assert shown.jwt == statement.jwt
    assert disclosed(present(statement, [])) == {}


def test_salts_are_fresh_and_hide_equal_values() -> None:
    one, two = LEDGER.statement(calibration(), KEY), LEDGER.statement(calibration(), KEY)
    assert not set(one.sd) & set(two.sd)
    with pytest.raises(DisclosureNotCommitted):
        disclosed(replace(one, disclosures=two.disclosures))


def test_the_order_of_digests_tells_nothing() -> None:
    statement = LEDGER.statement(calibration(), KEY, decoys=3)
    digests = loads(b64url_decode(statement.jwt.split(".")[1]))["_sd"]
    assert digests == sorted(digests)
    assert digests != [*map(disclosure_digest, statement.disclosures)]
    assert len(digests) == len(calibration()) + 3


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg", "iss", "iat", "stream", "counter", "supersedes"])
def test_reserved_names_are_not_issued(name: str) -> None:
    with pytest.raises(Malformed):
        issue(CLAIMS, {name: 1}, KEY, salt=LEDGER.draw)


@pytest.mark.parametrize(
    "value", [{"_sd": []}, [{"...": "x"}], {"a": [{"b": {"_sd": 1}}]}, 2**53, 1e17, float("nan"), "\ud800"]
)
def test_values_that_others_would_read_differently_are_not_issued(value: Any) -> None:
    with pytest.raises(Malformed):
        issue(CLAIMS, {"remark": value}, KEY, salt=LEDGER.draw)


def test_limits_when_issuing() -> None:
    with pytest.raises(ValueError, match="salt"):
        issue(CLAIMS, {"remark": 1}, KEY, salt=lambda: b"short")
    with pytest.raises(LimitExceeded):
        issue(CLAIMS, {"remark": "x" * 300_000}, KEY, salt=LEDGER.draw)
    with pytest.raises(LimitExceeded):
        issue(CLAIMS, {str(i): i for i in range(257)}, KEY, salt=LEDGER.draw)
    with pytest.raises(LimitExceeded):
        parse_disclosure("A" * 300_000)


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_uuid7_is_that_of_the_standard_library(unix_ms: int, random: bytes) -> None:
    value = uuid.UUID(uuid7(unix_ms, random))
    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert value.int >> 80 == unix_ms


def test_streams_depend_on_key_and_subject() -> None:
    one = stream_id(STREAM_KEY, "equipment/PG-1042")
    assert len(one) == 43
    assert one != stream_id(hashlib.sha256(b"x").digest(), "equipment/PG-1042")
    assert one != stream_id(STREAM_KEY, "equipment/PG-1043")


def test_entries_round_trip() -> None:
    statement = LEDGER.statement(calibration(), KEY)
    entry = Entry(bytes(32), LEDGER.time(3), replace(statement, disclosures=()), 4)
    again = parse_entry(entry.to_bytes())
    assert again == entry
    assert again.leaf_hash == hashlib.sha256(b"\0" + entry.to_bytes()).digest()
