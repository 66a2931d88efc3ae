"""Anchors, attempts and targets as rows, and back. Hashes and addresses of the chain are 0x-hexadecimal text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from anchors.model import Anchor, AnchorState, AnchorTarget, Attempt
from anchors.profile import ChainProfile, parse_profile
from evidence.encoding import hex_decode, hex_encode


@dataclass(frozen=True, slots=True)
class ConfiguredTarget:
    """A registry that this service anchors to, and how it is reached."""

    target: AnchorTarget
    profile: ChainProfile
    rpc: str | None
    """JSON-RPC endpoint; None is the embedded chain."""
    admin: str
    """Slug of the ledger whose publisher key administers the registry; empty when somebody else does."""
    follows: str = ""
    """Chain name of the target whose registry was lost and which this one follows; empty for a first one."""


def anchor_values(anchor: Anchor) -> dict[str, Any]:
    """The columns of `anchors`; the ledger's id on chain stands in `ledgers`."""
    return {
        "ledger": anchor.ledger,
        "chain": anchor.chain,
        "seq": anchor.seq,
        "state": str(anchor.state),
        "size": anchor.size,
        "root": anchor.root,
        "meta": anchor.meta,
        "prev_head": anchor.prev_head,
        "head": anchor.head,
        "tx_hash": _text(anchor.tx_hash),
        "block_number": anchor.block_number,
        "block_hash": _text(anchor.block_hash),
        "evidence": anchor.evidence,
        "planned_at": anchor.planned_at,
        "updated_at": anchor.updated_at,
    }


def read_anchor(row: Row[Any]) -> Anchor:
    """An anchor from its row joined with `ledgers.ledger_id`. Raises ValueError or Malformed for a damaged row."""
    return Anchor(
        ledger=row.ledger,
        chain=row.chain,
        ledger_id=row.ledger_id,
        seq=row.seq,
        state=AnchorState(row.state),
        size=row.size,
        root=row.root,
        meta=row.meta,
        prev_head=row.prev_head,
        head=row.head,
        planned_at=row.planned_at,
        updated_at=row.updated_at,
        tx_hash=_bytes(row.tx_hash),
        block_number=row.block_number,
        block_hash=_bytes(row.block_hash),
        evidence=row.evidence,
    )


def attempt_values(attempt: Attempt) -> dict[str, Any]:
    """The columns of `anchor_attempts`."""
    return {
        "chain": attempt.chain,
        "sender": hex_encode(attempt.sender),
        "nonce": attempt.nonce,
        "attempt": attempt.attempt,
        "ledger": attempt.ledger,
        "seq": attempt.seq,
        "raw_tx": attempt.raw_tx,
        "tx_hash": hex_encode(attempt.tx_hash),
        "expected_head": attempt.expected_head,
        "created_at": attempt.created_at,
        "sent_at": attempt.sent_at,
    }


def read_attempt(row: Row[Any]) -> Attempt:
    """An attempt from its row."""
    return Attempt(
        chain=row.chain,
        sender=hex_decode(row.sender, 20),
        nonce=row.nonce,
        attempt=row.attempt,
        ledger=row.ledger,
        seq=row.seq,
        raw_tx=row.raw_tx,
        tx_hash=hex_decode(row.tx_hash, 32),
        expected_head=row.expected_head,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )


def target_values(configured: ConfiguredTarget) -> dict[str, Any]:
    """The columns of `anchor_targets`."""
    target = configured.target
    profile = {"profile": configured.profile.to_json(), "rpc": configured.rpc, "admin": configured.admin}
    if configured.follows:
        profile["follows"] = configured.follows
    return {
        "chain": target.chain,
        "chain_id": str(target.chain_id),
        "contract": hex_encode(target.contract),
        "code_hash": hex_encode(target.code_hash),
        "profile": json.dumps(profile, sort_keys=True, separators=(",", ":")),
    }


def read_target(row: Row[Any]) -> ConfiguredTarget:
    """A target from its row. Raises ValueError, Malformed or MalformedProfile for a damaged row."""
    profile = json.loads(row.profile)
    if not isinstance(profile, dict) or set(profile) - {"follows"} != {"profile", "rpc", "admin"}:
        raise ValueError("the profile of an anchor target has profile, rpc and admin, and may have follows")
    target = AnchorTarget(row.chain, int(row.chain_id), hex_decode(row.contract, 20), hex_decode(row.code_hash, 32))
    follows = str(profile.get("follows", ""))
    return ConfiguredTarget(target, parse_profile(profile["profile"]), profile["rpc"], profile["admin"], follows)


def _text(value: bytes | None) -> str | None:
    return None if value is None else hex_encode(value)


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else hex_decode(value, 32)
