"""Set a registry up: deploy it, open ledgers, add publishers. Each step looks first and does only what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi import encode  # type: ignore[attr-defined]

from anchors.errors import WrongChain
from anchors.evm.node import EvmNode
from anchors.evm.registry import ADD_PUBLISHER, OPEN_LEDGER, OPEN_LEDGER_WITH, Registry, artifact, calldata
from anchors.evm.sender import transact
from anchors.model import AnchorTarget
from anchors.ports import Signer
from anchors.profile import ChainProfile
from evidence.anchor import keccak256

DEPLOY_GAS = 5_000_000
ADMIN_GAS = 300_000


@dataclass(frozen=True, slots=True)
class Predecessor:
    """Where a ledger stood on the registry that this one follows: its last final head, and the tree under it."""

    head: bytes
    size: int
    """At least 1."""
    root: bytes


def runtime_code_hash() -> bytes:
    """Keccak-256 of the registry's runtime code as compiled: it has no immutables, so it is the same on every chain."""
    return keccak256(bytes.fromhex(artifact()["deployedBytecode"].removeprefix("0x")))


def deploy_registry(
    node: EvmNode, signer: Signer, profile: ChainProfile, *, admin: bytes | None = None
) -> AnchorTarget:
    """Deploy a registry whose administrator is `admin` (default: the signer) and pin its code hash.

    A crash after the transaction leaves a registry that nobody uses: harmless. Raises `WrongChain` if the code
    on chain is not the compiled one.
    """
    creation = bytes.fromhex(artifact()["bytecode"].removeprefix("0x"))
    data = creation + bytes(encode(["address"], [admin or signer.address]))
    receipt = transact(node, signer, profile, to=b"", data=data, gas=DEPLOY_GAS)
    contract = node.contract_address(receipt.tx_hash)
    if contract is None or keccak256(node.code(contract)) != runtime_code_hash():
        raise WrongChain("the deployed code is not the compiled registry")
    return AnchorTarget(profile.name, profile.chain_id, contract, runtime_code_hash())


def open_ledger(
    node: EvmNode,
    signer: Signer,
    profile: ChainProfile,
    target: AnchorTarget,
    ledger_id: bytes,
    publisher: bytes,
    predecessor: Predecessor | None = None,
) -> bool:
    """Open a ledger with its first publisher; the signer is the registry's administrator.

    With a predecessor the first anchor builds upon its head and has to prove that the tree only grew. Returns False if
    it was open: then the publisher is only added when it is missing.
    """
    if Registry(node, target.contract).is_open(ledger_id):
        add_publisher(node, signer, profile, target, ledger_id, publisher)
        return False
    data = calldata(OPEN_LEDGER, ledger_id, publisher)
    if predecessor is not None:
        before = (predecessor.head, predecessor.size, predecessor.root)
        data = calldata(OPEN_LEDGER_WITH, ledger_id, publisher, True, *before)
    transact(node, signer, profile, to=target.contract, data=data, gas=ADMIN_GAS)
    return True


def add_publisher(
    node: EvmNode, signer: Signer, profile: ChainProfile, target: AnchorTarget, ledger_id: bytes, publisher: bytes
) -> bool:
    """Let an account anchor a ledger; returns False if it may already."""
    if Registry(node, target.contract).is_publisher(ledger_id, publisher):
        return False
    data = calldata(ADD_PUBLISHER, ledger_id, publisher)
    transact(node, signer, profile, to=target.contract, data=data, gas=ADMIN_GAS)
    return True
