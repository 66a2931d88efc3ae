"""The long-running commands as processes: they publish and anchor by themselves and stop when they are asked to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger_service.config import Settings
from ledger_service.context import build_services
from tests.fakes.check_published import check_published
from tests.fakes.plant import LEDGER, Plant

ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=["worker", "serve"])
def process(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    plant = Plant(tmp_path / "data")
    plant.services.close()
    extra = ["--port", str(free_port())] if request.param == "serve" else []
    started = subprocess.Popen(
        [sys.executable, "-m", "ledger_service.cli", request.param, "--data", str(plant.settings.data_dir), *extra],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "SAFETY_LEDGER_PUBLISH_EVERY_S": "0.2", "SAFETY_LEDGER_ANCHOR_EVERY_S": "0.2"},
    )
    yield started, plant.settings.data_dir
    started.kill()
    started.communicate()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_publishes_by_itself_and_stops_in_order(
    process: tuple[subprocess.Popen[str], Path], stop: signal.Signals
) -> None:
    started, data_dir = process
    assert started.stderr is not None
    for line in started.stderr:
        if line.startswith("{") and json.loads(line)["event"] == "published":
            break
    started.send_signal(stop)
    _, rest = started.communicate(timeout=60)
    assert started.returncode == 0, rest
    assert "Traceback" not in rest
    services = build_services(Settings(data_dir=data_dir))
    assert check_published(services.engine, LEDGER, data_dir) == 2
    assert services.fsck.report(LEDGER).is_sound
    services.close()


def test_a_client_that_never_ends_its_request_does_not_keep_the_service_alive(tmp_path: Path) -> None:
    plant = Plant(tmp_path / "data")
    token = plant.services.access.create_client("slow")
    plant.services.close()
    port = free_port()
    started = subprocess.Popen(
        [sys.executable, "-m", "ledger_service.cli", "serve", "--data", str(tmp_path / "data"), "--port", str(port)],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert started.stderr is not None
    for line in started.stderr:
        if line.startswith("{") and json.loads(line)["event"] == "published":
            break
    with connected(port) as slow:
        head = f"POST /v1/ledgers/{LEDGER}/statements HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        slow.sendall(f"{head}Content-Type: text/plain\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n".encode())
        # The service asks for the body: from now on it waits for it.
        assert slow.recv(100).startswith(b"HTTP/1.1 100")
        started.send_signal(signal.SIGTERM)
        _, rest = started.communicate(timeout=60)
    assert started.returncode == 0, rest


def connected(port: int) -> socket.socket:
    """A connection to the service, as soon as it listens."""
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            continue
