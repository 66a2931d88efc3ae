"""What the EVM adapter asks of a node; spoken to over JSON-RPC (`client`) or in this process (`embedded`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from anchors.ports import Tip, TxReceipt
from evidence.anchor import StorageProof


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header in full, and what is read from it most."""

    number: int
    hash: bytes
    timestamp: int
    """In the chain's unit."""
    header_rlp: bytes
    """Hashes to `hash`: the node has been held to it."""
    base_fee: int | None
    """Wei per gas; None before London and on chains without a fee market."""


@dataclass(frozen=True, slots=True)
class AccountProof:
    """EIP-1186 proof of one account and some of its storage words."""

    account_proof: tuple[bytes, ...]
    storage_proof: tuple[StorageProof, ...]


class EvmNode(Protocol):
    """One EVM node.

    Each method raises `ChainUnavailable` when there is no usable answer, `CallReverted` when a contract refused, and
    `ChainRefused` for any other error of the node. `block=None` means the newest block.
    """

    def chain_id(self) -> int: ...

    def tip(self) -> Tip: ...

    def block(self, number: int | None = None) -> Block | None:
        """A canonical block; None if there is none of this number."""

    def code(self, address: bytes) -> bytes:
        """Runtime code in the newest block; empty if none."""

    def nonce(self, address: bytes) -> int:
        """Mined transactions of the account, pending ones not counted."""

    def balance(self, address: bytes) -> int: ...

    def suggested_tip(self) -> int:
        """Wei per gas for the block's producer (EIP-1559)."""

    def gas_price(self) -> int: ...

    def call(self, to: bytes, data: bytes, *, sender: bytes | None = None, block: int | None = None) -> bytes:
        """Execute without effect and return the output."""

    def send_raw(self, raw_tx: bytes) -> None: ...

    def tx_receipt(self, tx_hash: bytes) -> TxReceipt | None: ...

    def contract_address(self, tx_hash: bytes) -> bytes | None:
        """Address that a mined deployment created."""

    def proof(self, address: bytes, slots: Sequence[bytes], block: int) -> AccountProof: ...
