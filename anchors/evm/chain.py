"""The chain port over an EVM node: one registry, one sender."""

from __future__ import annotations

from anchors.errors import WrongChain
from anchors.evm.fees import anchor_gas, quote, require_funds
from anchors.evm.node import EvmNode
from anchors.evm.registry import Registry, anchor_calldata
from anchors.evm.sender import require_chain, sign_transaction
from anchors.model import AnchorTarget
from anchors.ports import AnchorCall, RegistryHead, SignedTransaction, Signer, StateProof, Tip, TxReceipt
from anchors.profile import ChainProfile
from evidence.anchor import BlockRef, keccak256
from evidence.anchor.layout import head_slot


class EvmChain:
    """See `anchors.ports.ChainPort`."""

    def __init__(self, node: EvmNode, profile: ChainProfile, target: AnchorTarget, signer: Signer) -> None:
        """Touches nothing: an unreachable chain shows at the first call.

        Raises `WrongChain` if profile and target differ.
        """
        if (profile.name, profile.chain_id) != (target.chain, target.chain_id):
            raise WrongChain(f"profile {profile.name} ({profile.chain_id}), target {target.chain} ({target.chain_id})")
        self._node, self._profile, self._target, self._signer = node, profile, target, signer
        self._registry = Registry(node, target.contract)

    @property
    def profile(self) -> ChainProfile:
        """The chain's profile."""
        return self._profile

    @property
    def target(self) -> AnchorTarget:
        """The registry that is anchored to."""
        return self._target

    @property
    def sender(self) -> bytes:
        """Address of the signer, 20 bytes."""
        return self._signer.address

    def tip(self) -> Tip:
        """The chain's newest block."""
        return self._node.tip()

    def block_hash(self, number: int) -> bytes | None:
        """Hash of the canonical block of this number."""
        block = self._node.block(number)
        return None if block is None else block.hash

    def head(self, ledger_id: bytes, *, block: int | None = None) -> RegistryHead:
        """The ledger's head after a block."""
        return self._registry.head_of(ledger_id, block)

    def nonce(self) -> int:
        """Mined transactions of the sender."""
        return self._node.nonce(self.sender)

    def sign(self, call: AnchorCall, nonce: int) -> SignedTransaction:
        """Pre-flight, then sign: chain id, pinned code, simulation from the sender, fee cap, funds, in this order.

        The simulation finds what would be paid for in vain: no publisher, paused, frozen, proof refused.
        """
        self._require_target()
        data = anchor_calldata(call)
        self._node.call(self._target.contract, data, sender=self.sender)
        gas, fee = anchor_gas(len(call.consistency_proof)), quote(self._node, self._profile)
        require_funds(self._node, self.sender, gas, fee)
        return sign_transaction(
            self._signer,
            chain_id=self._profile.chain_id,
            nonce=nonce,
            fee=fee,
            gas=gas,
            to=self._target.contract,
            data=data,
        )

    def send(self, raw_tx: bytes) -> None:
        """Hand the bytes to the node."""
        self._node.send_raw(raw_tx)

    def tx_receipt(self, tx_hash: bytes) -> TxReceipt | None:
        """Where the transaction was mined."""
        return self._node.tx_receipt(tx_hash)

    def prove(self, ledger_id: bytes, block: int) -> StateProof:
        """Header and EIP-1186 proofs of the ledger's head. Raises `WrongChain` for a block that the chain lacks."""
        found = self._node.block(block)
        if found is None:
            raise WrongChain(f"block {block} is not on this chain")
        proof = self._node.proof(self._target.contract, [head_slot(ledger_id)], block)
        reference = BlockRef(found.number, found.hash, found.timestamp, self._profile.timestamp_unit, found.header_rlp)
        return StateProof(reference, proof.account_proof, proof.storage_proof)

    def _require_target(self) -> None:
        require_chain(self._node, self._profile)
        found = keccak256(self._node.code(self._target.contract))
        if found != self._target.code_hash:
            raise WrongChain(f"code hash: pinned {self._target.code_hash.hex()}, found {found.hex()}")
