"""The scheduler runs, goes on after failures and stops, without a single sleep in its test."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from ledger_service.checkpoints.errors import ForkDetected, HeadMoved
from ledger_service.scheduler import Job, JobLoop, Scheduler, standard_jobs
from tests.fakes.plant import LEDGER, Plant

NEVER_AGAIN_S = 3600.0
SOON_S = 30.0
"""How long a test waits for another thread before it gives up; nothing depends on it when all is well."""


class Worker:
    """Counts its runs, lets a test wait for them, and fails as told."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors: Iterator[Exception | None] = iter(errors)
        self.ran: list[str] = []
        self._progress = threading.Condition()

    def __call__(self, ledger: str) -> None:
        with self._progress:
            self.ran.append(ledger)
            self._progress.notify_all()
        error = next(self.errors, None)
        if error is not None:
            raise error

    def wait_for(self, runs: int) -> None:
        with self._progress:
            assert self._progress.wait_for(lambda: len(self.ran) >= runs, SOON_S), self.ran


def job(worker: Worker, *ledgers: str) -> Job:
    return Job("job", NEVER_AGAIN_S, lambda: ledgers, worker)


def test_a_loop_runs_at_once_and_again_when_it_is_woken() -> None:
    worker = Worker()
    with Scheduler([job(worker, "a")]) as scheduler:
        worker.wait_for(1)
        scheduler.loops["job"].wake()
        worker.wait_for(2)
    assert worker.ran == ["a", "a"]


def test_stopping_waits_for_the_run_under_way_and_starts_no_other() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(ledger: str) -> None:
        begun.set()
        assert may_end.wait(SOON_S)
        ended.append(ledger)

    ended: list[str] = []
    scheduler = Scheduler([Job("slow", NEVER_AGAIN_S, lambda: ["a", "b"], slow)])
    scheduler.start()
    assert begun.wait(SOON_S)
    scheduler.loops["slow"].stop()
    assert not scheduler.stop(timeout=0)
    may_end.set()
    assert scheduler.stop()
    assert ended == ["a"]


def test_one_failure_neither_ends_the_loop_nor_keeps_the_next_ledger_waiting() -> None:
    worker = Worker(RuntimeError("a defect"), None)
    with capture_logs() as logs, Scheduler([job(worker, "a", "b")]) as scheduler:
        worker.wait_for(2)
        scheduler.loops["job"].wake()
        worker.wait_for(4)
    assert worker.ran == ["a", "b", "a", "b"]
    assert [(line["ledger"], line["error"]) for line in logs] == [("a", "RuntimeError: a defect")]


def test_the_same_failure_is_logged_once_and_again_after_it_had_gone() -> None:
    fork = ForkDetected("look here")
    worker = Worker(fork, fork, None, fork)
    loop = JobLoop(job(worker, "a"))
    with capture_logs() as logs:
        for _ in range(4):
            loop.run_once()
    assert [line["log_level"] for line in logs] == ["error", "error"]


def test_what_passes_by_itself_is_a_warning() -> None:
    loop = JobLoop(job(Worker(HeadMoved("another was faster")), "a"))
    with capture_logs() as logs:
        loop.run_once()
    assert [(line["log_level"], line["retries"]) for line in logs] == [("warning", True)]


def test_a_database_that_does_not_answer_is_a_failure_of_the_run() -> None:
    def none() -> list[str]:
        raise ForkDetected("no list of ledgers")

    loop = JobLoop(Job("job", NEVER_AGAIN_S, none, Worker()))
    with capture_logs() as logs:
        loop.run_once()
    assert [line["ledger"] for line in logs] == ["*"]


@pytest.mark.parametrize("name", ["publish", "anchor"])
def test_the_standard_jobs_bring_every_ledger_forward(plant: Plant, name: str) -> None:
    plant.services.ledgers.create("second", "ledger.example.com/second")
    jobs = {item.name: item for item in standard_jobs(plant.services)}
    assert (jobs[name].every_s, list(jobs[name].ledgers())) == (
        {"publish": plant.settings.publish_every_s, "anchor": plant.settings.anchor_every_s}[name],
        [LEDGER, "second"],
    )
    JobLoop(jobs["publish"]).run_once()
    assert [plant.services.checkpoints.newest(ledger).size for ledger in (LEDGER, "second")] == [2, 1]
    if name == "anchor":
        JobLoop(jobs["anchor"]).run_once()
        assert [len(plant.services.anchoring.anchors(ledger)) for ledger in (LEDGER, "second")] == [1, 1]
