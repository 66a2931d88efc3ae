"""The chain of heads, byte by byte, and the place of a head in the contract's storage."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from evidence.anchor.head import domain, head_hash, ledger_id
from evidence.anchor.keccak import keccak256
from evidence.anchor.layout import HEAD_OFFSET, LEDGERS_SLOT, head_slot

CONTRACT = b"\xc0" * 20
WORDS = [bytes([n]) * 32 for n in range(1, 5)]


def test_the_head_is_the_packed_hash_of_formats_6() -> None:
    prev, identity, root, meta = WORDS
    expected_domain = sha256(b"safety-ledger/anchor/v1" + (31337).to_bytes(32, "big") + CONTRACT).digest()
    packed = expected_domain + prev + identity + (3).to_bytes(8, "big") + (1000).to_bytes(8, "big") + root + meta
    assert domain(31337, CONTRACT) == expected_domain
    assert head_hash(31337, CONTRACT, prev, identity, 3, 1000, root, meta) == sha256(packed).digest()


def test_ledger_id_is_the_hash_of_the_origin() -> None:
    assert ledger_id("ledger.example.com/上海") == sha256("ledger.example.com/上海".encode()).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 0},
        {"seq": 2**64},
        {"size": -1},
        {"size": 2**64},
        {"chain_id": 0},
        {"contract": b"\0" * 21},
        {"root": b""},
    ],
    ids=str,
)
def test_values_out_of_range_have_no_head(change: dict[str, object]) -> None:
    prev, identity, root, meta = WORDS
    values: dict[str, object] = {
        "chain_id": 1, "contract": CONTRACT, "prev_head": prev, "ledger_id": identity, "seq": 1, "size": 1,
        "root": root, "meta": meta,
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"range|bytes"):
        head_hash(**(values | change))  # type: ignore[arg-type]


def test_the_storage_layout_is_the_compiled_contracts() -> None:
    artifact = json.loads((Path(__file__).parents[4] / "anchors" / "evm" / "AnchorRegistry.json").read_text())
    ledgers = next(entry for entry in artifact["storageLayout"] if "members" in entry)
    head = next(member for member in ledgers["members"] if member["label"] == "head")
    assert ledgers["type"].startswith("mapping(bytes32 =>")
    assert (ledgers["slot"], head["slot"], head["offset"]) == (LEDGERS_SLOT, HEAD_OFFSET, 0)
    assert head_slot(WORDS[0]) == keccak256(WORDS[0] + LEDGERS_SLOT.to_bytes(32, "big"))
