"""A chain in memory that keeps the registry's rules and gives true proofs; and a wrapper that breaks any chain."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from anchors.errors import CallReverted, ChainRefused, ChainUnavailable
from anchors.model import ZERO_WORD, AnchorTarget
from anchors.ports import (
    AnchorCall,
    ChainPort,
    RegistryHead,
    SignedTransaction,
    StateProof,
    Tip,
    TxReceipt,
)
from anchors.profile import ChainProfile, FeeMode, FinalityPolicy
from evidence.anchor import BlockRef, StorageProof, head_hash, keccak256
from evidence.anchor.layout import head_slot
from evidence.anchor.rlp import Encodable, decode_list, encode, encode_int
from evidence.errors import EvidenceError
from evidence.merkle.verify import verify_consistency
from tests.fakes.tries import account, header, single_leaf, storage_trie

T = TypeVar("T")

FAKE = ChainProfile("fake", "Fake chain", 4711, FeeMode.ZERO, FinalityPolicy.parse("depth:2"))
CONTRACT = hashlib.sha256(b"contract").digest()[:20]
CODE_HASH = keccak256(b"code of the fake registry")
NO_HEAD = RegistryHead(ZERO_WORD, ZERO_WORD, 0, 0, 0)


@dataclass(frozen=True)
class FakeBlock:
    """A block: its header and the heads after it."""

    number: int
    hash: bytes
    header_rlp: bytes
    timestamp: int
    heads: dict[bytes, RegistryHead]
    nonce: int
    receipts: dict[bytes, TxReceipt] = field(default_factory=dict)


class FakeChain:
    """One registry, one sender, one ledger per proof. Transactions wait in `pool` while `automine` is off."""

    profile: ChainProfile
    target: AnchorTarget
    sender: bytes

    def __init__(self, clock: Callable[[], datetime], profile: ChainProfile = FAKE) -> None:
        self.profile = profile
        self.target = AnchorTarget(profile.name, profile.chain_id, CONTRACT, CODE_HASH)
        self.sender = b"\x5e" * 20
        self.automine = True
        self.reverts = False
        self.keeps_state_for: int | None = None
        self.pool: list[bytes] = []
        self._clock, self._salt = clock, 0
        self._blocks = [FakeBlock(0, *self._seal(0, bytes(32), {}), heads={}, nonce=0)]

    # --- what a test does to the chain ---

    def mine(self, blocks: int = 1) -> None:
        """Make blocks; the first takes the pool."""
        for _ in range(blocks):
            self._mine_block()

    def reorg(self, depth: int, *, blocks: int | None = None) -> None:
        """Drop the newest blocks with their transactions and put others in their place."""
        self._salt += 1
        del self._blocks[-depth:]
        self.mine(depth if blocks is None else blocks)

    def anchor_by_other(self, ledger_id: bytes, size: int, root: bytes) -> None:
        """Someone else anchors: the registry's head is no longer what this worker expects."""
        now = self.head(ledger_id)
        self._mine_block({ledger_id: self._next(now, ledger_id, now.seq + 1, now.head, size, root, ZERO_WORD)})

    # --- the port ---

    def tip(self) -> Tip:
        newest = self._blocks[-1]
        return Tip(newest.number, newest.hash, None)

    def block_hash(self, number: int) -> bytes | None:
        return self._blocks[number].hash if number < len(self._blocks) else None

    def head(self, ledger_id: bytes, *, block: int | None = None) -> RegistryHead:
        return self._blocks[-1 if block is None else block].heads.get(ledger_id, NO_HEAD)

    def nonce(self) -> int:
        return self._blocks[-1].nonce

    def sign(self, call: AnchorCall, nonce: int) -> SignedTransaction:
        self._execute(self._blocks[-1].heads, call)
        numbers: list[Encodable] = [encode_int(nonce), encode_int(call.seq), encode_int(call.size)]
        words: list[Encodable] = [call.ledger_id, call.prev_head, call.root, call.meta, list(call.consistency_proof)]
        raw = encode([*numbers, *words])
        return SignedTransaction(raw, keccak256(raw))

    def send(self, raw_tx: bytes) -> None:
        nonce, _ = _parse(raw_tx)
        if raw_tx in self.pool:
            raise ChainRefused("already known")
        if nonce < self.nonce():
            raise ChainRefused("nonce too low")
        self.pool.append(raw_tx)
        if self.automine:
            self._mine_block()

    def tx_receipt(self, tx_hash: bytes) -> TxReceipt | None:
        for block in self._blocks:
            if tx_hash in block.receipts:
                return block.receipts[tx_hash]
        return None

    def prove(self, ledger_id: bytes, block: int) -> StateProof:
        if self.keeps_state_for is not None and block < self.tip().number - self.keeps_state_for:
            raise ChainRefused("state is not available")
        found, slot = self._blocks[block], head_slot(ledger_id)
        word = found.heads.get(ledger_id, NO_HEAD).head
        storage_root, storage_proof = storage_trie(slot, word)
        _, account_proof = single_leaf(CONTRACT, account(storage_root, CODE_HASH))
        reference = BlockRef(found.number, found.hash, found.timestamp, "s", found.header_rlp)
        return StateProof(reference, account_proof, (StorageProof(slot, word, storage_proof),))

    # --- inside ---

    def _mine_block(self, heads: dict[bytes, RegistryHead] | None = None) -> None:
        heads = dict(self._blocks[-1].heads) | (heads or {})
        nonce, outcome = self._blocks[-1].nonce, {}
        for raw in sorted(self.pool, key=lambda raw: _parse(raw)[0]):
            own_nonce, call = _parse(raw)
            if own_nonce != nonce:
                continue
            self.pool.remove(raw)
            nonce += 1
            try:
                if self.reverts:
                    raise CallReverted("OutOfGas")
                heads |= {call.ledger_id: self._execute(heads, call)}
                outcome[keccak256(raw)] = True
            except CallReverted:
                outcome[keccak256(raw)] = False
        number = len(self._blocks)
        sealed = self._seal(number, self._blocks[-1].hash, heads)
        receipts = {tx: TxReceipt(tx, number, sealed[0], ok) for tx, ok in outcome.items()}
        self._blocks.append(FakeBlock(number, *sealed, heads=heads, nonce=nonce, receipts=receipts))

    def _seal(self, number: int, parent: bytes, heads: dict[bytes, RegistryHead]) -> tuple[bytes, bytes, int]:
        """Hash, header and time of a block whose state holds the newest of the heads."""
        newest = max(heads.items(), key=lambda item: item[1].block_number, default=(ZERO_WORD, NO_HEAD))
        storage_root, _ = storage_trie(head_slot(newest[0]), newest[1].head)
        state_root, _ = single_leaf(CONTRACT, account(storage_root, CODE_HASH))
        timestamp = int(self._clock().timestamp()) + number
        raw = header(number, parent, state_root, timestamp, salt=encode_int(self._salt))
        return keccak256(raw), raw, timestamp

    def _execute(self, heads: dict[bytes, RegistryHead], call: AnchorCall) -> RegistryHead:
        """The registry's `anchor`."""
        now = heads.get(call.ledger_id, NO_HEAD)
        after = self._next(now, call.ledger_id, call.seq, call.prev_head, call.size, call.root, call.meta)
        if after.head == now.head:
            return now
        if (call.seq, call.prev_head) != (now.seq + 1, now.head):
            raise CallReverted("SequenceMismatch", (now.seq + 1, now.head))
        try:
            if now.size:
                verify_consistency(now.size, now.root, call.size, call.root, call.consistency_proof)
        except EvidenceError as error:
            raise CallReverted("ConsistencyProofInvalid") from error
        return after

    def _next(
        self, now: RegistryHead, ledger_id: bytes, seq: int, prev: bytes, size: int, root: bytes, meta: bytes
    ) -> RegistryHead:
        head = head_hash(self.profile.chain_id, CONTRACT, prev, ledger_id, seq, size, root, meta)
        return RegistryHead(head, root, seq, size, now.block_number if head == now.head else len(self._blocks))


def _parse(raw: bytes) -> tuple[int, AnchorCall]:
    nonce, seq, size, ledger_id, prev_head, root, meta, proof = decode_list(raw, "fake transaction")
    numbers = [int.from_bytes(_word(item), "big") for item in (nonce, seq, size)]
    assert isinstance(proof, list)
    hashes = tuple(_word(item) for item in proof)
    words = [_word(item) for item in (ledger_id, prev_head, root, meta)]
    return numbers[0], AnchorCall(words[0], numbers[1], words[1], numbers[2], words[2], words[3], hashes)


def _word(item: object) -> bytes:
    assert isinstance(item, bytes)
    return item


class Crash(BaseException):
    """The process died here: nothing after this line ran. Not an Exception, so that no handler survives it."""


class BrokenChain:
    """Any chain, with one call broken: `fails[method]` is raised before it, `loses[method]` after it took effect."""

    def __init__(self, chain: ChainPort) -> None:
        self._chain = chain
        self.fails: dict[str, BaseException] = {}
        self.loses: dict[str, BaseException] = {}
        self.down = False
        self.sent: list[bytes] = []

    @property
    def profile(self) -> ChainProfile:
        return self._chain.profile

    @property
    def target(self) -> AnchorTarget:
        return self._chain.target

    @property
    def sender(self) -> bytes:
        return self._chain.sender

    def tip(self) -> Tip:
        return self._through("tip", self._chain.tip)

    def block_hash(self, number: int) -> bytes | None:
        return self._through("block_hash", lambda: self._chain.block_hash(number))

    def head(self, ledger_id: bytes, *, block: int | None = None) -> RegistryHead:
        return self._through("head", lambda: self._chain.head(ledger_id, block=block))

    def nonce(self) -> int:
        return self._through("nonce", self._chain.nonce)

    def sign(self, call: AnchorCall, nonce: int) -> SignedTransaction:
        return self._through("sign", lambda: self._chain.sign(call, nonce))

    def send(self, raw_tx: bytes) -> None:
        self.sent.append(raw_tx)
        self._through("send", lambda: self._chain.send(raw_tx))

    def tx_receipt(self, tx_hash: bytes) -> TxReceipt | None:
        return self._through("tx_receipt", lambda: self._chain.tx_receipt(tx_hash))

    def prove(self, ledger_id: bytes, block: int) -> StateProof:
        return self._through("prove", lambda: self._chain.prove(ledger_id, block))

    def _through(self, method: str, call: Callable[[], T]) -> T:
        if self.down:
            raise ChainUnavailable("the chain is down")
        if method in self.fails:
            raise self.fails.pop(method)
        answer = call()
        if method in self.loses:
            raise self.loses.pop(method)
        return answer
