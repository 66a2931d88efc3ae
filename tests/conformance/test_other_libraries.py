"""Other people's Python libraries on our output: one verdict, several judges."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import merkletools
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import OKPKey

from evidence.canonical import dumps, loads, loads_canonical
from evidence.errors import Malformed
from evidence.hashing import leaf_hash
from evidence.merkle.tree import MerkleTree
from evidence.statement import stream_id
from tests.reference.ledger import STREAM_KEY, populated

MANY = settings(max_examples=400)
CHARACTERS = st.characters(codec="utf-8") | st.sampled_from('\u2028\u2029\uffff\ue000\U0001f600\U0010ffff\x7f\x00"\\/')
TEXTS = st.text(CHARACTERS, max_size=12)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)


@MANY
@given(VALUES)
def test_canonical_json_is_that_of_rfc8785(value: Any) -> None:
    expected = rfc8785.dumps(value)
    try:
        data = dumps(value)
    except Malformed:
        # Only one reason: a float that would be written as an integer which readers do not keep.
        assert holds_inexact_integer(value)
        return
    assert data == expected
    assert dumps(loads(data)) == data
    assert dumps(loads_canonical(data)) == data


def holds_inexact_integer(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(holds_inexact_integer, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and 2**53 - 1 < abs(value) < 1e21


def test_statements_verify_with_joserfc() -> None:
    ledger, device = populated()
    key = OKPKey.import_key(device.public.to_json())
    assert key.thumbprint() == device.kid
    for statement in ledger.statements[1:]:
        token = jws.deserialize_compact(statement.jwt, key, algorithms=["Ed25519"])
        assert token.protected == {"alg": "Ed25519", "kid": device.kid, "typ": "safety-statement+sd-jwt"}
        assert loads(token.payload)["stream"] == statement.claims.stream
    bent = ledger.statements[1].jwt.replace(".", ".e", 1)
    with pytest.raises((BadSignatureError, ValueError)):
        jws.deserialize_compact(bent, key, algorithms=["Ed25519"])


def test_streams_by_hashlib() -> None:
    """HMAC-SHA256 as RFC 2104 words it."""
    block = STREAM_KEY.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + b"equipment/PG-1042").digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).hexdigest()
    assert dumps(stream_id(STREAM_KEY, "equipment/PG-1042")).decode().strip('"') == _b64url(bytes.fromhex(outer))


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def prefixed(data: bytes) -> Any:
    """The node hash of RFC 6962 where merkletools hashes two children."""
    return hashlib.sha256(b"\x01" + data)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 64, 100, 257])
def test_trees_of_merkletools(size: int) -> None:
    """merkletools lifts an odd last node to the next level, which is RFC 6962's tree; with its prefix, its hash too."""
    leaves = [leaf_hash(bytes([i & 255, i >> 8])) for i in range(size)]
    tree = MerkleTree(leaves)
    other = merkletools.MerkleTools()
    other.hash_function = prefixed
    other.add_leaf([leaf.hex() for leaf in leaves])
    other.make_tree()
    assert other.get_merkle_root() == tree.root().hex()
    for index in range(size):
        path = [next(iter(step.values())) for step in other.get_proof(index)]
        assert path == [item.hex() for item in tree.inclusion_proof(index)]
