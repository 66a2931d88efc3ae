"""The AnchorRegistry's ABI: calls, answers, its event and its errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi import decode, encode  # type: ignore[attr-defined]
from eth_abi.exceptions import DecodingError

from anchors.errors import CallReverted, ChainUnavailable
from anchors.evm.node import EvmNode
from anchors.ports import AnchorCall, RegistryHead
from evidence.anchor import keccak256

ANCHOR = "anchor(bytes32,uint64,bytes32,uint64,bytes32,bytes32,bytes32[])"
HEAD_OF = "headOf(bytes32)"
VERIFY_INCLUSION = "verifyInclusion(bytes32,uint64,bytes32,bytes32[])"
IS_PUBLISHER = "isPublisher(bytes32,address)"
OPEN_LEDGER = "openLedger(bytes32,address)"
OPEN_LEDGER_WITH = "openLedgerWith(bytes32,address,bool,bytes32,uint64,bytes32)"
ADD_PUBLISHER = "addPublisher(bytes32,address)"
STATUS_OF = "statusOf(bytes32)"
ANCHORED = "Anchored(bytes32,uint64,bytes32,bytes32,uint64,bytes32,bytes32)"


@cache
def artifact() -> dict[str, Any]:
    """The compiled contract that ships with this package: abi, bytecode, deployedBytecode, storageLayout."""
    text = files("anchors.evm").joinpath("AnchorRegistry.json").read_text(encoding="utf-8")
    value: dict[str, Any] = json.loads(text)
    return value


@cache
def selector(signature: str) -> bytes:
    """First four bytes of the Keccak-256 of a function's or error's signature."""
    return keccak256(signature.encode("ascii"))[:4]


def _types(signature: str) -> list[str]:
    inner = signature[signature.index("(") + 1 : -1]
    return inner.split(",") if inner else []


def calldata(signature: str, *arguments: object) -> bytes:
    """ABI-encode a call."""
    return selector(signature) + bytes(encode(_types(signature), arguments))


def anchor_calldata(call: AnchorCall) -> bytes:
    """ABI-encode `anchor`."""
    return calldata(
        ANCHOR, call.ledger_id, call.seq, call.prev_head, call.size, call.root, call.meta, call.consistency_proof
    )


def decode_output(types: Sequence[str], output: bytes) -> tuple[Any, ...]:
    """ABI-decode an answer; raises `ChainUnavailable` for bytes that are none: nothing is known then."""
    try:
        return tuple(decode(list(types), output))
    except (DecodingError, OverflowError) as error:
        raise ChainUnavailable(f"answer of {len(output)} bytes is not {','.join(types)}") from error


@cache
def _errors() -> dict[bytes, tuple[str, list[str]]]:
    entries = [entry for entry in artifact()["abi"] if entry["type"] == "error"]
    named = [(entry["name"], [argument["type"] for argument in entry["inputs"]]) for entry in entries]
    return {selector(f"{name}({','.join(types)})"): (name, types) for name, types in named}


def revert_error(output: bytes) -> CallReverted:
    """Translate revert data into the registry's error by name; other data keeps its hexadecimal form."""
    known = _errors().get(output[:4])
    if known is None:
        return CallReverted("UnknownRevert", (output[:68],))
    name, types = known
    try:
        return CallReverted(name, tuple(decode(types, output[4:])))
    except DecodingError:
        return CallReverted(name)


@dataclass(frozen=True, slots=True)
class Anchored:
    """The registry's event. For finding and showing; proofs rest on storage."""

    ledger_id: bytes
    seq: int
    head: bytes
    prev_head: bytes
    size: int
    root: bytes
    meta: bytes


def decode_anchored(topics: Sequence[bytes], data: bytes) -> Anchored | None:
    """Decode a log entry; None if it is another event."""
    if len(topics) != 3 or topics[0] != keccak256(ANCHORED.encode("ascii")):
        return None
    head, prev_head, size, root, meta = decode_output(("bytes32", "bytes32", "uint64", "bytes32", "bytes32"), data)
    return Anchored(topics[1], int.from_bytes(topics[2], "big"), head, prev_head, size, root, meta)


class Registry:
    """Reading access to one registry."""

    def __init__(self, node: EvmNode, contract: bytes) -> None:
        """`contract` is the registry's address, 20 bytes."""
        self._node, self._contract = node, contract

    def head_of(self, ledger_id: bytes, block: int | None = None) -> RegistryHead:
        """The ledger's head after a block (default: the newest)."""
        types = ("bytes32", "bytes32", "uint64", "uint64", "uint64", "uint64")
        head, root, seq, size, _, number = self._ask(HEAD_OF, types, ledger_id, block=block)
        return RegistryHead(head=head, root=root, seq=seq, size=size, block_number=number)

    def verify_inclusion(self, ledger_id: bytes, index: int, leaf_hash: bytes, proof: Sequence[bytes]) -> bool:
        """Whether the contract accepts an RFC 6962 inclusion proof against the newest head."""
        (accepted,) = self._ask(VERIFY_INCLUSION, ("bool",), ledger_id, index, leaf_hash, list(proof))
        return bool(accepted)

    def is_open(self, ledger_id: bytes) -> bool:
        """Whether the ledger was opened."""
        status = self._ask(STATUS_OF, ("bool", "bool", "bool", "bytes32", "uint64", "bytes32"), ledger_id)
        return bool(status[0])

    def is_publisher(self, ledger_id: bytes, account: bytes) -> bool:
        """Whether the account may anchor this ledger."""
        (accepted,) = self._ask(IS_PUBLISHER, ("bool",), ledger_id, account)
        return bool(accepted)

    def _ask(
        self, signature: str, types: Sequence[str], *arguments: object, block: int | None = None
    ) -> tuple[Any, ...]:
        return decode_output(types, self._node.call(self._contract, calldata(signature, *arguments), block=block))
