"""What anchoring asks of the outside world. It owns these ports: chains, stores and signers fit themselves to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from anchors.model import Anchor, AnchorState, AnchorTarget, Attempt, Fence
from anchors.profile import ChainProfile
from evidence.anchor import BlockRef, StorageProof


@dataclass(frozen=True, slots=True)
class RegistryHead:
    """A ledger's head in the registry at some block; all zero before its first anchor (or its predecessor's)."""

    head: bytes
    root: bytes
    seq: int
    size: int
    block_number: int
    """The block in which the head was accepted; 0 before the first anchor."""


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest block, and the newest final one if the chain tells."""

    number: int
    hash: bytes
    finalized: int | None


@dataclass(frozen=True, slots=True)
class TxReceipt:
    """Where a transaction was mined. An EVM receipt, not to be confused with a ledger receipt."""

    tx_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool


@dataclass(frozen=True, slots=True)
class AnchorCall:
    """Arguments of the registry's `anchor`."""

    ledger_id: bytes
    seq: int
    prev_head: bytes
    size: int
    root: bytes
    meta: bytes
    consistency_proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """Bytes ready to be sent, and the hash by which a node will know them."""

    raw_tx: bytes
    tx_hash: bytes


@dataclass(frozen=True, slots=True)
class StateProof:
    """Proof of the registry's account and of the ledger's head slot in one block."""

    block: BlockRef
    account_proof: tuple[bytes, ...]
    storage_proof: tuple[StorageProof, ...]


class ChainPort(Protocol):
    """One registry on one chain, seen and written to by one sender.

    Every method may raise `ChainUnavailable`; an answer of the node that is an error raises `ChainRefused`. No method
    answers zero or nothing for an error.
    """

    @property
    def profile(self) -> ChainProfile: ...
    @property
    def target(self) -> AnchorTarget: ...
    @property
    def sender(self) -> bytes: ...

    def tip(self) -> Tip:
        """The chain's newest block."""

    def block_hash(self, number: int) -> bytes | None:
        """Hash of the canonical block of this number; None if there is none."""

    def head(self, ledger_id: bytes, *, block: int | None = None) -> RegistryHead:
        """The ledger's head after the block (default: the newest)."""

    def nonce(self) -> int:
        """Number of the sender's mined transactions: never counts pending ones."""

    def sign(self, call: AnchorCall, nonce: int) -> SignedTransaction:
        """Check chain, code and the call's outcome, then sign.

        Raises `WrongChain`, `CallReverted` (the simulation failed), `FeeCapExceeded`, `InsufficientFunds` or
        `SigningFailed`. Sends nothing.
        """

    def send(self, raw_tx: bytes) -> None:
        """Hand the bytes to the node. An error may mean that they took effect all the same."""

    def tx_receipt(self, tx_hash: bytes) -> TxReceipt | None:
        """Where the transaction was mined; None if it is not in a block."""

    def prove(self, ledger_id: bytes, block: int) -> StateProof:
        """Header and EIP-1186 proofs of the ledger's head at a block."""


class Signer(Protocol):
    """A key that signs digests: a local key, a key store, an HSM or a remote signer."""

    @property
    def address(self) -> bytes:
        """20 bytes."""

    def sign_digest(self, digest: bytes) -> tuple[int, int, int]:
        """Return (r, s, y parity 0 or 1) over the 32-byte digest. The caller normalises s and checks by recovery."""


class ConsistencySource(Protocol):
    """The log itself."""

    def consistency_proof(self, ledger: str, old_size: int, new_size: int) -> Sequence[bytes]:
        """RFC 9162 2.1.4.1 from `old_size` to `new_size`; empty when `old_size` is 0 or they are equal."""

    def root_at(self, ledger: str, size: int) -> bytes | None:
        """Root of the checkpoint of exactly `size` leaves that this log published; None if it published none."""


class AnchorStore(Protocol):
    """Anchors, attempts and leases in durable storage.

    Every write is one transaction and begins with the fence: unless the lease still has the fence's token, it raises
    `LeaseLost` and changes nothing. When a write returns, it is durable.
    """

    def acquire(self, name: str, holder: str, *, now: datetime, expires_at: datetime) -> Fence:
        """Take a free or expired lease (token + 1), or renew one's own (same token). Raises `LeaseHeld`.

        A lease that ends later than twice the asked span from now was dated by a wrong clock and counts as expired.
        """

    def release(self, fence: Fence) -> None:
        """Let the lease expire now if it is still held; its token stays, so that it only ever rises."""

    def anchor(self, ledger: str, chain: str, seq: int) -> Anchor | None:
        """The anchor of this number, if it is stored."""

    def latest(self, ledger: str, chain: str) -> Anchor | None:
        """The anchor of the highest seq."""

    def unfinished(self, ledger: str, chain: str) -> Sequence[Anchor]:
        """All anchors that are not archived, by ascending seq."""

    def attempts(self, ledger: str, chain: str, seq: int) -> Sequence[Attempt]:
        """The signed transactions of one anchor, oldest first."""

    def open_nonces(self, chain: str, sender: bytes) -> frozenset[int]:
        """Nonces of attempts whose anchor is signed, sent, dropped, reorged or held: they may still be mined."""

    def next_attempt(self, chain: str, sender: bytes, nonce: int) -> int:
        """The number after every stored transaction of this nonce; 0 when there is none."""

    def plan(self, anchor: Anchor, fence: Fence) -> None:
        """Insert a new anchor. Raises `AnchorExists` if (ledger, chain, seq) is taken."""

    def save(self, anchor: Anchor, *, expected: AnchorState, fence: Fence) -> None:
        """Replace the anchor if it still is in the state `expected`; raises `StaleAnchor` otherwise."""

    def save_signed(self, anchor: Anchor, attempt: Attempt, *, expected: AnchorState, fence: Fence) -> None:
        """`save`, and insert the attempt, in one transaction."""

    def save_sent(self, anchor: Anchor, attempt: Attempt, *, expected: AnchorState, fence: Fence) -> None:
        """`save`, and set the attempt's `sent_at`, in one transaction."""
