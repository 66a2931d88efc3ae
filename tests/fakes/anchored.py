"""What tests of anchoring do to a plant, and how they look at the chain and at what was signed for it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from anchors.evm.registry import Registry
from ledger_service.errors import RetryLater
from ledger_service.statements.model import Sequenced
from tests.fakes.faults import breaking
from tests.fakes.plant import LEDGER, Plant


def grow(plant: Plant, count: int = 1) -> None:
    assert all(isinstance(item, Sequenced) for item in plant.submit(*(plant.statement() for _ in range(count))))
    plant.services.publisher.publish(LEDGER)


def on_chain(plant: Plant) -> tuple[int, int]:
    """(seq, size) in the registry."""
    (configured,) = plant.services.anchoring.targets.active()
    node = plant.services.anchoring.targets.node(configured)
    head = Registry(node, configured.target.contract).head_of(plant.ledger.ledger_id)
    return head.seq, head.size


def transactions(plant: Plant) -> list[bytes]:
    with plant.services.engine.connect() as connection:
        return list(connection.execute(text("SELECT raw_tx FROM anchor_attempts ORDER BY nonce")).scalars())


def breaks_and_recovers(plant: Plant, steps: Iterable[int], persisted: bool, *, reopen: bool) -> None:
    """Break the database at each of `steps` while a fresh checkpoint is anchored; afterwards it is anchored once.

    The plant has one anchor before. Ends at the first step that anchoring does not reach.
    """
    done = step = 1
    for step in steps:
        grow(plant)
        with breaking(plant.services.engine, step, persisted=persisted) as trap:
            try:
                plant.services.anchoring.run_once(LEDGER)
            except RetryLater:
                assert trap.sprung
        # Beyond the lease: whoever goes on now may be another process.
        plant.clock.advance(minutes=2)
        if reopen:
            plant.reopen()
        plant.services.anchoring.run_once(LEDGER)
        done += 1
        assert [item.state for item in plant.services.anchoring.anchors(LEDGER)] == ["archived"] * done
        assert on_chain(plant) == (done, done + 1)
        assert len(transactions(plant)) == done, "the same anchor was signed twice"
        if not trap.sprung:
            break
    assert step > 15
    assert not trap.sprung, "more steps than were tried"
