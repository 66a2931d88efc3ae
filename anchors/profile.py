"""Chain profiles: what differs between chains, as data. Probed against the node, never assumed from its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum
from typing import Literal, cast

from anchors.errors import MalformedProfile
from evidence.anchor import DEVELOPMENT_CHAIN
from evidence.encoding import parse_decimal
from evidence.errors import Malformed

EMBEDDED_CHAIN_ID = 131277322940537
"""Chain id of the embedded chain: no public chain has it, so a transaction signed here is worth nothing elsewhere."""
ANVIL_CHAIN_ID = 31337


class FeeMode(StrEnum):
    """How a transaction pays."""

    DYNAMIC = "1559"
    """EIP-1559: tip and cap."""
    LEGACY = "legacy"
    """One gas price (EIP-155 transaction)."""
    ZERO = "zero"
    """Free gas, as on many consortium chains: gas price 0."""


class FinalityKind(StrEnum):
    """What makes a block final for the sender."""

    DEVELOPMENT = "development"
    """At once; the chain gives no independent trust anyway."""
    FINALIZED = "finalized"
    """The node's `finalized` tag has passed the block."""
    DEPTH = "depth"
    """A number of blocks stand upon it."""
    QBFT = "qbft"
    """At once: a quorum of validators has sealed the block."""


@dataclass(frozen=True, slots=True)
class FinalityPolicy:
    """When a block counts as final; written as in a trust policy: development, finalized, depth:<n>, qbft."""

    kind: FinalityKind
    depth: int = 0
    """Blocks upon the block, only for `depth`, at least 1."""

    @classmethod
    def parse(cls, text: str) -> FinalityPolicy:
        """Read the written form; raise `MalformedProfile` for any other text."""
        if match := re.fullmatch(r"depth:([1-9][0-9]{0,5})", text, re.ASCII):
            return cls(FinalityKind.DEPTH, int(match[1]))
        if text in ("development", "finalized", "qbft"):
            return cls(FinalityKind(text))
        raise MalformedProfile(f"finality {text[:40]!r}: development, finalized, depth:<n> or qbft")

    def __str__(self) -> str:
        return f"depth:{self.depth}" if self.kind is FinalityKind.DEPTH else str(self.kind)

    def is_final(self, block: int, tip: int, finalized: int | None) -> bool:
        """Whether the block number is final when the chain's newest is `tip` and its finalized one is `finalized`."""
        if self.kind is FinalityKind.FINALIZED:
            return finalized is not None and block <= finalized
        return block + self.depth <= tip


@dataclass(frozen=True, slots=True)
class ChainProfile:
    """Everything about a chain that the worker must know."""

    name: str
    """Short name, used as a key: `embedded`, `anvil`, `besu-plant`."""
    title: str
    """For people. A development chain says here that it gives no independent trust."""
    chain_id: int
    """EIP-155 id, above 0. The node must report the same."""
    fees: FeeMode
    finality: FinalityPolicy
    timestamp_unit: Literal["s", "ms"] = "s"
    proof: Literal["eip1186"] = "eip1186"
    """Kind of state proof that the node serves."""
    max_fee_per_gas: int = 0
    """Hard cap in wei; 0 means no cap. Above it an anchor is held."""
    resend_after: timedelta = timedelta(seconds=120)
    """Pause before the identical bytes are sent again."""
    hold_for: timedelta = timedelta(seconds=300)
    """Pause before a held anchor is tried again."""

    def __post_init__(self) -> None:
        if self.chain_id <= 0:
            raise MalformedProfile("chain_id has to be above 0: with 0 a signature is valid on other chains")

    def to_json(self) -> dict[str, str]:
        """Return a flat JSON object of strings; times in whole seconds."""
        return {
            "name": self.name,
            "title": self.title,
            "chain_id": str(self.chain_id),
            "fees": str(self.fees),
            "finality": str(self.finality),
            "timestamp_unit": self.timestamp_unit,
            "proof": self.proof,
            "max_fee_per_gas": str(self.max_fee_per_gas),
            "resend_after": str(int(self.resend_after.total_seconds())),
            "hold_for": str(int(self.hold_for.total_seconds())),
        }


def parse_profile(value: object) -> ChainProfile:
    """Read the JSON object of `ChainProfile.to_json`; raise `MalformedProfile` for anything else."""
    names = {field.name for field in fields(ChainProfile)}
    if not isinstance(value, Mapping) or set(value) != names or not all(isinstance(v, str) for v in value.values()):
        raise MalformedProfile(f"a profile has exactly the text members {', '.join(sorted(names))}")
    text = cast(Mapping[str, str], value)
    if text["timestamp_unit"] not in ("s", "ms") or text["proof"] != "eip1186":
        raise MalformedProfile("timestamp_unit is s or ms, proof is eip1186")
    try:
        return ChainProfile(
            name=text["name"],
            title=text["title"],
            chain_id=parse_decimal(text["chain_id"], maximum=2**256 - 1),
            fees=FeeMode(text["fees"]),
            finality=FinalityPolicy.parse(text["finality"]),
            timestamp_unit="ms" if text["timestamp_unit"] == "ms" else "s",
            max_fee_per_gas=parse_decimal(text["max_fee_per_gas"], maximum=2**256 - 1),
            resend_after=timedelta(seconds=parse_decimal(text["resend_after"], maximum=10**9)),
            hold_for=timedelta(seconds=parse_decimal(text["hold_for"], maximum=10**9)),
        )
    except (ValueError, Malformed) as error:
        raise MalformedProfile(f"chain profile {text['name'][:40]!r}: {error}") from error


EMBEDDED = ChainProfile(
    name="embedded",
    title=f"Embedded EVM ({DEVELOPMENT_CHAIN})",
    chain_id=EMBEDDED_CHAIN_ID,
    fees=FeeMode.ZERO,
    finality=FinalityPolicy(FinalityKind.DEVELOPMENT),
)
ANVIL = ChainProfile(
    name="anvil",
    title=f"Anvil ({DEVELOPMENT_CHAIN})",
    chain_id=ANVIL_CHAIN_ID,
    fees=FeeMode.DYNAMIC,
    finality=FinalityPolicy(FinalityKind.DEVELOPMENT),
)
