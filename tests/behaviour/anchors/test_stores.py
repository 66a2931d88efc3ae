"""What every anchor store promises: the one in memory and the one over the service's tables keep the same promises."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import insert

from anchors.driver import AnchorDriver
from anchors.errors import AnchorExists, LeaseHeld, LeaseLost, StaleAnchor
from anchors.model import Anchor, AnchorState, AnchorTarget, Attempt, Fence
from anchors.ports import AnchorStore
from evidence.anchor import parse_anchor_evidence, verify_anchor
from ledger_service.anchoring.rows import ConfiguredTarget, target_values
from ledger_service.anchoring.store import SqlAnchorStore
from ledger_service.kit.db import write
from ledger_service.models import anchor_targets
from tests.behaviour.anchors.worlds import Log
from tests.fakes.anchor_store import DyingStore, MemoryAnchorStore
from tests.fakes.chain import CODE_HASH, CONTRACT, FAKE, Crash, FakeChain
from tests.fakes.clock import START, FakeClock
from tests.fakes.plant import LEDGER, ORIGIN, Plant

CHAIN, SENDER = "fake", b"\x5e" * 20
LEDGER_ID = sha256(ORIGIN.encode()).digest()
MINUTE = timedelta(minutes=1)
MakeStore = Callable[[], AnchorStore]


@pytest.fixture(params=["memory", "tables"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeStore]:
    """Makes empty stores; those over tables have the ledger `demo`."""
    plants: list[Plant] = []

    def make() -> AnchorStore:
        if request.param == "memory":
            return MemoryAnchorStore()
        plants.append(Plant(tmp_path / f"data{len(plants)}"))
        engine = plants[-1].services.engine
        with write(engine) as connection:
            target = AnchorTarget(CHAIN, FAKE.chain_id, CONTRACT, CODE_HASH)
            connection.execute(insert(anchor_targets).values(target_values(ConfiguredTarget(target, FAKE, None, ""))))
        return SqlAnchorStore(engine)

    yield make
    for plant in plants:
        plant.services.close()


@pytest.fixture
def store(make_store: MakeStore) -> AnchorStore:
    return make_store()


def take(store: AnchorStore, holder: str = "worker", now: datetime = START) -> Fence:
    return store.acquire("lease", holder, now=now, expires_at=now + MINUTE)


def anchor(seq: int = 1, state: AnchorState = AnchorState.PLANNED) -> Anchor:
    root, meta, prev_head, head = (sha256(bytes([seq, n])).digest() for n in range(4))
    return Anchor(LEDGER, CHAIN, LEDGER_ID, seq, state, 10 * seq, root, meta, prev_head, head, START, START)


def attempt(seq: int = 1, nonce: int = 0, number: int = 0) -> Attempt:
    tx_hash = sha256(bytes([seq, nonce, number])).digest()
    return Attempt(CHAIN, SENDER, nonce, number, LEDGER, seq, b"raw\0\xff", tx_hash, anchor(seq).head, START)


def test_what_is_planned_is_read_back_whole(store: AnchorStore) -> None:
    fence = take(store)
    assert store.latest(LEDGER, CHAIN) is None
    for seq in (1, 2):
        store.plan(anchor(seq), fence)
    assert store.latest(LEDGER, CHAIN) == store.anchor(LEDGER, CHAIN, 2) == anchor(2)
    assert store.anchor(LEDGER, CHAIN, 1) == anchor(1)
    assert store.anchor(LEDGER, CHAIN, 3) is store.anchor(LEDGER, "another chain", 1) is None
    assert list(store.unfinished(LEDGER, CHAIN)) == [anchor(1), anchor(2)]
    assert list(store.unfinished(LEDGER, "another chain")) == []


def test_every_field_survives_the_whole_path(store: AnchorStore) -> None:
    fence, now = take(store), START + timedelta(microseconds=7)
    store.plan(anchor(), fence)
    signed = anchor().moved(AnchorState.SIGNED, now, tx_hash=attempt().tx_hash)
    store.save_signed(signed, attempt(), expected=AnchorState.PLANNED, fence=fence)
    assert list(store.attempts(LEDGER, CHAIN, 1)) == [attempt()]
    sent, sent_attempt = signed.moved(AnchorState.SENT, now), replace(attempt(), sent_at=now)
    store.save_sent(sent, sent_attempt, expected=AnchorState.SIGNED, fence=fence)
    assert list(store.attempts(LEDGER, CHAIN, 1)) == [sent_attempt]
    mined = sent.moved(AnchorState.MINED, now, block_number=2**40, block_hash=b"\xb1" * 32, evidence='{"v":1}')
    store.save(mined, expected=AnchorState.SENT, fence=fence)
    assert store.latest(LEDGER, CHAIN) == mined
    archived = mined.moved(AnchorState.FINAL, now).moved(AnchorState.ARCHIVED, now)
    store.save(archived, expected=AnchorState.MINED, fence=fence)
    assert list(store.unfinished(LEDGER, CHAIN)) == []
    assert store.latest(LEDGER, CHAIN) == archived


def test_a_number_is_planned_once(store: AnchorStore) -> None:
    fence = take(store)
    store.plan(anchor(), fence)
    with pytest.raises(AnchorExists):
        store.plan(replace(anchor(), size=99), fence)
    assert store.latest(LEDGER, CHAIN) == anchor()


def test_a_write_from_another_state_changes_nothing(store: AnchorStore) -> None:
    fence = take(store)
    store.plan(anchor(), fence)
    signed = anchor().moved(AnchorState.SIGNED, START)
    with pytest.raises(StaleAnchor):
        store.save_signed(signed, attempt(), expected=AnchorState.HELD, fence=fence)
    assert store.latest(LEDGER, CHAIN) == anchor()
    assert list(store.attempts(LEDGER, CHAIN, 1)) == []


def test_a_lost_lease_writes_nothing(store: AnchorStore) -> None:
    stale = take(store, "first")
    store.plan(anchor(), stale)
    fence = take(store, "second", START + 2 * MINUTE)
    assert fence.token > stale.token
    signed = anchor().moved(AnchorState.SIGNED, START)
    attempts: list[Callable[[], None]] = [
        lambda: store.plan(anchor(2), stale),
        lambda: store.save(signed, expected=AnchorState.PLANNED, fence=stale),
        lambda: store.save_signed(signed, attempt(), expected=AnchorState.PLANNED, fence=stale),
        lambda: store.save_sent(signed, attempt(), expected=AnchorState.PLANNED, fence=stale),
    ]
    for late in attempts:
        with pytest.raises(LeaseLost):
            late()
    store.release(stale)
    assert list(store.unfinished(LEDGER, CHAIN)) == [anchor()]
    assert list(store.attempts(LEDGER, CHAIN, 1)) == []
    store.save(signed, expected=AnchorState.PLANNED, fence=fence)


def test_a_lease_is_held_until_it_expires_or_is_released(store: AnchorStore) -> None:
    first = take(store, "first")
    assert take(store, "first") == first
    with pytest.raises(LeaseHeld):
        take(store, "second", START + timedelta(seconds=59))
    second = take(store, "second", START + MINUTE)
    store.release(second)
    assert take(store, "first", START + MINUTE).token == second.token + 1


def test_a_lease_dated_by_a_clock_that_ran_ahead_holds_nobody_up(store: AnchorStore) -> None:
    dead = take(store, "first", START + timedelta(days=3650))
    assert take(store, "second", START).token == dead.token + 1
    ahead = take(store, "third", START + MINUTE)
    with pytest.raises(LeaseHeld):
        take(store, "fourth", START + timedelta(seconds=1))
    assert take(store, "third", START + MINUTE) == ahead


def test_open_nonces_are_those_that_may_still_be_mined(store: AnchorStore) -> None:
    fence = take(store)
    for seq, state in enumerate([AnchorState.SIGNED, AnchorState.HELD, AnchorState.REPLACED], start=1):
        store.plan(anchor(seq), fence)
        store.save_signed(
            replace(anchor(seq), state=state), attempt(seq, nonce=seq), expected=AnchorState.PLANNED, fence=fence
        )
    assert store.open_nonces(CHAIN, SENDER) == frozenset({1, 2})
    assert store.open_nonces(CHAIN, b"\x01" * 20) == store.open_nonces("another chain", SENDER) == frozenset()


def test_a_nonce_that_is_given_out_again_counts_on(store: AnchorStore) -> None:
    fence = take(store)
    assert store.next_attempt(CHAIN, SENDER, 7) == 0
    for seq, number in ((1, 0), (2, 1)):
        store.plan(anchor(seq), fence)
        signed = anchor(seq).moved(AnchorState.SIGNED, START)
        store.save_signed(signed, attempt(seq, 7, number), expected=AnchorState.PLANNED, fence=fence)
    assert store.next_attempt(CHAIN, SENDER, 7) == 2
    assert store.next_attempt(CHAIN, SENDER, 8) == store.next_attempt(CHAIN, b"\x01" * 20, 7) == 0


def work(driver: AnchorDriver, chain: FakeChain, log: Log) -> None:
    driver.plan(LEDGER, LEDGER_ID, log.tree.size, log.tree.root())
    for _ in range(3):
        driver.advance(LEDGER)
        chain.mine(2)


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed-but-persisted"])
def test_death_at_every_write(make_store: MakeStore, persisted: bool) -> None:
    writes, deaths = 1, 0
    while deaths < writes:
        deaths += 1
        store, clock, log = make_store(), FakeClock(), Log()
        chain = FakeChain(clock.now)
        log.grow(7)
        dying = DyingStore(store, deaths, persisted=persisted)
        with pytest.raises(Crash):
            work(AnchorDriver(chain, dying, log, clock.now, holder="first"), chain, log)
        clock.advance(minutes=3)
        living = DyingStore(store)
        work(AnchorDriver(chain, living, log, clock.now, holder="second"), chain, log)
        writes = max(writes, living.writes)
        _check(store, chain)
    assert deaths >= 12


def _check(store: AnchorStore, chain: FakeChain) -> None:
    archived = store.latest(LEDGER, CHAIN)
    assert archived is not None
    assert (archived.seq, archived.state, chain.nonce()) == (1, AnchorState.ARCHIVED, 1)
    assert len(store.attempts(LEDGER, CHAIN, 1)) == 1
    verify_anchor(parse_anchor_evidence(json.loads(archived.evidence or "")), ledger_id=LEDGER_ID)
