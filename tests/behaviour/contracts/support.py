"""A registry on an in-process chain, called by name, with reverts as values.

`Reverted` carries the custom error's name and decoded arguments, so that a test can state both. Only public eth-tester
functions are used.
"""

from __future__ import annotations

import hashlib
import json
from ast import literal_eval
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from eth_utils.crypto import keccak

ROOT = Path(__file__).resolve().parents[3]
ARTIFACTS = ROOT / "contracts" / "artifacts"
ZERO = bytes(32)
NOBODY = "0x" + "00" * 20
GAS = 3_000_000


class Reverted(Exception):
    """The contract refused: `name` and `arguments` of its custom error."""

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        super().__init__(name, arguments)
        self.name = name
        self.arguments = arguments


def load_artifact(name: str) -> dict[str, Any]:
    """Read one committed artifact."""
    document: dict[str, Any] = json.loads((ARTIFACTS / f"{name}.json").read_bytes())
    return document


def type_of(parameter: Mapping[str, Any]) -> str:
    """ABI type of one parameter; a struct becomes its tuple."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(type_of(part) for part in parameter["components"]) + ")" + kind.removeprefix("tuple")


def types_of(parameters: Sequence[Mapping[str, Any]]) -> list[str]:
    """ABI types of a parameter list."""
    return [type_of(parameter) for parameter in parameters]


def signature(item: Mapping[str, Any]) -> str:
    """Canonical signature of a function, error or event."""
    return f"{item['name']}({','.join(types_of(item['inputs']))})"


def revert_data(failure: TransactionFailed) -> bytes:
    """The bytes that a call reverted with; eth-tester hands them over as the text of a Python bytes literal."""
    raw = failure.args[0]
    data = raw if isinstance(raw, bytes) else literal_eval(str(raw))
    assert isinstance(data, bytes)
    return data


@dataclass(frozen=True)
class Event:
    """One log entry: indexed and other arguments by name."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a mined transaction did."""

    gas_used: int
    events: tuple[Event, ...]


def new_chain() -> EthereumTester:
    """A fresh chain with funded accounts."""
    return EthereumTester(backend=PyEVMBackend())


class Contract:
    """A deployed contract; `send` changes state, `call` asks. Both raise `Reverted`."""

    def __init__(
        self, chain: EthereumTester, artifact: Mapping[str, Any], arguments: Sequence[Any], sender: str
    ) -> None:
        self.chain = chain
        self.abi = artifact["abi"]
        self.sender = sender
        self._functions = {item["name"]: item for item in self.abi if item["type"] == "function"}
        self._errors = {keccak(text=signature(item))[:4]: item for item in self.abi if item["type"] == "error"}
        self._events = {keccak(text=signature(item)): item for item in self.abi if item["type"] == "event"}
        inputs: list[dict[str, Any]] = next((item["inputs"] for item in self.abi if item["type"] == "constructor"), [])
        data = artifact["bytecode"] + encode(types_of(inputs), list(arguments)).hex()
        self.creation = self._mine({"from": sender, "data": data})
        assert self.creation["status"] == 1, "deployment failed"
        self.address: str = self.creation["contract_address"]

    def data(self, name: str, *arguments: Any) -> str:
        """Call data of one function."""
        item = self._functions[name]
        return "0x" + (keccak(text=signature(item))[:4] + encode(types_of(item["inputs"]), arguments)).hex()

    def call(self, name: str, *arguments: Any, sender: str | None = None) -> Any:
        """Ask without a transaction, at the time of the next block. Returns the value, or the tuple of several."""
        message = {"from": sender or self.sender, "to": self.address, "data": self.data(name, *arguments)}
        try:
            answer = self.chain.call(message | {"gas": GAS * 9}, block_number="pending")
        except TransactionFailed as failure:
            raise self._reverted(failure) from failure
        values = decode(types_of(self._functions[name]["outputs"]), bytes.fromhex(answer.removeprefix("0x")))
        return values[0] if len(values) == 1 else values

    def send(self, name: str, *arguments: Any, sender: str | None = None) -> Outcome:
        """Change state in one mined transaction; a revert is found out by a call first and mines nothing."""
        self.call(name, *arguments, sender=sender)
        message = {"from": sender or self.sender, "to": self.address, "data": self.data(name, *arguments)}
        receipt = self._mine(message)
        assert receipt["status"] == 1, f"{name} was accepted as a call and failed as a transaction"
        return Outcome(receipt["gas_used"], tuple(self._event(log) for log in receipt["logs"]))

    def _mine(self, message: dict[str, Any]) -> dict[str, Any]:
        sent = self.chain.send_transaction(
            message | {"gas": GAS, "max_fee_per_gas": 10**10, "max_priority_fee_per_gas": 1}
        )
        receipt: dict[str, Any] = self.chain.get_transaction_receipt(sent)
        return receipt

    def _event(self, log: Mapping[str, Any]) -> Event:
        topics = [bytes.fromhex(topic.removeprefix("0x")) for topic in log["topics"]]
        item = self._events[topics[0]]
        indexed = [part for part in item["inputs"] if part["indexed"]]
        others = [part for part in item["inputs"] if not part["indexed"]]
        values = {
            part["name"]: decode([part["type"]], topic)[0] for part, topic in zip(indexed, topics[1:], strict=True)
        }
        body = decode(types_of(others), bytes.fromhex(log["data"].removeprefix("0x")))
        return Event(item["name"], values | dict(zip((part["name"] for part in others), body, strict=True)))

    def _reverted(self, failure: TransactionFailed) -> Reverted:
        data = revert_data(failure)
        item = self._errors.get(data[:4])
        if item is None:
            return Reverted("0x" + data.hex(), ())
        return Reverted(item["name"], decode(types_of(item["inputs"]), data[4:]))


def domain(chain_id: int, address: str) -> bytes:
    """FORMATS 6: SHA-256("safety-ledger/anchor/v1" ‖ uint256 chainid ‖ address)."""
    text = b"safety-ledger/anchor/v1" + chain_id.to_bytes(32, "big") + bytes.fromhex(address.removeprefix("0x"))
    return hashlib.sha256(text).digest()


def next_head(
    tag: bytes, previous: bytes, ledger: bytes, seq: int, size: int, root: bytes, meta: bytes = ZERO
) -> bytes:
    """FORMATS 6: the head that follows `previous`."""
    packed = tag + previous + ledger + seq.to_bytes(8, "big") + size.to_bytes(8, "big") + root + meta
    return hashlib.sha256(packed).digest()


@contextmanager
def refused(name: str, *arguments: Any) -> Iterator[None]:
    """Expect the custom error with exactly these arguments."""
    with pytest.raises(Reverted) as caught:
        yield
    assert (caught.value.name, caught.value.arguments) == (name, arguments)
