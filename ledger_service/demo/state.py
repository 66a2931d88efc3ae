"""Where a demo stands: how often it ran, and which months it has used. One small file in its data folder."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
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
    """The seed, the first month, and the number of completed or begun runs."""

    seed: int
    year: int
    month: int
    runs: int

    def next(self) -> DemoState:
        return DemoState(self.seed, self.year, self.month, self.runs + 1)

    def sample_month(self) -> Month:
        """The month of the current run: each run takes the next one, and after a year begins anew with another seed.

        Records of a month in the future would be refused, and rightly so.
        """
        round_, step = divmod(self.runs - 1, MONTHS_BACK)
        number = self.year * 12 + self.month - 1 + step
        return Month(self.seed + round_, number // 12, number % 12 + 1)


def begin_run(data: Path, seed: int, today: date) -> DemoState:
    """Note that a run begins and return where it stands. Raises `DemoFolderUnusable`.

    An interrupted run is repeated by the next one under its own number; only `finish_run` moves on.
    """
    path = data / NAME
    if path.exists():
        return _load(path, seed).next()
    if data.exists() and any(data.iterdir()):
        raise DemoFolderUnusable(f"{data} is not empty and holds no demo")
    number = today.year * 12 + today.month - 1 - MONTHS_BACK
    data.mkdir(parents=True, exist_ok=True)
    state = DemoState(seed, number // 12, number % 12 + 1, 0)
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
