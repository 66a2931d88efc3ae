"""The evidence chain of a subject with 1,000 entries in a log of a million, with warm and with cold caches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.chain_sample import LENGTH, SUBJECT, build
from bench.ingest import SCRATCH
from bench.measure import Row
from bench.sample import LEDGER
from ledger_service.config import Settings
from ledger_service.context import Services, build_services
from ledger_service.kit.process import settle

_GOAL = 50


def rows(quick: bool) -> Iterator[Row]:
    """The 95th percentile of whole answers: first page, with neighbours; every entry of the chain is hashed again."""
    size, calls = (100_000, 50) if quick else (1_000_000, 100)
    SCRATCH.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        build(folder, size)
        services = build_services(Settings(data_dir=folder, scheduler=False))
        settle()  # As `safety-ledger serve` does.
        try:
            title = f"evidence chain of {LENGTH:,} entries among {size:,}: p95 in ms"
            yield _row(title, _times(services, calls, lambda: None), _GOAL)
            cold = _times(services, 50, lambda: _forget(folder, services))
            yield _row(f"{title}, no page of the file in memory", cold, None)
        finally:
            services.close()


def _times(services: Services, calls: int, before: Callable[[], None]) -> list[float]:
    """Milliseconds of each call; one that does not count comes first."""
    found = []
    for _ in range(calls + 1):
        before()
        begin = perf_counter()
        chain = services.chains.get(LEDGER, SUBJECT)
        found.append(1000 * (perf_counter() - begin))
        if not chain.integrity.sound or chain.integrity.checked != LENGTH or not chain.neighbours:
            raise AssertionError("the chain is not whole")
    return found[1:]


def _forget(folder: Path, services: Services) -> None:
    """Close the connections, whose caches go with them, and let the system drop the file's pages."""
    services.engine.dispose()
    for path in folder.glob("ledger.sqlite*"):
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _row(name: str, times: list[float], goal: float | None) -> Row:
    cuts = quantiles(times, n=20)
    return Row(name, cuts[18], goal, f"{cuts[18]:.1f} ms", f"{cuts[9]:.1f} ms median", at_most=True)
