"""Group commit without a database: who waits for whom, and who hears of what."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import pytest

from ledger_service.errors import RetryLater, StorageFull
from ledger_service.statements.group_commit import GroupCommit
from ledger_service.statements.model import Outcome, PreparedStatement


class Recorder:
    """A sequencer that notes its groups; `gate` holds it back until it is set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.groups: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error = error

    def sequence(self, batch: Sequence[PreparedStatement]) -> list[Outcome]:
        self.gate.wait(5)
        self.groups.append([str(item) for item in batch])
        if self.error is not None:
            raise self.error
        return cast("list[Outcome]", [f"done {item}" for item in batch])


def statements(*names: str) -> list[PreparedStatement]:
    return cast("list[PreparedStatement]", list(names))


def run(recorder: Recorder, act: Callable[[GroupCommit], Awaitable[Any]], **limits: Any) -> Any:
    async def main() -> Any:
        settings: dict[str, Any] = {"wait_s": 1.0, "max_group": 100, "max_waiting": 1000} | limits
        group_commit = GroupCommit(recorder.sequence, **settings)
        try:
            return await act(group_commit)
        finally:
            recorder.gate.set()
            await group_commit.close()

    return asyncio.run(main())


async def all_of(group_commit: GroupCommit, *groups: Sequence[PreparedStatement]) -> list[Any]:
    return await asyncio.gather(*(group_commit.submit(group) for group in groups), return_exceptions=True)


def test_submissions_made_together_share_a_commit_and_each_gets_its_own_answers() -> None:
    recorder = Recorder()
    answers = run(recorder, lambda front: all_of(front, statements("a"), statements("b", "c"), statements("d")))
    assert answers == [["done a"], ["done b", "done c"], ["done d"]]
    assert recorder.groups == [["a", "b", "c", "d"]]


def test_a_group_has_its_limit_and_no_submission_is_split() -> None:
    recorder = Recorder()
    run(
        recorder,
        lambda front: all_of(front, statements("a", "b"), statements("c", "d"), statements("e", "f", "g", "h", "i")),
        max_group=4,
    )
    assert recorder.groups == [["a", "b", "c", "d"], ["e", "f", "g", "h", "i"]]


def test_a_lonely_submission_does_not_wait_for_company() -> None:
    recorder = Recorder()
    # With an hour to wait, this test would not end if it did.
    assert run(recorder, lambda front: front.submit(statements("a")), wait_s=3600.0) == ["done a"]


def test_what_arrives_during_a_commit_forms_the_next_group() -> None:
    recorder = Recorder()
    recorder.gate.clear()

    async def act(front: GroupCommit) -> None:
        first = asyncio.ensure_future(front.submit(statements("a")))
        while front._queue or not front._task:
            await asyncio.sleep(0)
        rest = [asyncio.ensure_future(front.submit(statements(name))) for name in "bc"]
        await asyncio.sleep(0)
        recorder.gate.set()
        await asyncio.gather(first, *rest)

    run(recorder, act)
    assert recorder.groups == [["a"], ["b", "c"]]


def test_a_full_queue_turns_away_at_once_and_keeps_what_it_has() -> None:
    recorder = Recorder()
    groups = [statements("a"), statements("b", "c"), statements("d"), statements("e")]
    answers = run(recorder, lambda front: all_of(front, *groups), max_waiting=3)
    assert answers[:2] == [["done a"], ["done b", "done c"]]
    assert [type(answer) for answer in answers[2:]] == [RetryLater, RetryLater]


def test_a_batch_larger_than_the_queue_is_taken_when_nothing_waits() -> None:
    assert run(Recorder(), lambda front: front.submit(statements(*"abcdef")), max_waiting=3)[5] == "done f"


@pytest.mark.parametrize("error", [StorageFull("full"), ZeroDivisionError("a bug")])
def test_everyone_in_a_failed_group_hears_of_it_and_the_next_group_is_tried(error: Exception) -> None:
    recorder = Recorder(error)

    async def act(front: GroupCommit) -> list[Any]:
        failed = await all_of(front, statements("a"), statements("b"))
        recorder.error = None
        return [*failed, await front.submit(statements("c"))]

    assert run(recorder, act) == [error, error, ["done c"]]


def test_a_caller_that_leaves_hinders_nobody() -> None:
    recorder = Recorder()
    recorder.gate.clear()

    async def act(front: GroupCommit) -> list[Outcome]:
        leaving = asyncio.ensure_future(front.submit(statements("a")))
        staying = asyncio.ensure_future(front.submit(statements("b")))
        await asyncio.sleep(0)
        leaving.cancel()
        recorder.gate.set()
        return await staying

    assert run(recorder, act) == ["done b"]
    assert recorder.groups == [["a", "b"]]


def test_closing_commits_what_waits_and_refuses_what_comes_later() -> None:
    recorder = Recorder()

    async def act(front: GroupCommit) -> Any:
        waiting = asyncio.ensure_future(front.submit(statements("a")))
        await asyncio.sleep(0)
        await front.close()
        late = await asyncio.gather(front.submit(statements("b")), return_exceptions=True)
        return await waiting, late[0]

    answer, late = run(recorder, act)
    assert answer == ["done a"]
    assert isinstance(late, RetryLater)
    assert recorder.groups == [["a"]]


def test_after_a_close_it_can_be_opened_for_another_event_loop() -> None:
    recorder = Recorder()
    front = GroupCommit(recorder.sequence, wait_s=1.0, max_group=10, max_waiting=10)

    async def life(name: str) -> Any:
        front.open()
        answer = await front.submit(statements(name))
        await front.close()
        return answer

    assert [asyncio.run(life(name)) for name in "ab"] == [["done a"], ["done b"]]
