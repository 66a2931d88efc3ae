"""Where a demo stands: how often it ran, and which months it has used. One small file in its data folder."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from ledger_service.demo.sample import Month

NAME: Final = "demo.json"
MONTHS_BACK: Final = 12
"""The first run takes the month of a year ago: eleven more runs follow before the sample reaches today."""


class DemoFolderUnusable(Exception):
    """The folder holds something that is not a demo of this seed: choose another one."""


@dataclass(frozen=True)
class DemoState:
    """The seed, the first month, how much of a month is made, and the number of completed or begun runs."""

    seed: int
    year: int
    month: int
    percent: int
    runs: int

    def next(self) -> DemoState:
        return replace(self, runs=self.runs + 1)

    def sample_month(self) -> Month:
        """The month of the current run: each run takes the next one, and after a year begins anew with another seed.

        Records of a month in the future would be refused, and rightly so.
        """
        round_, step = divmod(self.runs - 1, MONTHS_BACK)
        number = self.year * 12 + self.month - 1 + step
        return Month(self.seed + round_, number // 12, number % 12 + 1, self.percent)


def begin_run(data: Path, seed: int, percent: int, today: date) -> DemoState:
    """Note that a run begins and return where it stands. Raises `DemoFolderUnusable`.

    An interrupted run is repeated by the next one under its own number; only `finish_run` moves on. Size and months
    stay as the first run chose them.
    """
    path = data / NAME
    if path.exists():
        return _load(path, seed).next()
    if data.exists() and any(data.iterdir()):
        raise DemoFolderUnusable(f"{data} is not empty and holds no demo")
    number = today.year * 12 + today.month - 1 - MONTHS_BACK
    data.mkdir(0o700, parents=True, exist_ok=True)
    state = DemoState(seed, number // 12, number % 12 + 1, percent, 0)
    _store(path, state)
    return state.next()


def finish_run(data: Path, state: DemoState) -> None:
    """Note that the run is complete."""
    _store(data / NAME, state)


def _load(path: Path, seed: int) -> DemoState:
    try:
        state = DemoState(**json.loads(path.read_bytes()))
    except (ValueError, TypeError, OSError) as error:
        raise DemoFolderUnusable(f"{path} cannot be read; remove the folder to begin anew") from error
    if state.seed != seed:
        raise DemoFolderUnusable(f"{path.parent} was begun with seed {state.seed}, not {seed}")
    return state


def _store(path: Path, state: DemoState) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(asdict(state)) + "\n", "utf-8")
    os.replace(temporary, path)


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Keep a second demo out of the same data folder. Raises `DemoFolderUnusable`."""
    data.parent.mkdir(parents=True, exist_ok=True)
    with data.with_name(f".{data.name}.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoFolderUnusable(f"another demo is at work in {data}") from error
        yield
