"""The chains that the one suite runs on, behind the same handles: fake, embedded, Anvil."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from anchors.driver import AnchorDriver
from anchors.evm.chain import EvmChain
from anchors.evm.client import JsonRpcNode
from anchors.evm.deploy import add_publisher, deploy_registry, open_ledger
from anchors.evm.embedded import EmbeddedNode
from anchors.evm.registry import anchor_calldata
from anchors.evm.sender import transact
from anchors.evm.signer import LocalSigner
from anchors.evm.transport import JsonRpc
from anchors.model import Anchor, AnchorTarget
from anchors.ports import AnchorCall, AnchorStore, ChainPort
from anchors.profile import ANVIL, EMBEDDED, FinalityPolicy
from evidence.anchor import keccak256, ledger_id
from evidence.merkle.tree import MerkleTree
from tests.fakes.anchor_store import MemoryAnchorStore
from tests.fakes.chain import FakeChain
from tests.fakes.clock import FakeClock

LEDGER = "demo"
# Two blocks upon the anchor's: so that "mined" and "final" are two moments on every chain of the suite.
FINALITY = FinalityPolicy.parse("depth:2")


# Anvil's second published account. Giving an account money by `anvil_setBalance` instead would change the newest
# block's state behind its header, and Anvil's proofs for that block would be worth nothing.
ANOTHER_FUNDED_KEY = bytes.fromhex("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")


class Backend(Protocol):
    """One running chain with a deployed registry."""

    def open(self, ledger: bytes) -> ChainPort:
        """A fresh connection, as after a restart; the ledger is open for its sender."""

    def mine(self, blocks: int) -> None: ...

    def anchor_by_other(self, ledger: bytes, call: AnchorCall) -> None:
        """Another publisher of the same ledger anchors."""


class FakeBackend:
    """The chain in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.chain = FakeChain(clock.now)

    def open(self, ledger: bytes) -> ChainPort:
        del ledger
        return self.chain

    def mine(self, blocks: int) -> None:
        self.chain.mine(blocks)

    def anchor_by_other(self, ledger: bytes, call: AnchorCall) -> None:
        self.chain.anchor_by_other(ledger, call.size, call.root)


class EmbeddedBackend:
    """The embedded chain; each `open` closes the file and reads it again."""

    profile = replace(EMBEDDED, finality=FINALITY)

    def __init__(self, path: Path, clock: FakeClock, target: AnchorTarget | None = None) -> None:
        self.path, self._clock = path, clock
        self.signer = LocalSigner(keccak256(b"publisher"))
        self.node = EmbeddedNode(path, clock.now)
        self.target = target or deploy_registry(self.node, self.signer, self.profile)

    def open(self, ledger: bytes) -> ChainPort:
        self.node.close()
        self.node = EmbeddedNode(self.path, self._clock.now)
        open_ledger(self.node, self.signer, self.profile, self.target, ledger, self.signer.address)
        return EvmChain(self.node, self.profile, self.target, self.signer)

    def mine(self, blocks: int) -> None:
        self.node.mine(blocks)

    def anchor_by_other(self, ledger: bytes, call: AnchorCall) -> None:
        other = LocalSigner(keccak256(b"another publisher"))
        add_publisher(self.node, self.signer, self.profile, self.target, ledger, other.address)
        transact(self.node, other, self.profile, to=self.target.contract, data=anchor_calldata(call), gas=300_000)


class AnvilBackend:
    """An Anvil process that is already running."""

    profile = replace(ANVIL, finality=FINALITY)

    def __init__(self, url: str, key: bytes) -> None:
        self.url, self.signer, self._rpc = url, LocalSigner(key), JsonRpc(url)
        self.node = JsonRpcNode(url)
        self.target: AnchorTarget = deploy_registry(self.node, self.signer, self.profile)

    def open(self, ledger: bytes) -> ChainPort:
        open_ledger(self.node, self.signer, self.profile, self.target, ledger, self.signer.address)
        return EvmChain(JsonRpcNode(self.url), self.profile, self.target, self.signer)

    def mine(self, blocks: int) -> None:
        self._rpc.ask("anvil_mine", hex(blocks))

    def anchor_by_other(self, ledger: bytes, call: AnchorCall) -> None:
        other = LocalSigner(ANOTHER_FUNDED_KEY)
        add_publisher(self.node, self.signer, self.profile, self.target, ledger, other.address)
        transact(self.node, other, self.profile, to=self.target.contract, data=anchor_calldata(call), gas=300_000)


@dataclass
class Log:
    """A growing log; its consistency proofs are real."""

    tree: MerkleTree = field(default_factory=MerkleTree)

    def grow(self, entries: int) -> tuple[int, bytes]:
        """Append entries and return the new checkpoint (size, root)."""
        for _ in range(entries):
            self.tree.append(hashlib.sha256(self.tree.size.to_bytes(8, "big")).digest())
        return self.tree.size, self.tree.root()

    def consistency_proof(self, ledger: str, old_size: int, new_size: int) -> Sequence[bytes]:
        del ledger
        return self.tree.consistency_proof(old_size, new_size) if 0 < old_size < new_size else []

    def root_at(self, ledger: str, size: int) -> bytes | None:
        del ledger
        return self.tree.root(size) if 0 < size <= self.tree.size else None


@dataclass
class World:
    """A chain, a log, a store and a clock; `driver` is a worker process."""

    backend: Backend
    origin: str
    clock: FakeClock
    log: Log = field(default_factory=Log)
    store: MemoryAnchorStore = field(default_factory=MemoryAnchorStore)
    alerts: list[tuple[Anchor, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger_id = ledger_id(self.origin)
        self.chain = self.backend.open(self.ledger_id)
        self.first_nonce = self.chain.nonce()

    def restart(self) -> None:
        """The process is gone; the next one opens everything anew. A dead worker's lease has run out."""
        self.clock.advance(minutes=2)
        self.chain = self.backend.open(self.ledger_id)

    def driver(
        self, *, store: AnchorStore | None = None, chain: ChainPort | None = None, holder: str = "worker"
    ) -> AnchorDriver:
        return AnchorDriver(
            chain or self.chain,
            store or self.store,
            self.log,
            self.clock.now,
            holder=holder,
            on_alert=lambda anchor, reason: self.alerts.append((anchor, reason)),
        )

    def plan(self, driver: AnchorDriver) -> Anchor | None:
        """Plan the newest checkpoint."""
        return driver.plan(LEDGER, self.ledger_id, self.log.tree.size, self.log.tree.root())

    def run_to_the_end(self, driver: AnchorDriver, *, rounds: int = 6) -> list[Anchor]:
        """Plan and advance, with blocks and minutes passing, until every anchor is archived or the rounds are over."""
        for _ in range(rounds):
            self.plan(driver)
            driver.advance(LEDGER)
            if not self.store.unfinished(LEDGER, self.chain.target.chain):
                break
            self.backend.mine(2)
            self.clock.advance(minutes=3)
        return sorted(self.store.anchors.values(), key=lambda anchor: anchor.seq)

    def effects(self) -> int:
        """Transactions of the publisher that were mined since the world began."""
        return self.chain.nonce() - self.first_nonce


MakeWorld = Callable[[], World]
