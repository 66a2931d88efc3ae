"""Before anything is signed: the right chain, the right code, a price within the cap, money, and a sound signature."""

from __future__ import annotations

from dataclasses import replace

import pytest

from anchors.errors import (
    CallReverted,
    ChainUnavailable,
    FeeCapExceeded,
    InsufficientFunds,
    SigningFailed,
    WrongChain,
)
from anchors.evm.chain import EvmChain
from anchors.evm.deploy import open_ledger
from anchors.evm.fees import Fee, anchor_gas, quote, require_funds
from anchors.evm.node import Block, EvmNode
from anchors.evm.sender import sign_transaction, transact
from anchors.evm.signer import SECP256K1_ORDER, LocalSigner, checked_signature
from anchors.ports import AnchorCall
from anchors.profile import ANVIL, EMBEDDED, FeeMode
from evidence.anchor import keccak256
from tests.behaviour.anchors.worlds import EmbeddedBackend

KEY = LocalSigner(keccak256(b"publisher"))
DIGEST = keccak256(b"digest")


class HighSigner:
    """A device that returns s in the upper half, as many do."""

    address = KEY.address

    def sign_digest(self, digest: bytes) -> tuple[int, int, int]:
        r, s, parity = KEY.sign_digest(digest)
        return r, SECP256K1_ORDER - s, 1 - parity


class ForeignSigner:
    """A device that signs with another key than it says."""

    address = KEY.address

    def sign_digest(self, digest: bytes) -> tuple[int, int, int]:
        return LocalSigner(keccak256(b"another")).sign_digest(digest)


class BrokenSigner:
    """A device that returns rubbish."""

    address = KEY.address

    def sign_digest(self, digest: bytes) -> tuple[int, int, int]:
        return 0, 0, 5


def test_a_high_s_is_brought_down() -> None:
    assert checked_signature(HighSigner(), DIGEST) == KEY.sign_digest(DIGEST)


@pytest.mark.parametrize("signer", [ForeignSigner(), BrokenSigner()])
def test_a_signature_of_another_key_is_refused(signer: ForeignSigner | BrokenSigner) -> None:
    with pytest.raises(SigningFailed):
        checked_signature(signer, DIGEST)


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(32), b"\xff" * 32], ids=len)
def test_what_is_no_key_is_refused_without_being_quoted(key: bytes) -> None:
    with pytest.raises(SigningFailed, match=r"^not a secp256k1 private key$"):
        LocalSigner(key)


@pytest.mark.parametrize("chain_id", [0, -1])
def test_nothing_is_signed_without_a_chain_id(chain_id: int) -> None:
    with pytest.raises(WrongChain):
        sign_transaction(KEY, chain_id=chain_id, nonce=0, fee=Fee(0, None), gas=1, to=b"", data=b"")


class Market:
    """The part of a node that knows prices."""

    def __init__(self, base_fee: int | None, tip: int, balance: int) -> None:
        self.base_fee, self.tip, self.money = base_fee, tip, balance

    def block(self, number: int | None = None) -> Block | None:
        return Block(1, bytes(32), 0, b"", self.base_fee)

    def suggested_tip(self) -> int:
        return self.tip

    def gas_price(self) -> int:
        return self.tip

    def balance(self, address: bytes) -> int:
        return self.money


def market(base_fee: int | None = 100, tip: int = 10, balance: int = 0) -> EvmNode:
    return Market(base_fee, tip, balance)  # type: ignore[return-value]


def test_what_is_offered_in_each_mode() -> None:
    assert quote(market(), ANVIL) == Fee(210, 10)
    assert quote(market(), replace(ANVIL, fees=FeeMode.LEGACY)) == Fee(10, None)
    assert quote(market(), EMBEDDED) == Fee(0, None)
    with pytest.raises(ChainUnavailable, match="base fee"):
        quote(market(base_fee=None), ANVIL)


def test_the_cap_is_hard() -> None:
    assert quote(market(), replace(ANVIL, max_fee_per_gas=210)).cap == 210
    for fees in (FeeMode.DYNAMIC, FeeMode.LEGACY):
        with pytest.raises(FeeCapExceeded, match="cap 9"):
            quote(market(), replace(ANVIL, fees=fees, max_fee_per_gas=9))


def test_money_is_looked_at_before() -> None:
    require_funds(market(balance=1000), KEY.address, 10, Fee(100, None))
    require_funds(market(balance=0), KEY.address, 10, Fee(0, None))
    with pytest.raises(InsufficientFunds, match="999 wei"):
        require_funds(market(balance=999), KEY.address, 10, Fee(100, None))


def call(backend: EmbeddedBackend, **changes: object) -> AnchorCall:
    made = AnchorCall(keccak256(b"ledger"), 1, bytes(32), 5, b"\x11" * 32, bytes(32), ())
    return replace(made, **changes)  # type: ignore[arg-type]


def chain(backend: EmbeddedBackend, **target: object) -> EvmChain:
    changed = replace(backend.target, **target)  # type: ignore[arg-type]
    return EvmChain(backend.node, backend.profile, changed, backend.signer)


def test_other_code_at_the_address_stops_everything(embedded: EmbeddedBackend) -> None:
    with pytest.raises(WrongChain, match="code hash"):
        chain(embedded, code_hash=bytes(32)).sign(call(embedded), 0)
    with pytest.raises(WrongChain, match="code hash"):
        chain(embedded, contract=b"\x42" * 20).sign(call(embedded), 0)


def test_another_chain_behind_the_node_stops_everything(embedded: EmbeddedBackend) -> None:
    profile = replace(embedded.profile, chain_id=5)
    with pytest.raises(WrongChain, match="for chain 5"):
        transact(embedded.node, KEY, profile, to=b"", data=b"", gas=1)
    with pytest.raises(WrongChain):
        EvmChain(embedded.node, profile, embedded.target, embedded.signer)


def test_a_call_that_would_revert_is_not_signed(embedded: EmbeddedBackend) -> None:
    registry = chain(embedded)
    with pytest.raises(CallReverted, match="LedgerNotOpen"):
        registry.sign(call(embedded), 0)
    open_ledger(embedded.node, embedded.signer, embedded.profile, embedded.target, keccak256(b"ledger"), b"\x42" * 20)
    with pytest.raises(CallReverted, match="NotPublisher"):
        registry.sign(call(embedded), 0)
    assert not open_ledger(
        embedded.node, embedded.signer, embedded.profile, embedded.target, keccak256(b"ledger"), embedded.signer.address
    )
    with pytest.raises(CallReverted, match="SequenceMismatch"):
        registry.sign(call(embedded, seq=2), 0)
    assert registry.sign(call(embedded), 0).raw_tx


def test_the_gas_bound_holds_for_the_longest_proofs() -> None:
    # 62,043 gas were measured for 14 hashes; each further hash costs about 1,700 with its calldata.
    assert anchor_gas(14) > 62_043 * 2
    assert anchor_gas(64) - anchor_gas(14) > 50 * 1_700


def test_a_transaction_that_is_never_mined_is_given_up(
    embedded: EmbeddedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[None] = []
    monkeypatch.setattr(embedded.node, "tx_receipt", lambda tx_hash: None)
    with pytest.raises(ChainUnavailable, match="not mined"):
        transact(
            embedded.node, KEY, embedded.profile, to=b"", data=b"\0", gas=100_000, pause=lambda: pauses.append(None)
        )
    assert len(pauses) == 200
