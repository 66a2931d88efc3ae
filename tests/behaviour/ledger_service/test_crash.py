"""The sequencer is broken at every single thing it sends to the database; the ledger is whole every time."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ledger_service.errors import LedgerExists, OutcomeUnknown, RetryLater, StorageCorrupt
from ledger_service.statements.model import Sequenced
from tests.fakes.check_ledger import check_ledger
from tests.fakes.faults import Trap, breaking
from tests.fakes.plant import LEDGER, Plant

MOST_STEPS = 60


def group(plant: Plant) -> list[str]:
    """Three statements, two of them in one stream that already has an entry, one in a new stream."""
    return [
        plant.statement(step_code="S02", seq=2),
        plant.statement(subject=f"loading_operation/LO-{plant.services.entries.size(LEDGER)}"),
        plant.statement(step_code="S03", seq=3),
    ]


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_sequencing_breaks_at_every_step_and_the_same_bytes_again_settle_it(plant: Plant, persisted: bool) -> None:
    plant.submit(plant.statement())
    for step in range(1, MOST_STEPS):
        before = check_ledger(plant.services.engine, LEDGER)
        compacts = group(plant)
        with breaking(plant.services.engine, step, persisted=persisted) as trap:
            try:
                plant.submit(*compacts)
            except RetryLater:
                assert trap.sprung
        stored = check_ledger(plant.services.engine, LEDGER) - before
        assert stored in (0, 3), "half a group"
        outcomes = plant.submit(*compacts)
        assert [outcome.created for outcome in outcomes if isinstance(outcome, Sequenced)] == [stored == 0] * 3
        assert check_ledger(plant.services.engine, LEDGER) == before + 3
        if not trap.sprung:
            break
    assert step > 8, "the trap saw fewer steps than the sequencer takes"
    assert step < MOST_STEPS - 1


def test_a_commit_that_failed_after_it_took_effect_is_reported_as_unknown(plant: Plant) -> None:
    plant.submit(plant.statement())
    with breaking(plant.services.engine, 10**6, persisted=True) as counting:
        plant.services.sequencer.sequence([plant.prepared(seq=2)])
    prepared = plant.prepared(seq=3)
    with breaking(plant.services.engine, counting.seen, persisted=True), pytest.raises(OutcomeUnknown):
        plant.services.sequencer.sequence([prepared])
    assert check_ledger(plant.services.engine, LEDGER) == 5
    again = plant.services.sequencer.sequence([prepared])[0]
    assert isinstance(again, Sequenced)
    assert (again.index, again.created) == (4, False)


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_a_key_event_breaks_at_every_step_and_keys_stay_as_the_log_says(plant: Plant, persisted: bool) -> None:
    kid = plant.device.kid
    for step in range(1, MOST_STEPS):
        with breaking(plant.services.engine, step, persisted=persisted) as trap:
            try:
                plant.services.keys.revoke(LEDGER, kid)
            except RetryLater:
                assert trap.sprung
        check_ledger(plant.services.engine, LEDGER)
        if plant.services.keys.state(LEDGER, kid).revoked is not None:
            break
    assert step > 8
    outcome = plant.submit(plant.statement())[0]
    assert not isinstance(outcome, Sequenced), "a revoked key must not sign, whatever broke on the way"


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_creating_a_ledger_breaks_at_every_step_and_never_makes_a_second_key_set(plant: Plant, persisted: bool) -> None:
    keys_seen: set[tuple[bytes, ...]] = set()
    for step in range(1, MOST_STEPS):
        with breaking(plant.services.engine, step, persisted=persisted) as trap:
            try:
                plant.services.ledgers.create("second", "ledger.example.com/second")
            except RetryLater:
                assert trap.sprung
        folder = plant.settings.data_dir / "keys" / "second"
        if folder.is_dir():
            keys_seen.add(tuple(path.read_bytes() for path in sorted(folder.iterdir())))
        if "second" in [ledger.slug for ledger in plant.services.ledgers.all()]:
            break
    assert step > 8
    assert check_ledger(plant.services.engine, "second") == 1
    assert len(keys_seen) == 1, "a second key set"
    with pytest.raises(LedgerExists):
        plant.services.ledgers.create("second", "ledger.example.com/second")


PHOTO = b"photo of a seal" * 1000
DIGEST = hashlib.sha256(PHOTO).hexdigest()


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
@pytest.mark.parametrize("step", range(1, 9))
def test_a_blob_upload_breaks_at_every_file_operation_and_the_same_upload_completes_it(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, step: int, persisted: bool
) -> None:
    def fail() -> None:
        raise OSError(errno.EIO, "Input/output error")

    trap = Trap(step, fail)
    with monkeypatch.context() as patched:
        for name in ("fsync", "replace", "mkdir"):
            patched.setattr(os, name, trapped(trap, getattr(os, name), persisted))
        with suppress(StorageCorrupt, OSError):
            upload_photo(plant)
    assert_no_row_without_its_bytes(plant)
    assert upload_photo(plant)
    assert plant.services.blobs.get(DIGEST).path.read_bytes() == PHOTO


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_a_blob_upload_breaks_at_every_database_step_and_the_same_upload_completes_it(
    plant: Plant, persisted: bool
) -> None:
    for step in range(1, MOST_STEPS):
        with breaking(plant.services.engine, step, persisted=persisted) as trap, suppress(RetryLater):
            upload_photo(plant)
        assert_no_row_without_its_bytes(plant)
        if not trap.sprung:
            break
    assert step > 3
    assert plant.services.blobs.get(DIGEST).path.read_bytes() == PHOTO


def trapped(trap: Trap, act: Callable[..., Any], persisted: bool) -> Callable[..., Any]:
    return lambda *arguments, **options: trap.pass_by(lambda: act(*arguments, **options), persisted)


def upload_photo(plant: Plant) -> bool:
    with plant.services.blobs.begin(DIGEST, "image/jpeg") as upload:
        upload.write(PHOTO)
        upload.finish()
    return True


def assert_no_row_without_its_bytes(plant: Plant) -> None:
    if plant.services.blobs.sizes([DIGEST]):
        assert plant.services.blobs.get(DIGEST).path.read_bytes() == PHOTO


@pytest.mark.parametrize("persisted", [False, True], ids=["before the write", "after the write"])
def test_the_process_dies_at_every_step(tmp_path: Path, persisted: bool) -> None:
    plant = Plant(tmp_path / "data")
    plant.submit(plant.statement())
    before = check_ledger(plant.services.engine, LEDGER)
    compacts = group(plant)
    plant.services.close()
    for step in range(1, MOST_STEPS):
        if not dies(plant, compacts, step, persisted=persisted):
            break
        plant.reopen()
        assert check_ledger(plant.services.engine, LEDGER) - before in (0, 3), "half a group survived"
        plant.services.close()
    plant.reopen()
    assert check_ledger(plant.services.engine, LEDGER) == before + 3
    plant.services.close()


def dies(plant: Plant, compacts: list[str], step: int, *, persisted: bool) -> bool:
    """Submit in a child process that is gone, without any clean-up, at `step`; False when it lived to the end."""
    child = os.fork()
    if child == 0:
        plant.reopen()
        with breaking(plant.services.engine, step, persisted=persisted, spring=lambda: os._exit(9)):
            plant.submit(*compacts)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 9
