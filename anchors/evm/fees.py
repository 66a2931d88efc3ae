"""What a transaction offers to pay, by the profile's fee mode, and the hard cap on it."""

from __future__ import annotations

from dataclasses import dataclass

from anchors.errors import ChainUnavailable, FeeCapExceeded, InsufficientFunds
from anchors.evm.node import EvmNode
from anchors.profile import ChainProfile, FeeMode

ANCHOR_GAS = 160_000
"""Above a first anchor (about 80,000) with a checkpoint slot; unused gas is not paid."""
GAS_PER_PROOF_HASH = 4_000
"""About 1,100 for hashing and 512 to 1,280 for calldata (EIP-7623), with room."""


@dataclass(frozen=True, slots=True)
class Fee:
    """Price per gas in wei. `tip` is None for transactions with one gas price."""

    cap: int
    tip: int | None


def anchor_gas(proof_hashes: int) -> int:
    """Gas limit of an anchor. A bound instead of an estimate: estimation is one more answer that can be wrong."""
    return ANCHOR_GAS + GAS_PER_PROOF_HASH * proof_hashes


def quote(node: EvmNode, profile: ChainProfile) -> Fee:
    """Return the fee to offer now; raises `FeeCapExceeded` above the profile's cap.

    EIP-1559: cap = tip + 2 x base fee, which outlasts six full blocks of rising base fee.
    """
    if profile.fees is FeeMode.ZERO:
        return Fee(0, None)
    fee = _dynamic(node) if profile.fees is FeeMode.DYNAMIC else Fee(node.gas_price(), None)
    if profile.max_fee_per_gas and fee.cap > profile.max_fee_per_gas:
        raise FeeCapExceeded(f"{fee.cap} wei per gas asked, cap {profile.max_fee_per_gas}")
    return fee


def _dynamic(node: EvmNode) -> Fee:
    newest = node.block()
    if newest is None or newest.base_fee is None:
        raise ChainUnavailable("the newest block has no base fee: is the fee mode 1559 right for this chain?")
    tip = node.suggested_tip()
    return Fee(tip + 2 * newest.base_fee, tip)


def require_funds(node: EvmNode, sender: bytes, gas: int, fee: Fee) -> None:
    """Raise `InsufficientFunds` unless the sender can pay the most that the transaction may cost."""
    cost = gas * fee.cap
    if cost and (balance := node.balance(sender)) < cost:
        raise InsufficientFunds(f"0x{sender.hex()} has {balance} wei, the transaction may cost {cost}")
