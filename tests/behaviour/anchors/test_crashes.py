"""The worker dies at every edge; the next one finishes the work. On chain: exactly one effect, whatever happened."""

from __future__ import annotations

import json

import pytest

from anchors.driver import AnchorDriver
from anchors.model import AnchorState
from evidence.anchor import parse_anchor_evidence, verify_anchor
from tests.behaviour.anchors.worlds import LEDGER, MakeWorld, World
from tests.fakes.anchor_store import DyingStore
from tests.fakes.chain import BrokenChain, Crash

CHAIN_CALLS = ("tip", "block_hash", "head", "nonce", "sign", "send", "tx_receipt", "prove")


def work(world: World, driver: AnchorDriver) -> None:
    """One worker's life: plan, send, see it mined, see it final."""
    world.plan(driver)
    for _ in range(3):
        driver.advance(LEDGER)
        world.backend.mine(2)


def check_outcome(world: World) -> None:
    """Exactly one anchor, exactly one effect, and evidence that a stranger can verify."""
    (anchor,) = world.store.anchors.values()
    assert anchor.state is AnchorState.ARCHIVED
    assert world.chain.head(world.ledger_id).seq == 1
    assert world.chain.head(world.ledger_id).head == anchor.head
    assert world.effects() == 1
    assert len(world.store.signed) == 1
    assert anchor.evidence is not None
    verify_anchor(parse_anchor_evidence(json.loads(anchor.evidence)), ledger_id=world.ledger_id)


def writes_of_a_life(world: World) -> int:
    """Number of writes that an undisturbed worker makes."""
    store = DyingStore(world.store)
    work(world, world.driver(store=store))
    check_outcome(world)
    return store.writes


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed-but-persisted"])
def test_death_at_every_write(make_world: MakeWorld, persisted: bool) -> None:
    writes = writes_of_a_life(_with_entries(make_world))
    assert writes >= 12
    for at in range(1, writes + 1):
        world = _with_entries(make_world)
        with pytest.raises(Crash):
            work(world, world.driver(store=DyingStore(world.store, at, persisted=persisted)))
        world.restart()
        world.run_to_the_end(world.driver(holder="next worker"))
        check_outcome(world)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("method", CHAIN_CALLS)
def test_death_around_every_question_to_the_chain(make_world: MakeWorld, method: str, moment: str) -> None:
    world = _with_entries(make_world)
    chain = BrokenChain(world.chain)
    (chain.fails if moment == "before" else chain.loses)[method] = Crash()
    with pytest.raises(Crash):
        work(world, world.driver(chain=chain))
    world.restart()
    world.run_to_the_end(world.driver(holder="next worker"))
    check_outcome(world)


def test_the_identical_bytes_are_sent_again(make_world: MakeWorld) -> None:
    world = _with_entries(make_world)
    first, second = BrokenChain(world.chain), BrokenChain(world.chain)
    first.fails["send"] = Crash()
    with pytest.raises(Crash):
        work(world, world.driver(chain=first))
    world.clock.advance(minutes=2)
    world.run_to_the_end(world.driver(chain=second, holder="next worker"))
    assert first.sent == second.sent == [world.store.signed[0].raw_tx]
    check_outcome(world)


def _with_entries(make_world: MakeWorld) -> World:
    world = make_world()
    world.log.grow(7)
    return world
