"""The in-process scheduler: publishes and anchors at intervals, until it is told to stop.

It holds no work: every run looks at the rows and does what is missing, so a run that fails, or never takes place, costs
time and nothing else. One failure never ends a loop. Where a ledger must not be signed (a fork, a restored backup), the
error is logged once per change and the other ledgers go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING

import structlog

from ledger_service.checkpoints.errors import HeadMoved
from ledger_service.errors import RetryLater

if TYPE_CHECKING:
    from ledger_service.context import Services

STOP_TIMEOUT_S = 30.0
"""How long `stop` waits for a run under way; a publication cut off by the process's end is finished by the next one."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do for one ledger after the other, every `every_s` seconds."""

    name: str
    every_s: float
    ledgers: Callable[[], Iterable[str]]
    action: Callable[[str], object]


class JobLoop:
    """One job in one thread. Runs at once, then after each interval or `wake`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._wake = Event()
        self._stopped = False
        self._thread = Thread(target=self._run, name=job.name, daemon=True)
        self._last_error: dict[str, str] = {}
        self._log = structlog.get_logger("scheduler")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Run now instead of after the interval."""
        self._wake.set()

    def stop(self) -> None:
        """Start no further run."""
        self._stopped = True
        self._wake.set()

    def join(self, timeout: float) -> bool:
        """Wait for the run under way; True when the thread is gone."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def run_once(self) -> None:
        """One run over all ledgers; never raises."""
        try:
            ledgers = list(self.job.ledgers())
        except Exception as error:
            self._note("*", error)
            return
        for ledger in ledgers:
            if self._stopped:
                return
            try:
                self.job.action(ledger)
            except Exception as error:
                self._note(ledger, error)
            else:
                self._last_error.pop(ledger, None)

    def _run(self) -> None:
        while not self._stopped:
            self._wake.clear()
            self.run_once()
            if not self._stopped:
                self._wake.wait(self.job.every_s)

    def _note(self, ledger: str, error: Exception) -> None:
        """Log a failure when it is news: the same one every few seconds would bury the rest."""
        text = f"{type(error).__name__}: {error}"
        if self._last_error.get(ledger) == text:
            return
        self._last_error[ledger] = text
        passing = isinstance(error, RetryLater | HeadMoved)
        report = self._log.warning if passing else self._log.error
        report("job failed", job=self.job.name, ledger=ledger, error=text, retries=passing)


class Scheduler:
    """All loops of one process."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.loops = {job.name: JobLoop(job) for job in jobs}

    def __enter__(self) -> Scheduler:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start every loop."""
        for loop in self.loops.values():
            loop.start()

    def stop(self, timeout: float = STOP_TIMEOUT_S) -> bool:
        """Let runs under way end and start no more; True when all have ended."""
        for loop in self.loops.values():
            loop.stop()
        ended = [loop.join(timeout) for loop in self.loops.values()]
        return all(ended)


def standard_jobs(services: Services) -> list[Job]:
    """Publish and anchor every ledger, and judge again what late knowledge concerns, at the settings' intervals."""

    def ledgers() -> list[str]:
        return [ledger.slug for ledger in services.ledgers.all()]

    settings = services.settings
    return [
        Job("publish", settings.publish_every_s, ledgers, services.publisher.publish),
        Job("anchor", settings.anchor_every_s, ledgers, services.anchoring.run_once),
        Job("deadlines", settings.deadlines_every_s, ledgers, services.deadline_sweep.run),
        Job("remind", settings.deadlines_every_s, ledgers, services.reminders.run),
        Job("effects", settings.effects_every_s, ledgers, services.effects.run),
        Job("reconsider", settings.reconsider_every_s, ledgers, services.reconsider.run),
    ]
