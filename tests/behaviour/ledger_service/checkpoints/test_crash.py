"""The publisher is broken at everything it writes, to the database and to the disk; publishing again makes it whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger_service.checkpoints.errors import HeadMoved
from ledger_service.errors import RetryLater, StorageCorrupt, StorageFull
from tests.fakes.broken_disk import breaking_disk, disk_full, medium_error
from tests.fakes.check_published import check_published
from tests.fakes.faults import breaking
from tests.fakes.plant import LEDGER, Plant

MOST_STEPS = 120
BREAKS = pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])


def check(plant: Plant) -> int:
    return check_published(plant.services.engine, LEDGER, plant.settings.data_dir)


def publish_again(plant: Plant, expected: int) -> None:
    """Whatever was broken, publishing goes on to the newest entry and leaves nothing behind."""
    plant.services.publisher.publish(LEDGER)
    assert check(plant) == expected
    root = plant.settings.data_dir / "logs" / LEDGER
    assert (root / "checkpoint").read_bytes() == plant.services.checkpoints.newest(LEDGER).note
    assert not list(root.glob(".staging-*"))


@BREAKS
def test_publishing_breaks_at_every_statement(plant: Plant, persisted: bool) -> None:
    for step in range(1, MOST_STEPS):
        plant.submit(plant.statement())
        with breaking(plant.services.engine, step, persisted=persisted) as trap:
            try:
                plant.services.publisher.publish(LEDGER)
            except (RetryLater, HeadMoved):
                assert trap.sprung
        size = check(plant)
        assert size in (step + 1, step + 2) if step > 1 else size in (0, 3)
        publish_again(plant, step + 2)
        if not trap.sprung:
            break
    assert 8 < step < MOST_STEPS - 1


@BREAKS
@pytest.mark.parametrize("spring", [medium_error, disk_full])
def test_publishing_breaks_at_every_call_to_the_disk(plant: Plant, persisted: bool, spring: Callable[[], None]) -> None:
    expected = StorageFull if spring is disk_full else StorageCorrupt
    for step in range(1, MOST_STEPS):
        plant.submit(plant.statement())
        with breaking_disk(step, persisted=persisted, spring=spring) as trap:
            try:
                plant.services.publisher.publish(LEDGER)
            except expected:
                assert trap.sprung
        check(plant)
        publish_again(plant, step + 2)
        if not trap.sprung:
            break
    assert 12 < step < MOST_STEPS - 1


def test_what_a_dead_publisher_staged_is_swept_and_what_a_living_one_stages_is_not(plant: Plant) -> None:
    root = plant.settings.data_dir / "logs" / LEDGER
    files = plant.services.publisher.files(LEDGER)
    with files.staging() as living:
        staged = living.stage(b"half a tile")
        (root / ".staging-1-dead").mkdir()
        (root / ".staging-1-dead" / "0").write_bytes(b"rest")
        publish_again_beside(plant)
        assert staged.exists()
        assert not (root / ".staging-1-dead").exists()
    publish_again(plant, 2)


def publish_again_beside(plant: Plant) -> None:
    plant.services.publisher.publish(LEDGER)
    assert check(plant) == 2


@pytest.mark.parametrize("persisted", [False, True], ids=["before the write", "after the write"])
def test_the_process_dies_at_every_call_to_the_disk(tmp_path: Path, persisted: bool) -> None:
    plant = Plant(tmp_path / "data")
    plant.services.publisher.publish(LEDGER)
    plant.submit(plant.statement())
    plant.services.close()
    for step in range(1, MOST_STEPS):
        died = dies(plant, step, persisted)
        plant.reopen()
        assert check(plant) in (2, 3)
        plant.services.close()
        if not died:
            break
    assert step > 5
    plant.reopen()
    publish_again(plant, 3)
    plant.services.close()


def dies(plant: Plant, step: int, persisted: bool) -> bool:
    """Publish in a child process that is gone at the given call to the disk; False when it got through."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            plant.reopen()
            with breaking_disk(step, persisted=persisted, spring=lambda: os._exit(9)):
                plant.services.publisher.publish(LEDGER)
            code = 0
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 9
