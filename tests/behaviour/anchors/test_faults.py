"""Chains that do not answer, answer wrongly or hold something else: nothing is lost, nothing is overwritten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from anchors.errors import CallReverted, ChainRefused, ChainUnavailable, LeaseHeld, LeaseLost
from anchors.model import AnchorState
from anchors.ports import AnchorCall
from tests.behaviour.anchors.worlds import LEDGER, FakeBackend, World
from tests.fakes.chain import BrokenChain, FakeChain
from tests.fakes.clock import FakeClock


def other_call(world: World, size: int, root: bytes) -> AnchorCall:
    head = world.chain.head(world.ledger_id)
    return AnchorCall(world.ledger_id, head.seq + 1, head.head, size, root, bytes(32), ())


def test_a_lost_answer_after_the_send_is_no_second_send(world: World) -> None:
    world.log.grow(4)
    chain = BrokenChain(world.chain)
    chain.loses["send"] = ChainUnavailable("connection reset")
    driver = world.driver(chain=chain)
    world.plan(driver)
    with pytest.raises(ChainUnavailable):
        driver.advance(LEDGER)
    (anchor,) = world.run_to_the_end(driver)
    assert anchor.state is AnchorState.ARCHIVED
    assert (len(chain.sent), world.effects()) == (1, 1)


@pytest.mark.parametrize(
    "message", ["already known", "nonce too low", "transaction already imported", "internal error"]
)
def test_an_error_after_the_send_is_decided_by_the_head(world: World, message: str) -> None:
    world.log.grow(4)
    chain = BrokenChain(world.chain)
    chain.loses["send"] = ChainRefused(message)
    (anchor,) = world.run_to_the_end(world.driver(chain=chain))
    assert anchor.state is AnchorState.ARCHIVED
    assert (len(chain.sent), world.effects()) == (1, 1)
    assert [reason for _, reason in world.alerts] == [f"the node refused the transaction: {message}"]


def test_a_refused_send_is_repeated_after_a_pause_with_the_same_bytes(world: World) -> None:
    world.log.grow(4)
    chain = BrokenChain(world.chain)
    chain.fails["send"] = ChainRefused("try again")
    driver = world.driver(chain=chain)
    world.plan(driver)
    assert [a.state for a in driver.advance(LEDGER)] == [AnchorState.SENT]
    assert [a.state for a in driver.advance(LEDGER)] == [AnchorState.SENT]
    assert len(chain.sent) == 1
    world.clock.advance(minutes=3)
    (anchor,) = world.run_to_the_end(driver)
    assert anchor.state is AnchorState.ARCHIVED
    assert chain.sent == [world.store.signed[0].raw_tx] * 2


def test_a_conflicting_head_is_never_overwritten(world: World) -> None:
    size, _ = world.log.grow(4)
    driver = world.driver()
    world.plan(driver)
    world.backend.anchor_by_other(world.ledger_id, other_call(world, size, b"\xaa" * 32))
    foreign = world.chain.head(world.ledger_id)
    (anchor,) = driver.advance(LEDGER)
    assert anchor.state is AnchorState.CONFLICT
    assert "expects head" in world.alerts[0][1]
    world.clock.advance(hours=1)
    world.run_to_the_end(driver, rounds=2)
    assert world.chain.head(world.ledger_id) == foreign
    assert world.store.signed == []


def test_a_conflict_that_appears_after_signing_sends_nothing_more(world: World) -> None:
    size, _ = world.log.grow(4)
    chain = BrokenChain(world.chain)
    chain.fails["send"] = ChainUnavailable("down")
    driver = world.driver(chain=chain)
    world.plan(driver)
    with pytest.raises(ChainUnavailable):
        driver.advance(LEDGER)
    world.backend.anchor_by_other(world.ledger_id, other_call(world, size, b"\xaa" * 32))
    world.clock.advance(minutes=3)
    (anchor,) = driver.advance(LEDGER)
    assert anchor.state is AnchorState.CONFLICT
    assert len(chain.sent) == 1


def test_the_same_anchor_by_another_hand_is_ours_too(world: World) -> None:
    size, root = world.log.grow(4)
    driver = world.driver()
    world.plan(driver)
    world.backend.anchor_by_other(world.ledger_id, other_call(world, size, root))
    world.backend.mine(2)
    (anchor,) = world.run_to_the_end(driver)
    assert anchor.state is AnchorState.ARCHIVED
    assert world.store.signed == []


def test_an_anchor_is_found_behind_later_ones(world: World) -> None:
    size, root = world.log.grow(4)
    driver = world.driver()
    world.plan(driver)
    world.backend.anchor_by_other(world.ledger_id, other_call(world, size, root))
    larger, larger_root = world.log.grow(3)
    call = other_call(world, larger, larger_root)
    proof = tuple(world.log.tree.consistency_proof(size, larger))
    world.backend.anchor_by_other(world.ledger_id, replace(call, consistency_proof=proof))
    world.backend.mine(2)
    (anchor,) = driver.advance(LEDGER)
    assert (anchor.seq, anchor.state) == (1, AnchorState.ARCHIVED)


def test_a_chain_that_is_down_for_a_day_costs_one_anchor(world: World) -> None:
    chain = BrokenChain(world.chain)
    driver = world.driver(chain=chain)
    world.log.grow(1)
    world.run_to_the_end(driver)
    chain.down = True
    for _ in range(24):
        world.log.grow(10)
        world.plan(driver)
        with pytest.raises(ChainUnavailable):
            driver.advance(LEDGER)
        world.clock.advance(hours=1)
    chain.down = False
    newest = world.run_to_the_end(driver)[-1]
    assert (newest.seq, newest.size, newest.state) == (2, 241, AnchorState.ARCHIVED)
    assert world.effects() == 2


@pytest.mark.parametrize("method", ["tip", "head", "nonce", "sign", "send", "tx_receipt", "block_hash", "prove"])
def test_one_missing_answer_changes_nothing(world: World, method: str) -> None:
    world.log.grow(4)
    chain = BrokenChain(world.chain)
    driver = world.driver(chain=chain)
    chain.fails[method] = ChainUnavailable(f"{method}: timeout")
    world.log.grow(1)
    with pytest.raises(ChainUnavailable):
        world.run_to_the_end(driver)
    (anchor,) = world.run_to_the_end(driver)
    assert (anchor.state, world.effects()) == (AnchorState.ARCHIVED, 1)


@pytest.mark.parametrize("method", ["tip", "head", "nonce", "tx_receipt", "block_hash"])
def test_a_question_that_the_node_refuses_is_a_missing_answer(world: World, method: str) -> None:
    world.log.grow(4)
    chain = BrokenChain(world.chain)
    driver = world.driver(chain=chain)
    world.plan(driver)
    chain.fails[method] = ChainRefused("missing trie node")
    with pytest.raises(ChainUnavailable, match="missing trie node"):
        world.run_to_the_end(driver)
    (anchor,) = world.run_to_the_end(driver)
    assert (anchor.state, world.effects()) == (AnchorState.ARCHIVED, 1)


def test_a_refused_simulation_holds_the_anchor_and_says_why(world: World) -> None:
    world.log.grow(4)
    chain = BrokenChain(world.chain)
    chain.fails["sign"] = CallReverted("LedgerIsPaused")
    driver = world.driver(chain=chain)
    world.plan(driver)
    (anchor,) = driver.advance(LEDGER)
    assert anchor.state is AnchorState.HELD
    assert world.alerts[0][1] == "CallReverted: LedgerIsPaused()"
    assert [a.state for a in driver.advance(LEDGER)] == [AnchorState.HELD]
    world.clock.advance(minutes=6)
    (anchor,) = world.run_to_the_end(driver)
    assert (anchor.state, world.effects()) == (AnchorState.ARCHIVED, 1)


def test_two_workers_one_lease(world: World) -> None:
    world.log.grow(4)
    first, second = world.driver(holder="first"), world.driver(holder="second")
    now = world.clock.now()
    name = f"anchor/{world.chain.target.chain}/{world.chain.sender.hex()}"
    fence = world.store.acquire(name, "first", now=now, expires_at=now + timedelta(seconds=60))
    with pytest.raises(LeaseHeld):
        world.plan(second)
    world.clock.advance(seconds=61)
    assert world.plan(second) is not None
    anchor = next(iter(world.store.anchors.values()))
    with pytest.raises(LeaseLost):
        world.store.save(anchor, expected=AnchorState.PLANNED, fence=fence)
    world.run_to_the_end(first)
    assert world.effects() == 1


class LyingChain(BrokenChain):
    """A node that proves another block than it was asked for."""

    lies = True

    def prove(self, ledger_id: bytes, block: int):  # type: ignore[no-untyped-def]
        proof = super().prove(ledger_id, block)
        if not self.lies:
            return proof
        return replace(proof, block=super().prove(ledger_id, block - 1).block)


def test_evidence_that_does_not_verify_is_never_stored(world: World) -> None:
    world.log.grow(4)
    chain = LyingChain(world.chain)
    driver = world.driver(chain=chain)
    world.plan(driver)
    driver.advance(LEDGER)
    (anchor,) = driver.advance(LEDGER) if world.alerts == [] else world.store.anchors.values()
    assert (anchor.state, anchor.evidence) == (AnchorState.HELD, None)
    assert world.alerts[-1][1].startswith(("AccountMismatch", "MalformedProof"))
    chain.lies = False
    world.clock.advance(minutes=6)
    (anchor,) = world.run_to_the_end(driver)
    assert (anchor.state, world.effects()) == (AnchorState.ARCHIVED, 1)


# What only a chain can do that we hold in our hands: drop blocks, leave transactions waiting, forget old state.


@pytest.fixture
def fake(clock: FakeClock) -> tuple[World, FakeChain]:
    world = World(FakeBackend(clock), "ledger.example.com/fake", clock)
    assert isinstance(world.chain, FakeChain)
    return world, world.chain


def test_a_reorganised_anchor_is_sent_again_with_the_same_bytes(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    world.log.grow(4)
    driver = world.driver()
    world.plan(driver)
    driver.advance(LEDGER)
    assert [a.state for a in driver.advance(LEDGER)] == [AnchorState.MINED]
    chain.reorg(1)
    driver.advance(LEDGER)
    (anchor,) = world.run_to_the_end(driver)
    assert (anchor.state, world.effects(), len(world.store.signed)) == (AnchorState.ARCHIVED, 1, 1)
    assert any("left the chain" in reason for _, reason in world.alerts)


def test_a_final_block_that_is_replaced_all_the_same_is_reported_and_the_proof_kept(
    fake: tuple[World, FakeChain],
) -> None:
    world, chain = fake
    world.log.grow(4)
    driver = world.driver()
    world.plan(driver)
    driver.advance(LEDGER)
    (mined,) = driver.advance(LEDGER)
    world.store.anchors[LEDGER, mined.chain, mined.seq] = mined.moved(AnchorState.FINAL, world.clock.now())
    chain.reorg(1)
    (held,) = driver.advance(LEDGER)
    assert (held.state, held.evidence) == (AnchorState.HELD, mined.evidence)
    assert "was final and is now another" in world.alerts[-1][1]
    world.clock.advance(minutes=6)
    (anchor,) = world.run_to_the_end(driver)
    assert (anchor.state, len(world.store.signed)) == (AnchorState.ARCHIVED, 1)


def test_two_reorganised_anchors_are_healed_in_their_order(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    driver = world.driver()
    for _ in range(2):
        world.log.grow(4)
        world.plan(driver)
        driver.advance(LEDGER)
        driver.advance(LEDGER)
    assert [a.state for a in world.store.anchors.values()] == [AnchorState.MINED] * 2
    chain.automine = False
    chain.reorg(2)
    # The second could only look conflicting while the first is not back on the chain: it is left alone.
    assert [a.state for a in driver.advance(LEDGER)] == [AnchorState.SENT]
    chain.automine = True
    chain.mine(1)
    anchors = world.run_to_the_end(driver)
    assert [a.state for a in anchors] == [AnchorState.ARCHIVED] * 2
    assert (world.effects(), len(world.store.signed)) == (2, 2)


def test_a_waiting_transaction_is_waited_for(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    chain.automine = False
    world.log.grow(4)
    driver = world.driver()
    world.plan(driver)
    assert [a.state for a in driver.advance(LEDGER)] == [AnchorState.SENT]
    world.clock.advance(minutes=3)
    assert [a.state for a in driver.advance(LEDGER)] == [AnchorState.SENT]
    chain.mine(3)
    (anchor,) = driver.advance(LEDGER)
    assert (anchor.state, world.effects()) == (AnchorState.ARCHIVED, 1)


def test_while_one_is_on_its_way_nothing_is_planned_and_then_the_newest_alone(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    chain.automine = False
    driver = world.driver()
    world.log.grow(4)
    world.plan(driver)
    driver.advance(LEDGER)
    for _ in range(3):
        world.log.grow(5)
        assert world.plan(driver) is None
    chain.automine = True
    chain.mine(1)
    driver.advance(LEDGER)
    anchors = world.run_to_the_end(driver)
    assert [(a.seq, a.size, a.state) for a in anchors] == [
        (1, 4, AnchorState.ARCHIVED),
        (2, 19, AnchorState.ARCHIVED),
    ]


def test_a_nonce_taken_by_another_transaction_is_replaced(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    chain.automine = False
    world.log.grow(4)
    driver = world.driver()
    world.plan(driver)
    driver.advance(LEDGER)
    chain.pool.clear()
    world.log.grow(1)
    foreign = chain.sign(other_call(world, 99, b"\xbb" * 32), 0)
    chain.send(foreign.raw_tx)
    chain.pool[:] = [foreign.raw_tx]
    chain.reverts = True
    chain.mine(1)
    chain.reverts, chain.automine = False, True
    (anchor, *_) = world.run_to_the_end(driver)
    assert anchor.state is AnchorState.ARCHIVED
    assert [attempt.nonce for attempt in world.store.signed][:2] == [0, 1]


def test_old_state_that_a_node_has_dropped_leaves_the_first_proof(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    chain.keeps_state_for = 3
    world.log.grow(4)
    driver = world.driver()
    world.plan(driver)
    driver.advance(LEDGER)
    driver.advance(LEDGER)
    chain.mine(10)
    (anchor,) = driver.advance(LEDGER)
    assert anchor.state is AnchorState.ARCHIVED
    assert anchor.evidence is not None
    assert '"state":"final"' in anchor.evidence


def test_nonces_promised_to_another_ledger_are_not_given_twice(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    chain.automine = False
    driver = world.driver()
    size, root = world.log.grow(4)
    for number, ledger in enumerate(["first", "second", "third"]):
        driver.plan(ledger, bytes([number]) * 32, size, root)
        assert [a.state for a in driver.advance(ledger)] == [AnchorState.SENT]
    assert [attempt.nonce for attempt in world.store.signed] == [0, 1, 2]
    chain.mine(1)
    assert [chain.head(bytes([number]) * 32).seq for number in range(3)] == [1, 1, 1]
