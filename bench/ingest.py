"""Durable ingest over HTTP: one statement a request, and a hundred."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.http_load import drive, post
from bench.measure import Row, duel, per_second
from bench.sample import DEVICE, LEDGER, ORIGIN, statements
from ledger_service.config import Settings
from ledger_service.context import Services, build_services
from ledger_service.kit.logs import configure_logs
from ledger_service.statements.model import Sequenced

_CONNECTIONS = 64
_BATCH = 100
SCRATCH = Path(__file__).parent / "results"
"""On the disk of the repository: a folder in memory would make a commit free."""


@contextmanager
def ledger(folder: Path) -> Iterator[Services]:
    """A new ledger with the device enrolled."""
    configure_logs("WARNING")
    services = build_services(Settings(data_dir=folder, open_loopback=True, scheduler=False))
    services.ledgers.create(LEDGER, ORIGIN)
    services.keys.enrol(LEDGER, DEVICE.public, "Dosing terminal 4", "device")
    yield services
    services.close()


@contextmanager
def server(folder: Path, *options: str) -> Iterator[int]:
    """The service over `folder` in another process; yields its port."""
    command = [sys.executable, "-m", "bench.server", str(folder), *options]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(30)


def rows(quick: bool) -> Iterator[Row]:
    """Both ingest rows."""
    rounds, singles, batches = (1, 100, 3) if quick else (5, 2000, 40)
    SCRATCH.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=SCRATCH) as name, ledger(Path(name, "served")) as services:
        now = datetime.now(UTC)
        supply = statements(services, 2 * (rounds + 1) * singles + 2, now)
        with server(Path(name, "served")) as port:
            with server(Path(name, "served"), "bare") as bare:
                yield _singles(port, supply, (bare, "statements"), rounds, singles)
            yield _singles(port, supply, (port, "nothing"), rounds, singles)
            supply = statements(services, (rounds + 1) * batches * _BATCH, now)
            with ledger(Path(name, "direct")) as direct:
                own = statements(direct, (rounds + 1) * batches * _BATCH, now)
                yield _batches(port, supply, direct, own, rounds, batches)


_PEERS = {
    "statements": ("the same route without storage or signature", 0.5),
    "nothing": ("a route that does nothing", None),
}


def _singles(port: int, supply: Iterator[str], peer_route: tuple[int, str], rounds: int, count: int) -> Row:
    path = f"/v1/ledgers/{LEDGER}"
    peer_port, peer_path = peer_route
    sample = next(supply).encode()

    def ours() -> float:
        batch = islice(supply, count)
        return drive(port, [post(f"{path}/statements", s.encode(), "application/sd-jwt") for s in batch], _CONNECTIONS)

    def peer() -> float:
        return drive(peer_port, [post(f"{path}/{peer_path}", sample, "application/sd-jwt")] * count, _CONNECTIONS)

    result = duel(ours, peer, rounds)
    words, goal = _PEERS[peer_path]
    name = f"durable ingest, one a request ({_CONNECTIONS} connections) / {words}"
    return Row(name, result.ratio, goal, per_second(count, result.ours), per_second(count, result.peer))


def _batches(port: int, supply: Iterator[str], direct: Services, own: Iterator[str], rounds: int, count: int) -> Row:
    def ours() -> float:
        bodies = ["".join(f'"{text}"\n' for text in islice(supply, _BATCH)).encode() for _ in range(count)]
        path = f"/v1/ledgers/{LEDGER}/statements"
        return drive(port, [post(path, body, "application/x-ndjson") for body in bodies], 2)

    def peer() -> float:
        lots = [list(islice(own, _BATCH)) for _ in range(count)]
        begin = perf_counter()
        for lot in lots:
            outcomes = direct.statements.submit_now(LEDGER, lot)
            assert all(isinstance(outcome, Sequenced) for outcome in outcomes)
        return perf_counter() - begin

    result = duel(ours, peer, rounds)
    total = count * _BATCH
    name = f"durable ingest, {_BATCH} a request / the pipeline in process"
    return Row(name, result.ratio, 0.8, per_second(total, result.ours), per_second(total, result.peer))
