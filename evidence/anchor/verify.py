"""Offline verification of an anchor, layer by layer. Each layer raises its own error; returning means it holds.

What the evidence proves alone is that *if* the block header belongs to the chain, the chain's registry held this head.
That the header belongs to the chain comes from the verifier's own policy: `verify_finality`.
"""

from __future__ import annotations

from typing import Protocol

from evidence.anchor.errors import (
    AccountMismatch,
    ChainMismatch,
    ClaimMismatch,
    CodeMismatch,
    HeaderMismatch,
    HeadMismatch,
    StorageMismatch,
    TrieMismatch,
)
from evidence.anchor.evidence import AnchorEvidence, StorageProof
from evidence.anchor.header import Header, parse_header
from evidence.anchor.keccak import keccak256
from evidence.anchor.layout import head_slot
from evidence.anchor.mpt import decode_value, verify_trie
from evidence.anchor.rlp import decode_int, decode_list
from evidence.errors import Malformed, MissingEvidence

DEVELOPMENT_CHAIN = "development chain: no independent trust"
"""Shown wherever an anchor rests on a chain that the ledger's own operator runs for development."""

ZERO_WORD = bytes(32)


class ChainPolicy(Protocol):
    """What a verifier believes about one chain (FORMATS 9, `[[chain]]`)."""

    @property
    def chain_id(self) -> int: ...
    @property
    def contract(self) -> bytes: ...
    @property
    def code_hash(self) -> bytes: ...
    @property
    def finality(self) -> str: ...
    @property
    def trusted_headers(self) -> frozenset[bytes]: ...


def verify_anchor(evidence: AnchorEvidence, *, ledger_id: bytes) -> None:
    """Verify that the block's state holds the claimed head of the ledger `ledger_id` (32 bytes).

    (1) The header hashes to the block hash and has the claimed number and time: `HeaderMismatch`.
    (2) The contract's account is in the header's state: `AccountMismatch`.
    (3) The account has the claimed runtime code: `CodeMismatch`.
    (4) The storage words are in the account's storage, and the ledger's head is among them: `StorageMismatch`.
    (5) The word, the claimed head and the head recomputed from the claim are equal: `HeadMismatch`.
    Badly formed parts raise `Malformed` or `MalformedProof`. All are `AnchorMismatch` or `Malformed`.
    """
    header = _verify_header(evidence)  # (1)
    storage_root = _verify_account(evidence, header.state_root)  # (2), (3)
    head = _verify_storage(evidence, storage_root, head_slot(ledger_id))  # (4)
    _verify_head(evidence, ledger_id, head)  # (5)


def verify_claim(evidence: AnchorEvidence, *, size: int, root: bytes) -> None:
    """Require that the claim is about the checkpoint of `size` leaves with `root`: `ClaimMismatch` otherwise."""
    if (evidence.claim.size, evidence.claim.root) != (size, root):
        raise ClaimMismatch(
            f"claim is about size {evidence.claim.size}, root {evidence.claim.root.hex()}; "
            f"the checkpoint has size {size}, root {root.hex()}"
        )


def verify_finality(evidence: AnchorEvidence, policy: ChainPolicy) -> str:
    """Require that the verifier's policy vouches for the block header; return the words for a report.

    Another chain, contract or code than the policy's raises `ChainMismatch` (the answer is no). A header that the
    policy does not list raises `MissingEvidence`: a list of hashes says which blocks are believed, not which are
    wrong, so the answer is unknown. On a development chain the words are `DEVELOPMENT_CHAIN`.
    """
    verify_target(evidence, policy)
    words = DEVELOPMENT_CHAIN if policy.finality == "development" else "header trusted by policy"
    if evidence.block.hash not in policy.trusted_headers:
        raise MissingEvidence(
            f"block {evidence.block.number} ({evidence.block.hash.hex()}) of chain {policy.chain_id} is not among the "
            f"policy's trusted headers (finality: {policy.finality}); "
            + (DEVELOPMENT_CHAIN if policy.finality == "development" else "supply its hash from a source you trust")
        )
    return words


def verify_target(evidence: AnchorEvidence, policy: ChainPolicy) -> None:
    """Require the policy's chain, contract and runtime code: `ChainMismatch` otherwise, naming both sides."""
    if evidence.chain.chain_id != policy.chain_id:
        raise ChainMismatch(f"chain id: policy {policy.chain_id}, evidence {evidence.chain.chain_id}")
    if evidence.contract != policy.contract:
        raise ChainMismatch(f"contract: policy {policy.contract.hex()}, evidence {evidence.contract.hex()}")
    if evidence.code_hash != policy.code_hash:
        raise ChainMismatch(f"code hash: policy {policy.code_hash.hex()}, evidence {evidence.code_hash.hex()}")


def _verify_header(evidence: AnchorEvidence) -> Header:
    header, block = parse_header(evidence.block.header_rlp), evidence.block
    if header.hash != block.hash:
        raise HeaderMismatch(f"block hash: claimed {block.hash.hex()}, header hashes to {header.hash.hex()}")
    if (header.number, header.timestamp) != (block.number, block.timestamp):
        raise HeaderMismatch(
            f"claimed number {block.number}, time {block.timestamp}; header has {header.number}, {header.timestamp}"
        )
    return header


def _verify_account(evidence: AnchorEvidence, state_root: bytes) -> bytes:
    """Return the storage root of the contract's account: [nonce, balance, storage root, code hash]."""
    try:
        account = verify_trie(state_root, keccak256(evidence.contract), evidence.account_proof, what="account proof")
    except TrieMismatch as error:
        raise AccountMismatch(str(error)) from error
    if account is None:
        raise AccountMismatch(f"account proof: no account {evidence.contract.hex()} in this block")
    fields = decode_list(account, "account")
    if len(fields) != 4:
        raise Malformed(f"account: {len(fields)} fields, expected 4")
    decode_int(fields[0], "account nonce")
    decode_int(fields[1], "account balance", max_bytes=32)
    storage_root, code_hash = fields[2], fields[3]
    if not isinstance(storage_root, bytes) or len(storage_root) != 32 or not isinstance(code_hash, bytes):
        raise Malformed("account: storage root or code hash is not 32 bytes")
    if code_hash != evidence.code_hash:
        raise CodeMismatch(f"code hash: claimed {evidence.code_hash.hex()}, account has {code_hash.hex()}")
    return storage_root


def _verify_storage(evidence: AnchorEvidence, storage_root: bytes, slot: bytes) -> bytes:
    """Verify every storage proof, so that no unproven word stands beside proven ones; return the word at `slot`."""
    words = {proof.key: _verify_word(proof, storage_root) for proof in evidence.storage_proof}
    if slot not in words:
        raise StorageMismatch(f"storage proof: the ledger's head slot {slot.hex()} is not among the proofs")
    return words[slot]


def _verify_word(proof: StorageProof, storage_root: bytes) -> bytes:
    what = f"storage proof of {proof.key.hex()}"
    try:
        found = verify_trie(storage_root, keccak256(proof.key), proof.proof, what=what)
    except TrieMismatch as error:
        raise StorageMismatch(str(error)) from error
    word = ZERO_WORD if found is None else decode_value(found, what)
    if word != proof.value:
        raise StorageMismatch(f"{what}: claimed {proof.value.hex()}, proven {word.hex()}")
    return word


def _verify_head(evidence: AnchorEvidence, ledger_id: bytes, stored: bytes) -> None:
    claim = evidence.claim
    if stored != claim.head:
        raise HeadMismatch(f"head: claimed {claim.head.hex()}, storage has {stored.hex()}")
    calculated = claim.recompute(evidence.chain.chain_id, evidence.contract, ledger_id)
    if calculated != claim.head:
        raise HeadMismatch(f"head: claimed {claim.head.hex()}, claim leads to {calculated.hex()}")
