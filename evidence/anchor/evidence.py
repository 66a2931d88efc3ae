"""Anchor evidence: everything needed to check, with no network, that a chain's state held a ledger's head (FORMATS 7).

Example::

    evidence = parse_anchor_evidence(canonical.loads(data))
    verify_anchor(evidence, ledger_id=ledger_id("ledger.example.com/demo"))
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from evidence.anchor.fields import Fields
from evidence.anchor.head import head_hash
from evidence.anchor.header import MAX_HEADER_BYTES
from evidence.anchor.mpt import MAX_NODE_BYTES, MAX_NODES
from evidence.encoding import format_time, hex_encode
from evidence.errors import Malformed, UnsupportedVersion

if TYPE_CHECKING:
    from evidence.canonical import Json

VERSION = 1
MAX_STORAGE_PROOFS = 8
TIMESTAMP_UNITS = ("s", "ms")
STATES = ("mined", "final")


@dataclass(frozen=True, slots=True)
class ChainRef:
    """The chain, in words for people; only `chain_id` takes part in verification."""

    chain_id: int
    """EIP-155 id, `0 < chain_id < 2**256`."""
    profile: str
    """Name of the chain profile that captured the evidence, e.g. `embedded`."""
    name: str
    """For people; a development chain says here that it gives no independent trust."""


@dataclass(frozen=True, slots=True)
class BlockRef:
    """The block whose state holds the head."""

    number: int
    hash: bytes
    timestamp: int
    """As the header carries it, in `timestamp_unit`."""
    timestamp_unit: str
    """`s` or `ms`."""
    header_rlp: bytes


@dataclass(frozen=True, slots=True)
class StorageProof:
    """EIP-1186 proof of one storage word of the contract."""

    key: bytes
    """Storage slot, 32 bytes, before hashing."""
    value: bytes
    """The word, 32 bytes; zero means that the slot is absent."""
    proof: tuple[bytes, ...]
    """RLP of the nodes, root first."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What was anchored: the input of `head_hash` and its outcome."""

    seq: int
    """Number of the anchor in its ledger, from 1."""
    prev_head: bytes
    size: int
    """Leaves in the checkpoint's tree."""
    root: bytes
    meta: bytes
    head: bytes

    def recompute(self, chain_id: int, contract: bytes, ledger_id: bytes) -> bytes:
        """Return the head that these values lead to for a ledger in a registry."""
        return head_hash(chain_id, contract, self.prev_head, ledger_id, self.seq, self.size, self.root, self.meta)


@dataclass(frozen=True, slots=True)
class AnchorEvidence:
    """Parsed anchor evidence. Well formed, not yet verified: see `verify_anchor` and `verify_finality`."""

    chain: ChainRef
    contract: bytes
    """Address of the AnchorRegistry, 20 bytes."""
    code_hash: bytes
    """Keccak-256 of its runtime code."""
    tx_hash: bytes
    """A hint for finding the transaction; it decides nothing."""
    block: BlockRef
    account_proof: tuple[bytes, ...]
    storage_proof: tuple[StorageProof, ...]
    claim: Claim
    state: str
    """`mined` or `final`: what the capturing side knew. A verifier judges finality by its own policy."""
    captured_at: datetime

    def to_json(self) -> dict[str, Json]:
        """Return the one JSON value of this evidence; the same evidence gives the same value."""
        return {
            "v": VERSION,
            "chain": {"chain_id": str(self.chain.chain_id), "profile": self.chain.profile, "name": self.chain.name},
            "contract": hex_encode(self.contract),
            "code_hash": hex_encode(self.code_hash),
            "tx_hash": hex_encode(self.tx_hash),
            "block": {
                "number": self.block.number,
                "hash": hex_encode(self.block.hash),
                "timestamp": self.block.timestamp,
                "timestamp_unit": self.block.timestamp_unit,
                "header_rlp": hex_encode(self.block.header_rlp),
            },
            "account_proof": [hex_encode(node) for node in self.account_proof],
            "storage_proof": [
                {"key": hex_encode(p.key), "value": hex_encode(p.value), "proof": [hex_encode(n) for n in p.proof]}
                for p in self.storage_proof
            ],
            "claim": {
                "seq": self.claim.seq,
                "prev_head": hex_encode(self.claim.prev_head),
                "size": self.claim.size,
                "root": hex_encode(self.claim.root),
                "meta": hex_encode(self.claim.meta),
                "head": hex_encode(self.claim.head),
            },
            "state": self.state,
            "captured_at": format_time(self.captured_at),
        }


_MEMBERS = (
    "v", "chain", "contract", "code_hash", "tx_hash", "block", "account_proof", "storage_proof", "claim", "state",
    "captured_at",
)  # fmt: skip


def parse_anchor_evidence(value: Json) -> AnchorEvidence:
    """Parse the JSON value of FORMATS 7, exact members only.

    Raises `UnsupportedVersion` for another `v`, `LimitExceeded` for proofs beyond their bounds and `Malformed` for
    anything else that is not of the format.
    """
    if isinstance(value, dict) and value.get("v", VERSION) != VERSION:
        raise UnsupportedVersion(f"anchor evidence: version is not {VERSION}")
    fields = Fields(value, "anchor", _MEMBERS)
    if type(fields.any("v")) is not int:
        raise Malformed("anchor.v: not an integer")
    return AnchorEvidence(
        chain=_chain(fields.any("chain")),
        contract=fields.word("contract", 20),
        code_hash=fields.word("code_hash"),
        tx_hash=fields.word("tx_hash"),
        block=_block(fields.any("block")),
        account_proof=fields.blobs("account_proof", max_items=MAX_NODES, max_bytes=MAX_NODE_BYTES),
        storage_proof=_storage_proofs(fields),
        claim=_claim(fields.any("claim")),
        state=_choice(fields, "state", STATES),
        captured_at=fields.time("captured_at"),
    )


def _chain(value: object) -> ChainRef:
    fields = Fields(value, "anchor.chain", ("chain_id", "profile", "name"))
    chain_id = fields.decimal("chain_id")
    # Chain id 0 stands for "unknown" in some nodes; a head bound to it would be bound to nothing.
    if chain_id == 0:
        raise Malformed("anchor.chain.chain_id: 0 is no chain")
    return ChainRef(chain_id, fields.text("profile"), fields.text("name"))


def _block(value: object) -> BlockRef:
    fields = Fields(value, "anchor.block", ("number", "hash", "timestamp", "timestamp_unit", "header_rlp"))
    return BlockRef(
        number=fields.integer("number"),
        hash=fields.word("hash"),
        timestamp=fields.integer("timestamp"),
        timestamp_unit=_choice(fields, "timestamp_unit", TIMESTAMP_UNITS),
        header_rlp=fields.blob("header_rlp", max_bytes=MAX_HEADER_BYTES),
    )


def _storage_proofs(fields: Fields) -> tuple[StorageProof, ...]:
    items = fields.items("storage_proof", max_items=MAX_STORAGE_PROOFS)
    return tuple(_storage_proof(item) for item in items)


def _storage_proof(value: object) -> StorageProof:
    fields = Fields(value, "anchor.storage_proof", ("key", "value", "proof"))
    nodes = fields.blobs("proof", max_items=MAX_NODES, max_bytes=MAX_NODE_BYTES)
    return StorageProof(fields.word("key"), fields.word("value"), nodes)


def _claim(value: object) -> Claim:
    fields = Fields(value, "anchor.claim", ("seq", "prev_head", "size", "root", "meta", "head"))
    return Claim(
        seq=fields.integer("seq", minimum=1),
        prev_head=fields.word("prev_head"),
        size=fields.integer("size"),
        root=fields.word("root"),
        meta=fields.word("meta"),
        head=fields.word("head"),
    )


def _choice(fields: Fields, name: str, choices: tuple[str, ...]) -> str:
    text = fields.text(name)
    if text not in choices:
        raise Malformed(f"anchor {name}: not one of {', '.join(choices)}")
    return text
