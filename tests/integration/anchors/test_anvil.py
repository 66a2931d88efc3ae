"""What only a real node does: it reorganises, has a fee market, and tags what is final."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from anchors.errors import ChainUnavailable, InsufficientFunds
from anchors.evm.anvil import FUNDED_KEY, find_anvil, running_anvil
from anchors.evm.chain import EvmChain
from anchors.evm.deploy import add_publisher, deploy_registry
from anchors.evm.signer import LocalSigner
from anchors.evm.transport import JsonRpc
from anchors.model import AnchorState
from anchors.profile import ANVIL, FinalityPolicy
from evidence.anchor import keccak256
from tests.behaviour.anchors.worlds import LEDGER, AnvilBackend, World
from tests.fakes.clock import FakeClock
from tests.support import REPOSITORY


@pytest.fixture
def backend() -> Iterator[AnvilBackend]:
    """An Anvil of its own for each test: a reorganised chain is nothing to share."""
    binary = find_anvil(REPOSITORY)
    if binary is None:
        pytest.skip("needs anvil: `npm ci` in contracts/, or an anvil on the search path")
    with running_anvil(binary) as url:
        yield AnvilBackend(url, FUNDED_KEY)


@pytest.fixture
def world(backend: AnvilBackend) -> World:
    return World(backend, "ledger.example.com/anvil", FakeClock())


def test_a_block_that_leaves_the_chain_takes_the_anchor_along_and_it_is_sent_again(
    world: World, backend: AnvilBackend
) -> None:
    world.log.grow(5)
    driver = world.driver()
    world.plan(driver)
    driver.advance(LEDGER)
    (mined,) = driver.advance(LEDGER)
    assert mined.state is AnchorState.MINED
    JsonRpc(backend.url).ask("anvil_reorg", 1, [])
    assert world.chain.head(world.ledger_id).seq == 0
    driver.advance(LEDGER)
    (anchor,) = world.run_to_the_end(driver)
    assert (anchor.state, anchor.head) == (AnchorState.ARCHIVED, mined.head)
    assert anchor.block_hash != mined.block_hash
    assert (world.effects(), len(world.store.signed)) == (1, 1)
    assert any("left the chain" in reason for _, reason in world.alerts)


def test_finality_by_the_nodes_tag(backend: AnvilBackend) -> None:
    backend.profile = replace(ANVIL, finality=FinalityPolicy.parse("finalized"))
    world = World(backend, "ledger.example.com/finalized", FakeClock())
    world.log.grow(5)
    driver = world.driver()
    world.plan(driver)
    driver.advance(LEDGER)
    assert [a.state for a in driver.advance(LEDGER)] == [AnchorState.MINED]
    backend.mine(70)
    assert [a.state for a in driver.advance(LEDGER)] == [AnchorState.ARCHIVED]


def test_a_sender_without_money_is_held_and_goes_on_once_it_is_funded(backend: AnvilBackend) -> None:
    world = World(backend, "ledger.example.com/poor", FakeClock())
    poor = LocalSigner(keccak256(b"a poor publisher"))
    add_publisher(backend.node, backend.signer, backend.profile, backend.target, world.ledger_id, poor.address)
    world.chain = EvmChain(backend.node, backend.profile, backend.target, poor)
    world.first_nonce = 0
    world.log.grow(5)
    driver = world.driver()
    world.plan(driver)
    assert [a.state for a in driver.advance(LEDGER)] == [AnchorState.HELD]
    assert world.alerts[0][1].startswith("InsufficientFunds")
    JsonRpc(backend.url).ask("anvil_setBalance", "0x" + poor.address.hex(), hex(10**18))
    backend.mine(1)
    world.clock.advance(minutes=6)
    (anchor,) = world.run_to_the_end(driver)
    assert (anchor.state, world.effects()) == (AnchorState.ARCHIVED, 1)


def test_a_deployment_without_money_is_refused_before_it_is_sent(backend: AnvilBackend) -> None:
    with pytest.raises(InsufficientFunds):
        deploy_registry(backend.node, LocalSigner(keccak256(b"nobody")), backend.profile)


def test_a_node_that_is_gone_is_unavailable_and_loses_nothing() -> None:
    binary = find_anvil(REPOSITORY)
    if binary is None:
        pytest.skip("needs anvil: `npm ci` in contracts/, or an anvil on the search path")
    with running_anvil(binary) as url:
        world = World(AnvilBackend(url, FUNDED_KEY), "ledger.example.com/gone", FakeClock())
        world.log.grow(5)
        driver = world.driver()
        world.plan(driver)
    with pytest.raises(ChainUnavailable):
        driver.advance(LEDGER)
    assert [anchor.state for anchor in world.store.anchors.values()] == [AnchorState.PLANNED]
