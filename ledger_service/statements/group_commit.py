"""Group commit: many requests, one flush to the disk.

Submissions wait for company, a few milliseconds at most, and are committed together by one worker thread; while it
works, the next group gathers. Each caller is answered after its group's commit. What may wait is bounded: beyond it
callers are turned away at once (RetryLater), because a queue that only grows helps nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ledger_service.errors import RetryLater
from ledger_service.statements.model import Outcome, PreparedStatement

QUIET_TURNS = 6
"""Turns of the event loop without a new submission that close a group; a request takes about three to read."""

SequenceBatch = Callable[[Sequence[PreparedStatement]], list[Outcome]]


class GroupCommit:
    """The asyncio front of a sequencer. Belongs to the event loop that first submits to it."""

    def __init__(
        self, sequence: SequenceBatch, *, wait_s: float, max_group: int, max_waiting: int, retry_after: int = 1
    ) -> None:
        self._sequence = sequence
        self._wait_s = wait_s
        self._max_group = max_group
        self._max_waiting = max_waiting
        self._retry_after = retry_after
        self._queue: deque[tuple[Sequence[PreparedStatement], asyncio.Future[list[Outcome]], float]] = deque()
        self.open()

    def open(self) -> None:
        """Take submissions, from whichever event loop comes first; called again for the life after a `close`."""
        self._waiting = 0
        self._arrived = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._worker: ThreadPoolExecutor | None = None

    async def submit(self, statements: Sequence[PreparedStatement]) -> list[Outcome]:
        """Wait for the commit of these statements, which stay together in one group, and return their outcomes.

        Raises RetryLater when the queue is full or the service is stopping, and whatever the sequencer raises. A caller
        that stops waiting does not undo anything: the commit goes on, and asking again is answered from the log.
        """
        if self._closed:
            raise RetryLater("the service is stopping", retry_after=self._retry_after, reason="stopping")
        if self._waiting and self._waiting + len(statements) > self._max_waiting:
            raise RetryLater("the ingest queue is full", retry_after=self._retry_after, reason="queue-full")
        loop = asyncio.get_running_loop()
        if self._task is None:
            self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sequencer")
            self._task = loop.create_task(self._run())
        future: asyncio.Future[list[Outcome]] = loop.create_future()
        self._queue.append((statements, future, loop.time()))
        self._waiting += len(statements)
        self._arrived.set()
        return await future

    async def close(self) -> None:
        """Commit what waits, then stop."""
        self._closed = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        if self._worker is not None:
            self._worker.shutdown()

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            if self._queue:
                await self._gather()
                await self._commit(self._take())
            if not self._queue:
                if self._closed:
                    return
                self._arrived.clear()

    async def _gather(self) -> None:
        """Wait while company keeps coming: at most `wait_s` since the oldest submission, and not beyond a full group.

        When a few turns of the loop bring nothing new, no request is under way and waiting would only cost time.
        """
        loop = asyncio.get_running_loop()
        deadline = self._queue[0][2] + self._wait_s
        seen, quiet = self._waiting, 0
        while quiet < QUIET_TURNS and self._waiting < self._max_group and loop.time() < deadline and not self._closed:
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._waiting == seen else 0
            seen = self._waiting

    def _take(self) -> list[tuple[Sequence[PreparedStatement], asyncio.Future[list[Outcome]]]]:
        """The next group, oldest first. A single submission larger than a group is a group of its own."""
        group: list[tuple[Sequence[PreparedStatement], asyncio.Future[list[Outcome]]]] = []
        size = 0
        while self._queue and (not group or size + len(self._queue[0][0]) <= self._max_group):
            statements, future, _ = self._queue.popleft()
            group.append((statements, future))
            size += len(statements)
        self._waiting -= size
        return group

    async def _commit(self, group: list[tuple[Sequence[PreparedStatement], asyncio.Future[list[Outcome]]]]) -> None:
        batch = [statement for statements, _ in group for statement in statements]
        try:
            outcomes = await asyncio.get_running_loop().run_in_executor(self._worker, self._sequence, batch)
        except Exception as error:  # Whatever it is, the callers hear of it and the next group gets its chance.
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        position = 0
        for statements, future in group:
            if not future.done():
                future.set_result(outcomes[position : position + len(statements)])
            position += len(statements)
