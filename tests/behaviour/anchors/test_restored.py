"""Rows or the chain put back to an earlier state: our own anchors are known again, a foreign head is a fork still."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest

from anchors.driver import AnchorDriver
from anchors.errors import ChainRefused, ChainUnavailable, LedgerBehindAnchor
from anchors.model import AnchorState
from anchors.ports import AnchorCall
from evidence.anchor import parse_anchor_evidence, verify_anchor, verify_claim
from tests.behaviour.anchors.test_faults import other_call
from tests.behaviour.anchors.worlds import LEDGER, FakeBackend, World
from tests.fakes.anchor_store import DyingStore, MemoryAnchorStore
from tests.fakes.chain import BrokenChain, Crash, FakeChain
from tests.fakes.clock import FakeClock


def anchored(world: World, times: int) -> list[MemoryAnchorStore]:
    """Anchor `times` checkpoints; return the rows as they were before each, and after the last."""
    backups = [copy.deepcopy(world.store)]
    for _ in range(times):
        world.log.grow(3)
        world.run_to_the_end(world.driver())
        backups.append(copy.deepcopy(world.store))
    return backups


def rows(world: World) -> list[tuple[int, int, AnchorState]]:
    found = sorted(world.store.anchors.values(), key=lambda anchor: anchor.seq)
    for anchor in found:
        if anchor.evidence is not None:
            evidence = parse_anchor_evidence(json.loads(anchor.evidence))
            verify_anchor(evidence, ledger_id=world.ledger_id)
            verify_claim(evidence, size=anchor.size, root=anchor.root)
    return [(anchor.seq, anchor.size, anchor.state) for anchor in found]


def archived(*sizes: int) -> list[tuple[int, int, AnchorState]]:
    return [(seq, size, AnchorState.ARCHIVED) for seq, size in enumerate(sizes, start=1)]


@pytest.mark.parametrize("lost", [1, 2])
def test_lost_rows_are_adopted_and_anchoring_goes_on(world: World, lost: int) -> None:
    world.store = anchored(world, 3)[3 - lost]
    world.log.grow(2)
    world.restart()
    assert rows(world) == archived(3, 6, 9)[: 3 - lost]
    world.run_to_the_end(world.driver())
    assert rows(world) == archived(3, 6, 9, 11)
    assert world.chain.head(world.ledger_id).seq == 4
    assert [reason.split(":")[0] for _, reason in world.alerts] == ["adopted"] * lost


@pytest.mark.parametrize("state", [AnchorState.PLANNED, AnchorState.CONFLICT])
def test_what_was_planned_upon_old_rows_gives_way_to_the_anchor_that_was_lost(world: World, state: AnchorState) -> None:
    world.store = anchored(world, 2)[1]
    world.log.grow(2)
    chain = BrokenChain(world.chain)
    # The head as it was before: the plan is numbered 2 although the registry has a 2 already.
    old = world.chain.head(world.ledger_id, block=world.chain.head(world.ledger_id).block_number - 1)
    chain.head = lambda ledger_id, *, block=None: old  # type: ignore[method-assign]
    planned = world.plan(world.driver(chain=chain))
    assert planned is not None
    assert (planned.seq, planned.size) == (2, 8)
    world.store.anchors[LEDGER, planned.chain, 2] = replace(planned, state=state)
    world.driver().advance(LEDGER)
    world.run_to_the_end(world.driver())
    assert rows(world) == archived(3, 6, 8)


def test_our_own_root_by_another_hand_is_adopted_like_our_own(world: World) -> None:
    anchored(world, 1)
    head = world.chain.head(world.ledger_id)
    world.backend.anchor_by_other(world.ledger_id, other_call(world, head.size, head.root))
    world.log.grow(1)
    world.run_to_the_end(world.driver())
    assert rows(world) == archived(3, 3, 4)


def test_a_foreign_root_is_a_conflict_still(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    anchored(world, 1)
    chain.anchor_by_other(world.ledger_id, 4, b"\xaa" * 32)
    world.log.grow(3)
    world.run_to_the_end(world.driver())
    assert rows(world)[-1] == (2, 6, AnchorState.CONFLICT)
    world.store = MemoryAnchorStore()
    world.run_to_the_end(world.driver())
    assert rows(world) == [(1, 6, AnchorState.CONFLICT)]
    assert chain.head(world.ledger_id).root == b"\xaa" * 32


def test_a_registry_over_more_than_is_published_says_that_the_ledger_is_behind(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    anchored(world, 1)
    chain.anchor_by_other(world.ledger_id, 40, b"\xaa" * 32)
    world.log.grow(3)
    with pytest.raises(LedgerBehindAnchor, match="6 entries, its last anchor 40"):
        world.plan(world.driver())


def test_what_the_chain_tells_no_more_is_built_upon_all_the_same(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    chain_port = BrokenChain(chain)
    world.store = anchored(world, 3)[1]
    world.log.grow(2)

    def pruned(ledger_id: bytes, *, block: int | None = None):  # type: ignore[no-untyped-def]
        if block is not None:
            raise ChainRefused("missing trie node")
        return chain.head(ledger_id)

    chain_port.head = pruned  # type: ignore[method-assign]
    driver = world.driver(chain=chain_port)
    world.run_to_the_end(driver)
    assert rows(world) == [(1, 3, AnchorState.ARCHIVED), (4, 11, AnchorState.ARCHIVED)]
    assert [reason for _, reason in world.alerts] == [
        "planned upon the registry's head at 3: that anchor's row is missing"
    ]


def test_an_anchor_without_proof_is_not_adopted(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    world.store = anchored(world, 2)[1]
    world.log.grow(2)
    broken = BrokenChain(chain)
    broken.fails["prove"] = ChainRefused("state is not available")
    assert world.driver(chain=broken).advance(LEDGER) == []
    assert "has no row and no proof" in world.alerts[-1][1]
    broken.fails["prove"] = ChainUnavailable("down")
    with pytest.raises(ChainUnavailable):
        world.driver(chain=broken).advance(LEDGER)
    world.run_to_the_end(world.driver(chain=broken))
    assert rows(world) == archived(3, 6, 8)


def test_two_anchors_in_one_block_leave_nothing_to_adopt_but_the_next_goes_on(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    world.store = anchored(world, 3)[1]
    real = chain.head

    def one_block(ledger_id: bytes, *, block: int | None = None):  # type: ignore[no-untyped-def]
        found = real(ledger_id, block=block)
        return found if found.seq != 2 else real(ledger_id, block=found.block_number - 1)

    chain.head = one_block  # type: ignore[method-assign]
    world.log.grow(2)
    world.run_to_the_end(world.driver())
    assert rows(world) == [(1, 3, AnchorState.ARCHIVED), (4, 11, AnchorState.ARCHIVED)]


@pytest.mark.parametrize("persisted", [False, True])
def test_death_at_every_write_of_an_adoption(clock: FakeClock, persisted: bool) -> None:
    for at in range(1, 12):
        world = World(FakeBackend(clock), "ledger.example.com/adopts", clock)
        world.store = anchored(world, 3)[1]
        world.log.grow(2)
        with pytest.raises(Crash):
            world.run_to_the_end(world.driver(store=DyingStore(world.store, at, persisted=persisted), holder="first"))
        clock.advance(minutes=3)
        world.run_to_the_end(world.driver(holder="second"))
        assert rows(world) == archived(3, 6, 9, 11)


# An older chain: only one that we hold in our hands can be put back.


@pytest.fixture
def fake(clock: FakeClock) -> tuple[World, FakeChain]:
    world = World(FakeBackend(clock), "ledger.example.com/restored", clock)
    assert isinstance(world.chain, FakeChain)
    return world, world.chain


def put_back(world: World, chain: FakeChain, seq: int) -> None:
    while chain.head(world.ledger_id).seq > seq:
        chain.reorg(1, blocks=0)
    world.clock.advance(minutes=10)


@pytest.mark.parametrize("seq", [0, 1, 2])
@pytest.mark.parametrize("news", [0, 4], ids=["nothing new", "a new checkpoint"])
def test_an_older_chain_gets_its_anchors_again_and_their_evidence_stays(
    fake: tuple[World, FakeChain], seq: int, news: int
) -> None:
    world, chain = fake
    anchored(world, 3)
    before = dict(world.store.anchors)
    put_back(world, chain, seq)
    world.log.grow(news)
    world.driver().advance(LEDGER)
    world.run_to_the_end(world.driver())
    assert rows(world) == archived(3, 6, 9, 13)[: 3 + (news > 0)]
    assert {key: world.store.anchors[key] for key in before} == before
    assert chain.head(world.ledger_id).head == max(world.store.anchors.values(), key=lambda item: item.seq).head
    assert all(f"anchor {item.seq} is sent again" in reason for item, reason in world.alerts)


def test_while_an_older_chain_catches_up_nothing_new_is_planned(fake: tuple[World, FakeChain]) -> None:
    world, chain = fake
    anchored(world, 3)
    put_back(world, chain, 1)
    chain.automine = False
    world.log.grow(4)
    driver: AnchorDriver = world.driver()
    assert driver.advance(LEDGER) == []
    assert world.plan(driver) is None
    assert len(chain.pool) == 1
    chain.automine = True
    chain.mine(1)
    world.run_to_the_end(driver)
    assert rows(world) == archived(3, 6, 9, 13)


@pytest.mark.parametrize("bytes_lost", [False, True])
def test_an_older_chain_whose_nonces_went_elsewhere_gets_new_transactions(
    fake: tuple[World, FakeChain], bytes_lost: bool
) -> None:
    world, chain = fake
    anchored(world, 2)
    put_back(world, chain, 1)
    if bytes_lost:
        world.store.signed.clear()
    chain.reverts = True
    elsewhere = AnchorCall(b"\xee" * 32, 1, bytes(32), 1, b"\xbb" * 32, bytes(32), ())
    chain.send(chain.sign(elsewhere, chain.nonce()).raw_tx)
    chain.reverts = False
    world.log.grow(4)
    world.run_to_the_end(world.driver())
    assert rows(world) == archived(3, 6, 10)
