"""Each effect is carried out once: whatever breaks, is repeated, is lost, or runs twice at the same time."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import Connection, update

from ledger_service.context import build_services
from ledger_service.effects.model import EffectCounts
from ledger_service.effects.sweep import CURSOR, STEP
from ledger_service.errors import ServiceError
from ledger_service.judging import repository
from ledger_service.kit.db import read, write
from ledger_service.models import cursors
from ledger_service.scheduler import standard_jobs
from tests.fakes.check_ledger import check_ledger
from tests.fakes.faults import breaking
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.workshop import Workshop

MOST_STEPS = 60


@pytest.fixture
def shop(plant: Plant) -> Workshop:
    plant.clock.advance(days=1)
    return Workshop(plant)


def subjects(shop: Workshop) -> list[str]:
    return [str(view.payload["subject"]) for view in shop.opened()]


def lose_cursor(shop: Workshop) -> None:
    """A database restored without its cursor, or the first start on an old log."""
    with write(shop.plant.services.engine) as connection:
        connection.execute(update(cursors).where(cursors.c.name == CURSOR).values(idx=0))


def test_running_again_adds_nothing(shop: Workshop) -> None:
    shop.spill()
    assert [shop.sweep().opened > 0 for _ in range(3)] == [True, False, False]


def test_a_lost_cursor_adds_nothing_twice(shop: Workshop) -> None:
    for number in range(3):
        shop.spill(f"loading_operation/LO-{number}")
    shop.sweep()
    before = subjects(shop)
    lose_cursor(shop)
    assert shop.sweep().opened == 0
    assert subjects(shop) == before


def test_a_lost_cursor_does_not_open_again_what_was_closed_since(shop: Workshop) -> None:
    """The second fault was covered by what is closed today: as of its own place in the log it still is."""
    shop.register()
    shop.certify_gauge(days_ago=214)
    shop.use()
    shop.use()
    shop.sweep()
    shop.cancel(shop.opened()[0])
    shop.use()
    shop.sweep()
    shop.cancel(shop.opened()[1])
    before = subjects(shop)
    lose_cursor(shop)
    assert shop.sweep() == EffectCounts(covered=3)
    assert subjects(shop) == before
    assert len(before) == 2


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_a_sweep_that_breaks_anywhere_carries_out_each_effect_once(shop: Workshop, persisted: bool) -> None:
    spills = 0
    for step in range(1 + persisted, MOST_STEPS, 3):
        shop.plant.clock.advance(minutes=5)
        shop.spill(f"loading_operation/LO-{step:04d}")
        spills += 1
        with breaking(shop.plant.services.engine, step, persisted=persisted) as trap, suppress(ServiceError):
            shop.sweep()
        shop.sweep()
        if not trap.sprung and step > 20:
            break
    incidents = [str(view.payload["loading_op_ref"]) for view in shop.opened("incident")]
    assert len(incidents) == len(set(incidents)) == spills > 8
    assert len(subjects(shop)) == len(set(subjects(shop)))
    check_ledger(shop.plant.services.engine, LEDGER)


def test_two_processes_sweep_and_each_effect_is_carried_out_once(shop: Workshop) -> None:
    shop.spill()
    plant = shop.plant
    other = build_services(plant.settings, plant.clock, plant.random, rule_sets=False)
    services = plant.services.effects
    prepare = services._signer.prepare
    done: list[EffectCounts] = []

    def meanwhile(*arguments: object) -> object:
        """The other process does all the work between this one's look and its write."""
        services._signer.prepare = prepare  # type: ignore[method-assign]
        done.append(other.effects.run(LEDGER))
        return prepare(*arguments)  # type: ignore[arg-type]

    services._signer.prepare = meanwhile  # type: ignore[method-assign, assignment]
    assert shop.sweep() == EffectCounts()
    other.close()
    assert done[0].opened == len(subjects(shop)) == len(set(subjects(shop))) > 0


def test_another_process_finds_what_this_one_opened(shop: Workshop) -> None:
    shop.spill()
    shop.sweep()
    before = subjects(shop)
    shop.plant.reopen()
    lose_cursor(shop)
    assert shop.sweep().opened == 0
    assert subjects(shop) == before


def test_a_long_log_is_looked_at_in_stretches(shop: Workshop) -> None:
    """A subject's second fault lies in a later stretch than its first."""
    shop.register()
    shop.certify_gauge(days_ago=214)
    for _ in range(STEP + 5):
        shop.use()
    assert shop.sweep() == EffectCounts(opened=1, covered=STEP + 4)
    with read(shop.plant.services.engine) as connection:
        assert repository.cursor(connection, LEDGER, CURSOR) == repository.size(connection, LEDGER)


def test_the_scheduler_carries_effects_out(shop: Workshop) -> None:
    shop.spill()
    [job] = [job for job in standard_jobs(shop.plant.services) if job.name == "effects"]
    assert job.every_s == shop.plant.settings.effects_every_s
    job.action(LEDGER)
    assert shop.opened("incident")


def test_entries_that_ask_for_nothing_are_passed_over_in_one_stretch(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(STEP // 5 + 1):
        shop.train(f"W-{number}")
    shop.spill()
    moved: list[int] = []
    move = repository.move_cursor

    def noted(connection: Connection, ledger: str, name: str, index: int) -> None:
        moved.append(index)
        move(connection, ledger, name, index)

    monkeypatch.setattr(repository, "move_cursor", noted)
    shop.sweep()
    # One stretch to the end of the log, and one more over the records that it made itself.
    assert len(moved) == 2
    assert moved[0] > STEP
