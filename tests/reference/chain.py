"""The smallest chain that can hold a ledger's head: one account with one storage word in one block.

Each trie is a single leaf, so its proof is one node. Yellow Paper appendices B to D, and FORMATS of the registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evidence.anchor import head_hash, keccak256, ledger_id
from evidence.anchor.layout import head_slot

Item = bytes | Sequence["Item"]
CHAIN_ID = 131277322940537
CONTRACT = bytes.fromhex("5afe5afe5afe5afe5afe5afe5afe5afe5afe5afe")
CODE_HASH = keccak256(b"runtime code of the reference registry")


def rlp(item: Item) -> bytes:
    """Recursive length prefix (appendix B)."""
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _prefixed(item, 0x80)
    return _prefixed(b"".join(map(rlp, item)), 0xC0)


def _prefixed(body: bytes, offset: int) -> bytes:
    if len(body) < 56:
        return bytes([offset + len(body)]) + body
    size = integer(len(body))
    return bytes([offset + 55 + len(size)]) + size + body


def integer(value: int) -> bytes:
    """Shortest big-endian form."""
    return value.to_bytes(-(-value.bit_length() // 8), "big")


def single_leaf(key: bytes, value: bytes) -> bytes:
    """The one node of a secure trie with one key (appendix D): an even leaf path, flag 0x20."""
    return rlp([b"\x20" + keccak256(key), value])


def header(state_root: bytes, number: int, timestamp: int) -> bytes:
    """A London header with this state root and nothing else in it."""
    zero, bloom = bytes(32), bytes(256)
    return rlp([
        zero, zero, bytes(20), state_root, zero, zero, bloom, b"", integer(number), integer(30_000_000), b"",
        integer(timestamp), b"reference", zero, bytes(8), integer(7),
    ])  # fmt: skip


def anchor(origin: str, size: int, root: bytes, *, seq: int = 1, prev_head: bytes = bytes(32)) -> dict[str, Any]:
    """Anchor evidence that the registry holds the head of this checkpoint."""
    ledger = ledger_id(origin)
    head = head_hash(CHAIN_ID, CONTRACT, prev_head, ledger, seq, size, root, bytes(32))
    slot = head_slot(ledger)
    storage = single_leaf(slot, rlp(head.lstrip(b"\0")))
    account = single_leaf(CONTRACT, rlp([integer(1), b"", keccak256(storage), CODE_HASH]))
    number, timestamp = 40 + seq, 1_793_600_000 + 60 * seq
    block = header(keccak256(account), number, timestamp)
    return {
        "v": 1,
        "chain": {"chain_id": str(CHAIN_ID), "profile": "reference", "name": "reference chain"},
        "contract": _hex(CONTRACT),
        "code_hash": _hex(CODE_HASH),
        "tx_hash": _hex(keccak256(head)),
        "block": {
            "number": number, "hash": _hex(keccak256(block)), "timestamp": timestamp, "timestamp_unit": "s",
            "header_rlp": _hex(block),
        },
        "account_proof": [_hex(account)],
        "storage_proof": [{"key": _hex(slot), "value": _hex(head), "proof": [_hex(storage)]}],
        "claim": {
            "seq": seq, "prev_head": _hex(prev_head), "size": size, "root": _hex(root), "meta": _hex(bytes(32)),
            "head": _hex(head),
        },
        "state": "final",
        "captured_at": "2026-11-02T07:00:00Z",
    }  # fmt: skip


def chain_policy(*trusted: str, finality: str = "development") -> str:
    """The `[[chain]]` table that believes these block hashes."""
    headers = ", ".join(f'"{item}"' for item in trusted)
    return (
        f'[[chain]]\nchain_id = "{CHAIN_ID}"\ncontract = "{_hex(CONTRACT)}"\ncode_hash = "{_hex(CODE_HASH)}"\n'
        f'finality = "{finality}"\ntrusted_headers = [{headers}]\n'
    )


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
