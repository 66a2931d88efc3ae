"""An EVM in this process, kept in one SQLite file: a development chain, no independent trust.

Whoever runs the ledger runs this chain too, so it witnesses nothing against its owner. It is there so that the whole
path - contract, anchors, evidence, offline verification - works on a bare machine exactly as on a real chain.

Invariants: the genesis is the same for everyone; blocks survive a restart with their hashes; one block per transaction;
gas is free; nothing is ever reorganised.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any, cast

import rlp
from eth.abc import BlockHeaderAPI, ComputationAPI, SignedTransactionAPI
from eth.chains.base import MiningChain
from eth.constants import BLANK_ROOT_HASH, ZERO_ADDRESS
from eth.db.atomic import AtomicDB
from eth.exceptions import HeaderNotFound, PyEVMError, TransactionNotFound
from eth.vm.forks import PragueVM
from eth_typing import Address, BlockNumber, Hash32
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException
from trie import HexaryTrie

from anchors.errors import ChainRefused, ChainUnavailable
from anchors.evm import RECURSION_LIMIT
from anchors.evm.kvstore import SqliteKeyValueStore
from anchors.evm.node import AccountProof, Block
from anchors.evm.registry import revert_error
from anchors.ports import Tip, TxReceipt
from anchors.profile import EMBEDDED_CHAIN_ID
from evidence.anchor import StorageProof, keccak256
from evidence.anchor.mpt import decode_value

# py-evm raises the limit for the whole process, far enough for hostile nesting (a JSON body, say) to end the process
# instead of raising RecursionError. It does so for calls nested a thousand deep; the registry makes none.
sys.setrecursionlimit(RECURSION_LIMIT)

GENESIS = {
    "coinbase": ZERO_ADDRESS,
    "difficulty": 0,
    "extra_data": b"safety-ledger development chain",
    "gas_limit": 30_000_000,
    "mix_hash": bytes(32),
    "nonce": bytes(8),
    "timestamp": 1_700_000_000,
    # Once zero, the base fee stays zero: every block stays below its gas target. So accounts need no money.
    "base_fee_per_gas": 0,
    "receipt_root": BLANK_ROOT_HASH,
    "transaction_root": BLANK_ROOT_HASH,
}
CALL_GAS = 15_000_000


class _Chain(MiningChain):  # type: ignore[misc]
    """Prague from the genesis on, with a constant gas limit."""

    chain_id = EMBEDDED_CHAIN_ID
    vm_configuration = ((BlockNumber(0), PragueVM),)

    def create_header_from_parent(self, parent_header: BlockHeaderAPI, **params: Any) -> BlockHeaderAPI:
        params["gas_limit"] = parent_header.gas_limit
        return super().create_header_from_parent(parent_header, **params)


class EmbeddedNode:
    """The embedded chain as an `EvmNode`. Safe for several threads, and for several processes on one file."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        """Open the chain in the SQLite file `path`, or create it; `clock` gives block times (aware datetimes)."""
        self._store, self._clock, self._lock = SqliteKeyValueStore(path), clock, RLock()
        with self._foreign(), self._store.block():
            # Under the write lock, so that of two processes that start together one makes the genesis.
            if not self._store.exists(b"v1:canonical_head_hash"):
                _Chain.from_genesis(AtomicDB(self._store), cast(Any, GENESIS), {})
        self._load()

    def close(self) -> None:
        """Close the file; the object is not used any more."""
        with self._lock:
            self._store.close()

    def mine(self, blocks: int = 1) -> None:
        """Make empty blocks."""
        for _ in range(blocks):
            self._make_block(None)

    def chain_id(self) -> int:
        """The fixed chain id."""
        return EMBEDDED_CHAIN_ID

    def tip(self) -> Tip:
        """The newest block; it is final at once, because nothing is ever reorganised."""
        with self._view() as chain:
            header = chain.get_canonical_head()
            return Tip(header.block_number, bytes(header.hash), header.block_number)

    def block(self, number: int | None = None) -> Block | None:
        """A block by number (default: the newest)."""
        with self._view() as chain:
            try:
                header = self._header(chain, number)
            except HeaderNotFound:
                return None
            raw = bytes(rlp.encode(header))
            return Block(header.block_number, bytes(header.hash), header.timestamp, raw, header.base_fee_per_gas)

    def code(self, address: bytes) -> bytes:
        """Runtime code in the newest block."""
        with self._view() as chain:
            return bytes(self._state(chain).get_code(Address(address)))

    def nonce(self, address: bytes) -> int:
        """Mined transactions of the account."""
        with self._view() as chain:
            return int(self._state(chain).get_nonce(Address(address)))

    def balance(self, address: bytes) -> int:
        """Balance in wei: zero for everyone, gas is free."""
        with self._view() as chain:
            return int(self._state(chain).get_balance(Address(address)))

    def suggested_tip(self) -> int:
        """Gas is free."""
        return 0

    def gas_price(self) -> int:
        """Gas is free."""
        return 0

    def call(self, to: bytes, data: bytes, *, sender: bytes | None = None, block: int | None = None) -> bytes:
        """Execute without effect in the state after a block."""
        caller, contract = Address(sender or ZERO_ADDRESS), Address(to)
        with self._view() as chain:
            try:
                vm = chain.get_vm(self._header(chain, block))
            except HeaderNotFound as error:
                raise ChainRefused(f"no block {block}") from error
            code = vm.state.get_code(contract)
            return _output(vm.execute_bytecode(caller, 0, CALL_GAS, contract, caller, 0, data, code, contract))

    def send_raw(self, raw_tx: bytes) -> None:
        """Check the transaction and mine it into a block of its own."""
        with self._view() as chain:
            transaction = chain.get_vm().get_transaction_builder().decode(raw_tx)
            # The virtual machine does not compare: it would take a transaction that was signed for another chain.
            if transaction.chain_id != EMBEDDED_CHAIN_ID:
                raise ChainRefused(f"transaction is for chain {transaction.chain_id}")
        self._make_block(transaction)

    def tx_receipt(self, tx_hash: bytes) -> TxReceipt | None:
        """Where the transaction was mined."""
        with self._view() as chain:
            try:
                number, index = chain.chaindb.get_transaction_index(Hash32(tx_hash))
            except TransactionNotFound:
                return None
            header = chain.get_canonical_block_header_by_number(number)
            builder = chain.get_vm(header).get_receipt_builder()
            receipt = chain.chaindb.get_receipt_by_index(number, index, builder)
            return TxReceipt(tx_hash, number, bytes(header.hash), receipt.state_root == b"\x01")

    def contract_address(self, tx_hash: bytes) -> bytes | None:
        """Address that a mined deployment created: Keccak-256 of RLP [sender, nonce], last 20 bytes."""
        with self._view() as chain:
            try:
                transaction = chain.get_canonical_transaction(Hash32(tx_hash))
            except TransactionNotFound:
                return None
            if transaction.to:
                return None
            return keccak256(rlp.encode([transaction.sender, transaction.nonce]))[12:]

    def proof(self, address: bytes, slots: Sequence[bytes], block: int) -> AccountProof:
        """EIP-1186 proofs from the state trie of a block: every block's state is kept."""
        with self._view() as chain:
            try:
                state_root = self._header(chain, block).state_root
            except HeaderNotFound as error:
                raise ChainRefused(f"no block {block}") from error
            account, nodes = _prove(self._store, state_root, address)
            storage_root = rlp.decode(account)[2] if account else BLANK_ROOT_HASH
            storage = []
            for slot in slots:
                value, path = _prove(self._store, storage_root, slot)
                word = decode_value(value, "storage value") if value else bytes(32)
                storage.append(StorageProof(slot, word, path))
            return AccountProof(nodes, tuple(storage))

    def _make_block(self, transaction: SignedTransactionAPI | None) -> None:
        with self._lock, self._foreign(), self._store.block():
            # Under the write lock: another process may have made a block since this one was loaded, and a failed block
            # leaves a pending header in memory. The file is the truth.
            self._load()
            parent = self._chain.get_canonical_head()
            # A clock that stands still or runs backwards must not stop the chain.
            self._chain.set_header_timestamp(max(parent.timestamp + 1, int(self._clock().timestamp())))
            if transaction is not None:
                self._chain.apply_transaction(transaction)
            self._chain.mine_block()

    def _load(self) -> None:
        self._chain = _Chain(AtomicDB(self._store))

    @contextmanager
    def _view(self) -> Iterator[_Chain]:
        with self._lock, self._foreign():
            # Reads go to the file each time, so blocks of other processes are seen; what hangs on a hash never changes.
            yield self._chain

    @contextmanager
    def _foreign(self) -> Iterator[None]:
        """Translate foreign exceptions: the file's into `ChainUnavailable`, the machine's into `ChainRefused`."""
        try:
            yield
        except sqlite3.Error as error:
            raise ChainUnavailable(f"embedded chain: {error}") from error
        except (PyEVMError, ValidationError, RLPException) as error:
            raise ChainRefused(f"{type(error).__name__}: {error}") from error

    @staticmethod
    def _header(chain: _Chain, number: int | None) -> BlockHeaderAPI:
        if number is None:
            return chain.get_canonical_head()
        return chain.get_canonical_block_header_by_number(BlockNumber(number))

    @staticmethod
    def _state(chain: _Chain) -> Any:
        return chain.get_vm(chain.get_canonical_head()).state


def _output(computation: ComputationAPI) -> bytes:
    if computation.is_error:
        raise revert_error(bytes(computation.output))
    return bytes(computation.output)


def _prove(store: SqliteKeyValueStore, root: bytes, key: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Value (empty if absent) and proof of a key in a secure trie.

    Nodes shorter than 32 bytes stand inside their parents, and an absent child is no node: neither has a place of its
    own in an EIP-1186 proof.
    """
    path = keccak256(key)
    trie = HexaryTrie(cast(Any, store), Hash32(root))
    nodes = [bytes(rlp.encode(node)) for node in trie.get_proof(path)]
    return bytes(trie.get(path)), tuple(raw for at, raw in enumerate(nodes) if at == 0 or len(raw) >= 32)
