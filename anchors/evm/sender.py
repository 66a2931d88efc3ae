"""Build and sign transactions through the signer port; send administrative ones and wait for their outcome."""

from __future__ import annotations

import time
from collections.abc import Callable

from anchors.errors import CallReverted, ChainUnavailable, WrongChain
from anchors.evm.fees import Fee, quote, require_funds
from anchors.evm.node import EvmNode
from anchors.evm.signer import checked_signature
from anchors.ports import SignedTransaction, Signer, TxReceipt
from anchors.profile import ChainProfile
from evidence.anchor import keccak256
from evidence.anchor.rlp import Encodable, encode, encode_int

DYNAMIC_FEE_TYPE = b"\x02"
"""EIP-1559 transaction type."""
RECEIPT_POLLS = 200


def sign_transaction(
    signer: Signer, *, chain_id: int, nonce: int, fee: Fee, gas: int, to: bytes, data: bytes
) -> SignedTransaction:
    """Return a signed transaction without value, bound to `chain_id`; `to` is empty for a deployment.

    With a tip it is of type 2 (EIP-1559), without one a replay-protected legacy transaction (EIP-155).
    """
    if chain_id <= 0:
        raise WrongChain("a transaction is only signed for a chain id above 0")
    if fee.tip is not None:
        return _dynamic(signer, chain_id, nonce, fee.cap, fee.tip, gas, to, data)
    body: list[Encodable] = [encode_int(nonce), encode_int(fee.cap), encode_int(gas), to, b"", data]
    digest = keccak256(encode([*body, encode_int(chain_id), b"", b""]))
    r, s, parity = checked_signature(signer, digest)
    raw = encode([*body, encode_int(35 + 2 * chain_id + parity), encode_int(r), encode_int(s)])
    return SignedTransaction(raw, keccak256(raw))


def _dynamic(
    signer: Signer, chain_id: int, nonce: int, cap: int, tip: int, gas: int, to: bytes, data: bytes
) -> SignedTransaction:
    numbers = [encode_int(n) for n in (chain_id, nonce, tip, cap, gas)]
    body: list[Encodable] = [*numbers, to, b"", data, []]
    r, s, parity = checked_signature(signer, keccak256(DYNAMIC_FEE_TYPE + encode(body)))
    raw = DYNAMIC_FEE_TYPE + encode([*body, encode_int(parity), encode_int(r), encode_int(s)])
    return SignedTransaction(raw, keccak256(raw))


def require_chain(node: EvmNode, profile: ChainProfile) -> None:
    """Raise `WrongChain` unless the node serves the profile's chain."""
    if (found := node.chain_id()) != profile.chain_id:
        raise WrongChain(f"profile {profile.name} is for chain {profile.chain_id}, the node serves {found}")


def _short_pause() -> None:
    time.sleep(0.1)


def transact(
    node: EvmNode,
    signer: Signer,
    profile: ChainProfile,
    *,
    to: bytes,
    data: bytes,
    gas: int,
    pause: Callable[[], None] = _short_pause,
) -> TxReceipt:
    """Send one administrative transaction and wait until it is mined.

    Not for anchors: nothing is written ahead, so a crash may leave it done or not done. Callers therefore look at the
    contract first and only do what is missing. `pause` passes the time between two looks for the block. Raises
    `CallReverted` if it reverts and `ChainUnavailable` if it is not mined in time.
    """
    require_chain(node, profile)
    fee = quote(node, profile)
    require_funds(node, signer.address, gas, fee)
    if to:
        node.call(to, data, sender=signer.address)
    nonce = node.nonce(signer.address)
    signed = sign_transaction(signer, chain_id=profile.chain_id, nonce=nonce, fee=fee, gas=gas, to=to, data=data)
    node.send_raw(signed.raw_tx)
    return _wait(node, signed.tx_hash, pause)


def _wait(node: EvmNode, tx_hash: bytes, pause: Callable[[], None]) -> TxReceipt:
    for _ in range(RECEIPT_POLLS):
        receipt = node.tx_receipt(tx_hash)
        if receipt is not None:
            if not receipt.succeeded:
                raise CallReverted("Reverted", (tx_hash,))
            return receipt
        pause()
    raise ChainUnavailable(f"transaction 0x{tx_hash.hex()} is not mined yet")
