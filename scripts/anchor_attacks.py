"""The cases of the anchor vectors: honest evidence, and every way we know to bend it, with the error each deserves.

The expected errors are written down here by hand; nothing is taken from what the verifier happens to say.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from evidence.anchor.layout import head_slot
from evidence.anchor.rlp import decode_list, encode

Evidence = dict[str, Any]
Case = dict[str, Any]
Change = Callable[[Evidence], None]


@dataclass(frozen=True)
class Material:
    """Honest evidence from one chain, to be bent."""

    origin: str
    silent_origin: str
    """A ledger that is open and has no anchor."""
    first: Evidence
    second: Evidence
    second_later: Evidence
    """The second anchor, proven in a later block."""
    other_ledger: Evidence
    """Another ledger of the same registry, in the block of `second`."""
    other_registry: Evidence
    prove: Callable[[bytes, bytes], Evidence]
    """EIP-1186 proof of any (contract, slot) in the block of `second`."""
    sender: bytes
    """An account without code."""


def cases(material: Material) -> dict[str, Case]:
    """Every case by name."""
    made: dict[str, Case] = {}
    for name, case in [*_honest(material), *_attacks(material), *_policies(material)]:
        assert name not in made, name
        made[name] = case
    return made


def _ledger_id(origin: str) -> str:
    return "0x" + sha256(origin.encode()).hexdigest()


def _case(material: Material, about: str, evidence: Evidence, expect: str | None, **more: Any) -> Case:
    """A case against the policy and the checkpoint that the honest second anchor satisfies, unless `more` differs."""
    honest = material.second
    claim = honest["claim"]
    case = {
        "about": about,
        "ledger_id": _ledger_id(material.origin),
        "checkpoint": {"size": claim["size"], "root": claim["root"]},
        "policy": {
            "chain_id": honest["chain"]["chain_id"],
            "contract": honest["contract"],
            "code_hash": honest["code_hash"],
            "trusted_headers": [material.second["block"]["hash"], material.second_later["block"]["hash"]],
        },
        "evidence": evidence,
        "expect": expect,
    }
    return case | more


def _checkpoint(evidence: Evidence) -> dict[str, Any]:
    return {"size": evidence["claim"]["size"], "root": evidence["claim"]["root"]}


def _honest(m: Material) -> Iterator[tuple[str, Case]]:
    yield "ok-newest", _case(m, "the newest anchor in its own block", m.second, None)
    yield "ok-later-block", _case(m, "the same head, proven in a later block", m.second_later, None)
    header = {"policy": _case(m, "", m.first, None)["policy"] | {"trusted_headers": [m.first["block"]["hash"]]}}
    yield (
        "ok-older",
        _case(m, "an older anchor in its own block", m.first, None, checkpoint=_checkpoint(m.first), **header),
    )


def _bent(m: Material, change: Change) -> Evidence:
    evidence = copy.deepcopy(m.second)
    change(evidence)
    return evidence


def _set(*path: Any, value: Any) -> Change:
    def change(evidence: Evidence) -> None:
        target: Any = evidence
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value(target[path[-1]]) if callable(value) else value

    return change


def _each(*changes: Change) -> Change:
    def change(evidence: Evidence) -> None:
        for one in changes:
            one(evidence)

    return change


def _flip(text: str) -> str:
    """Flip the lowest bit of the last byte but one: inside a hash or a value, away from RLP prefixes."""
    return text[:-3] + f"{int(text[-3], 16) ^ 1:x}" + text[-2:]


def _attacks(m: Material) -> Iterator[tuple[str, Case]]:
    for about, name, expect, change in [*_header(m), *_account(m), *_storage(m), *_claim(m), *_format()]:
        yield name, _case(m, about, _bent(m, change), expect)


Attack = tuple[str, str, str, Change]


def _header(m: Material) -> Iterator[Attack]:
    raw = bytes.fromhex(m.second["block"]["header_rlp"][2:])
    fields = decode_list(raw, "header")

    def header(new: list[Any]) -> Change:
        return _set("block", "header_rlp", value="0x" + encode(new).hex())

    yield "one bit of the header", "header-bit-flip", "HeaderMismatch", _set("block", "header_rlp", value=_flip)
    yield (
        "another state root in the header",
        "header-other-state-root",
        "HeaderMismatch",
        header([*fields[:3], bytes(32), *fields[4:]]),
    )
    yield "the block hash is another", "header-other-hash", "HeaderMismatch", _set("block", "hash", value=_flip)
    yield (
        "the block number is not the header's",
        "header-other-number",
        "HeaderMismatch",
        _set("block", "number", value=lambda number: number + 1),
    )
    yield (
        "the time is not the header's",
        "header-other-time",
        "HeaderMismatch",
        _set("block", "timestamp", value=lambda time: time - 1),
    )
    yield (
        "a whole other block: the proofs are not of its state",
        "header-of-other-block",
        "AccountMismatch",
        _set("block", value=m.first["block"]),
    )
    yield (
        "the last byte is missing",
        "header-truncated",
        "Malformed",
        _set("block", "header_rlp", value=lambda text: text[:-2]),
    )
    yield (
        "a byte after the list",
        "header-trailing-byte",
        "Malformed",
        _set("block", "header_rlp", value=lambda text: text + "00"),
    )
    yield (
        "a string instead of a list",
        "header-not-a-list",
        "Malformed",
        _set("block", "header_rlp", value="0x8401020304"),
    )
    yield "no header", "header-empty", "Malformed", _set("block", "header_rlp", value="0x")
    yield "one field more than any fork has", "header-extra-field", "UnsupportedVersion", header([*fields, b""])
    yield "18 fields: no fork has them", "header-missing-fields", "UnsupportedVersion", header(fields[:18])
    yield (
        "a state root of 31 bytes",
        "header-short-state-root",
        "Malformed",
        header([*fields[:3], bytes(31), *fields[4:]]),
    )
    yield (
        "the number with a leading zero",
        "header-number-leading-zero",
        "Malformed",
        header([*fields[:8], b"\0\x05", *fields[9:]]),
    )
    yield (
        "a list in the place of the extra data",
        "header-nested-list",
        "Malformed",
        header([*fields[:12], [b"x"], *fields[13:]]),
    )
    yield (
        "a header beyond any size",
        "header-too-long",
        "Malformed",
        _set("block", "header_rlp", value="0x" + encode([*fields[:12], bytes(20_000), *fields[13:]]).hex()),
    )


def _proof_attacks(layer: str, error: str, path: tuple[Any, ...], nodes: list[str]) -> Iterator[Attack]:
    """What can be done to any list of trie nodes."""
    for at in range(len(nodes)):
        yield f"one bit of node {at}", f"{layer}-bit-flip-node-{at}", error, _set(*path, at, value=_flip)
    yield "no nodes", f"{layer}-empty", "MalformedProof", _set(*path, value=[])
    yield "the last node is missing", f"{layer}-truncated", "MalformedProof", _set(*path, value=nodes[:-1])
    yield "the first node is missing", f"{layer}-beheaded", error, _set(*path, value=nodes[1:])
    yield (
        "the first node after the last",
        f"{layer}-extra-node",
        "MalformedProof",
        _set(*path, value=[*nodes, nodes[0]]),
    )
    yield "the last node twice", f"{layer}-doubled-node", "MalformedProof", _set(*path, value=[*nodes, nodes[-1]])
    yield "two nodes swapped", f"{layer}-swapped", error, _set(*path, value=[nodes[1], nodes[0], *nodes[2:]])
    yield "66 nodes", f"{layer}-too-many-nodes", "LimitExceeded", _set(*path, value=nodes[:1] * 66)
    yield "an empty node", f"{layer}-empty-node", error, _set(*path, 0, value="0x")


def _account(m: Material) -> Iterator[Attack]:
    yield from _proof_attacks("account", "AccountMismatch", ("account_proof",), m.second["account_proof"])
    absent, slot = b"\x42" * 20, head_slot(bytes(32))
    yield (
        "a proof that there is no such contract",
        "account-absent",
        "AccountMismatch",
        _each(
            _set("contract", value="0x" + absent.hex()),
            lambda evidence: evidence.update(m.prove(absent, slot)),
        ),
    )
    yield (
        "the proof of an account without code",
        "account-without-code",
        "CodeMismatch",
        _each(
            _set("contract", value="0x" + m.sender.hex()),
            lambda evidence: evidence.update(m.prove(m.sender, slot)),
        ),
    )
    yield (
        "another contract than the proof is about",
        "account-other-contract",
        "AccountMismatch",
        _set("contract", value=m.other_registry["contract"]),
    )
    yield "another code hash than the account has", "code-hash-other", "CodeMismatch", _set("code_hash", value=_flip)
    yield (
        "the account of another block",
        "account-of-other-block",
        "AccountMismatch",
        _set("account_proof", value=m.first["account_proof"]),
    )


def _storage(m: Material) -> Iterator[Attack]:
    (honest,) = m.second["storage_proof"]
    path = ("storage_proof", 0, "proof")
    yield from _proof_attacks("storage", "StorageMismatch", path, honest["proof"])
    yield (
        "another value than the proof has",
        "storage-other-value",
        "StorageMismatch",
        _set("storage_proof", 0, "value", value=_flip),
    )
    yield (
        "zero is claimed, a value is proven",
        "storage-zero-claimed",
        "StorageMismatch",
        _set("storage_proof", 0, "value", value="0x" + "00" * 32),
    )
    yield (
        "the value shifted: a leading zero too few",
        "storage-value-shifted",
        "StorageMismatch",
        _set("storage_proof", 0, "value", value=lambda text: "0x00" + text[2:-2]),
    )
    yield (
        "another key over the same proof",
        "storage-other-key",
        "StorageMismatch",
        _set("storage_proof", 0, "key", value=m.other_ledger["storage_proof"][0]["key"]),
    )
    yield (
        "a true proof of another ledger's slot",
        "storage-of-other-ledger",
        "StorageMismatch",
        _set("storage_proof", value=m.other_ledger["storage_proof"]),
    )
    yield (
        "the proof of another block",
        "storage-of-other-block",
        "StorageMismatch",
        _set("storage_proof", value=m.first["storage_proof"]),
    )
    silent = sha256(m.silent_origin.encode()).digest()
    registry = bytes.fromhex(m.second["contract"][2:])
    absent = m.prove(registry, head_slot(silent))["storage_proof"]
    yield (
        "an honest proof that another slot is absent",
        "storage-absent-slot",
        "StorageMismatch",
        _set("storage_proof", value=absent),
    )
    yield "no storage proof", "storage-none", "StorageMismatch", _set("storage_proof", value=[])
    yield "nine storage proofs", "storage-too-many", "LimitExceeded", _set("storage_proof", value=[honest] * 9)
    yield (
        "a false word beside the true one",
        "storage-false-companion",
        "StorageMismatch",
        _set("storage_proof", value=[honest, {**honest, "value": "0x" + "11" * 32}]),
    )


def _claim(m: Material) -> Iterator[Attack]:
    for name in ("prev_head", "root", "meta", "head"):
        yield (
            f"claim: another {name}",
            f"claim-other-{name.replace('_', '-')}",
            "HeadMismatch",
            _set("claim", name, value=_flip),
        )
    for name in ("seq", "size"):
        yield (
            f"claim: another {name}",
            f"claim-other-{name}",
            "HeadMismatch",
            _set("claim", name, value=lambda number: number + 1),
        )
    yield (
        "the claim of the anchor before",
        "claim-of-older-anchor",
        "HeadMismatch",
        _set("claim", value=m.first["claim"]),
    )
    yield (
        "another chain id: the head binds it",
        "claim-other-chain-id",
        "HeadMismatch",
        _set("chain", "chain_id", value="1"),
    )


def _format() -> Iterator[Attack]:
    def bad(about: str, name: str, *path: Any, value: Any, expect: str = "Malformed") -> Attack:
        return about, f"format-{name}", expect, _set(*path, value=value)

    yield bad("version 2", "version-2", "v", value=2, expect="UnsupportedVersion")
    yield bad("the version as a text", "version-text", "v", value="1", expect="UnsupportedVersion")
    yield bad("the version as true", "version-true", "v", value=True)
    yield bad("an unknown state", "state", "state", value="archived")
    yield bad("an unknown time unit", "time-unit", "block", "timestamp_unit", value="us")
    yield bad("chain id 0", "chain-id-zero", "chain", "chain_id", value="0")
    yield bad("chain id as a number", "chain-id-number", "chain", "chain_id", value=1)
    yield bad("chain id with a plus", "chain-id-plus", "chain", "chain_id", value="+1")
    yield bad("chain id with a leading zero", "chain-id-leading-zero", "chain", "chain_id", value="01")
    yield bad("chain id with an underscore", "chain-id-underscore", "chain", "chain_id", value="4_2")
    yield bad("chain id in Arabic digits", "chain-id-arabic", "chain", "chain_id", value="\u0664\u0662")
    yield bad("chain id above uint256", "chain-id-too-large", "chain", "chain_id", value=str(2**256))
    yield bad("seq 0", "seq-zero", "claim", "seq", value=0)
    yield bad("seq true", "seq-true", "claim", "seq", value=True)
    yield bad("size -1", "size-negative", "claim", "size", value=-1)
    yield bad("size as a float", "size-float", "claim", "size", value=12.0)
    yield bad("size above 2^53-1", "size-too-large", "claim", "size", value=2**53)
    yield bad("hexadecimal in capitals", "hex-capitals", "claim", "root", value=lambda text: "0x" + text[2:].upper())
    yield bad("hexadecimal without 0x", "hex-without-prefix", "claim", "root", value=lambda text: text[2:])
    yield bad("a root of 31 bytes", "root-short", "claim", "root", value=lambda text: text[:-2])
    yield bad("an odd number of digits", "hex-odd", "claim", "root", value=lambda text: text[:-1])
    yield bad("a contract of 21 bytes", "contract-long", "contract", value=lambda text: text + "00")
    yield bad("a local time", "time-local", "captured_at", value="2026-11-23T08:00:00")
    yield bad("proof nodes as one text", "nodes-text", "account_proof", value="0x00")
    yield bad("a proof node as a number", "node-number", "account_proof", 0, value=7)
    yield bad("no chain", "chain-null", "chain", value=None)
    yield "an unknown member", "format-extra-member", "Malformed", _add
    yield "a missing member", "format-missing-member", "Malformed", lambda evidence: evidence.pop("tx_hash")


def _add(evidence: Evidence) -> None:
    evidence["note"] = "trust me"


def _policies(m: Material) -> Iterator[tuple[str, Case]]:
    honest = _case(m, "", m.second, None)["policy"]

    def policy(about: str, expect: str, **changes: Any) -> Case:
        return _case(m, about, m.second, expect, policy=honest | changes)

    yield "policy-other-chain", policy("the verifier trusts another chain", "ChainMismatch", chain_id="1")
    yield (
        "policy-other-contract",
        policy("the verifier trusts another registry", "ChainMismatch", contract=m.other_registry["contract"]),
    )
    yield "policy-other-code", policy("the verifier pins other code", "ChainMismatch", code_hash="0x" + "00" * 32)
    yield (
        "policy-unknown-header",
        policy("a header that the verifier does not know: unknown, not wrong", "MissingEvidence", trusted_headers=[]),
    )
    yield "policy-true-evidence-of-another-registry", _case(
        m, "everything holds, but in another registry than the verifier's", m.other_registry, "ChainMismatch",
        checkpoint=_checkpoint(m.other_registry),
    )  # fmt: skip
    yield (
        "checkpoint-other-size",
        _case(m, "true evidence beside another checkpoint", m.second, "ClaimMismatch", checkpoint=_checkpoint(m.first)),
    )
    yield (
        "ledger-other",
        _case(
            m,
            "true evidence of another ledger",
            m.second,
            "StorageMismatch",
            ledger_id=_ledger_id("ledger.example.com/other"),
        ),
    )
