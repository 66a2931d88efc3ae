"""One chain for the folder; each test gets the registry as it was deployed (snapshot and revert)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from eth_tester import EthereumTester

from tests.behaviour.contracts.support import ZERO, Contract, Outcome, domain, load_artifact, new_chain, next_head

LEDGER = b"\x01" * 32
OTHER_LEDGER = b"\x02" * 32


@dataclass
class World:
    """A deployed registry with one open ledger, and the accounts that act on it."""

    chain: EthereumTester
    registry: Contract
    chain_id: int
    admin: str
    publisher: str
    pauser: str
    stranger: str

    @property
    def domain(self) -> bytes:
        """The domain computed here, not asked of the contract."""
        return domain(self.chain_id, self.registry.address)

    def head_after(
        self, seq: int, previous: bytes, size: int, root: bytes, meta: bytes = ZERO, ledger: bytes = LEDGER
    ) -> bytes:
        """The head that this anchor must produce."""
        return next_head(self.domain, previous, ledger, seq, size, root, meta)

    def anchor(
        self,
        seq: int,
        previous: bytes,
        size: int,
        root: bytes,
        proof: list[bytes] | None = None,
        *,
        meta: bytes = ZERO,
        ledger: bytes = LEDGER,
        sender: str | None = None,
    ) -> Outcome:
        """Send one anchor as the publisher, unless another sender is named."""
        arguments = (ledger, seq, previous, size, root, meta, proof or [])
        return self.registry.send("anchor", *arguments, sender=sender or self.publisher)

    def head(self, ledger: bytes = LEDGER) -> bytes:
        """Current head as the contract tells it."""
        answer: bytes = self.registry.call("headOf", ledger)[0]
        return answer

    def pass_seconds(self, seconds: int) -> None:
        """Let chain time pass."""
        self.chain.time_travel(int(self.chain.get_block_by_number("pending")["timestamp"]) + seconds)


@pytest.fixture(scope="session")
def deployed() -> World:
    """Deploy once. The ledger is open with consistency proofs required."""
    chain = new_chain()
    admin, publisher, pauser, stranger = chain.get_accounts()[:4]
    registry = Contract(chain, load_artifact("AnchorRegistry"), [admin], admin)
    registry.send("setPauser", pauser)
    registry.send("openLedger", LEDGER, publisher)
    chain_id = int(chain.backend.chain.chain_id)
    return World(chain, registry, chain_id, admin, publisher, pauser, stranger)


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    """The deployed registry, put back after the test."""
    snapshot = deployed.chain.take_snapshot()
    yield deployed
    deployed.chain.revert_to_snapshot(snapshot)


@pytest.fixture(scope="session")
def harness() -> Contract:
    """The proof library, opened to tests."""
    chain = new_chain()
    return Contract(chain, load_artifact("Rfc6962Harness"), [], chain.get_accounts()[0])
