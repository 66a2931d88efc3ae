"""Interleaved measuring: contender and peer take turns, and the median of the rounds' ratios counts."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time

Timed = Callable[[], float]
"""Does some work and returns the seconds that count."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    ratio: float
    goal: float | None
    """None for a figure that is given without a goal."""
    ours: str
    peer: str
    at_most: bool = False
    """Whether the goal is an upper bound."""

    @property
    def met(self) -> bool:
        """Whether the ratio reaches its goal."""
        if self.goal is None:
            return True
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal


def timed(action: Callable[[], object], clock: Callable[[], float] = process_time) -> Timed:
    """Seconds of one call by `clock`, without the collector's pauses.

    By default the processor's: waiting for other programs does not count. Where waiting for a disk belongs to the
    work, both sides take `perf_counter`.
    """

    def run() -> float:
        gc.collect()
        gc.disable()
        try:
            begin = clock()
            action()
            return clock() - begin
        finally:
            gc.enable()

    return run


@dataclass(frozen=True, slots=True)
class Duel:
    """Medians over the rounds."""

    ratio: float
    """Peer's time over ours: above 1 we are quicker."""
    ours: float
    peer: float


def duel(ours: Timed, peer: Timed, rounds: int) -> Duel:
    """Let both run in turn, `rounds` times after one round that does not count; the first to go alternates."""
    mine: list[float] = []
    theirs: list[float] = []
    for number in range(rounds + 1):
        for runner, times in ((ours, mine), (peer, theirs))[:: 1 if number % 2 else -1]:
            times.append(runner())
    del mine[0], theirs[0]
    ratios = [other / own for own, other in zip(mine, theirs, strict=True)]
    return Duel(median(ratios), median(mine), median(theirs))


def per_second(count: int, seconds: float) -> str:
    """A rate for people."""
    rate = count / seconds
    return f"{rate / 1e6:.2f} M/s" if rate >= 1e6 else f"{rate / 1e3:.1f} k/s" if rate >= 1e4 else f"{rate:.0f} /s"


def each(count: int, seconds: float) -> str:
    """Time of one of `count`, for people."""
    one = seconds / count
    return f"{one * 1e9:.0f} ns" if one < 1e-6 else f"{one * 1e6:.2f} µs" if one < 1e-3 else f"{one * 1e3:.2f} ms"
