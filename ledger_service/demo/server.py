"""The real HTTP application on a free port of this machine, inside this process, for as long as it is needed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx
import uvicorn

from ledger_service.app import create_app
from ledger_service.context import Services

START_TIMEOUT_S: Final = 20.0
REQUEST_TIMEOUT_S: Final = 60.0


class ServerFailed(Exception):
    """The application did not come up."""


@contextmanager
def serving(services: Services) -> Iterator[str]:
    """Serve on 127.0.0.1; yields the base URL. On leaving, open requests are finished and the port is free."""
    listener = _listener()
    started = threading.Event()
    config = uvicorn.Config(create_app(services), log_config=None, access_log=False, lifespan="on")
    server = _AnnouncingServer(config, started)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="demo-server", daemon=True)
    thread.start()
    try:
        if not started.wait(START_TIMEOUT_S) or not server.started:
            raise ServerFailed("the service did not start")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_TIMEOUT_S)
        listener.close()


@contextmanager
def client_of(url: str, token: str) -> Iterator[httpx.Client]:
    """A client of the service at `url`. Environment proxies are not asked: the service is on this machine."""
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=REQUEST_TIMEOUT_S, trust_env=False) as client:
        yield client


def _listener() -> socket.socket:
    # The protocol is named: asyncio switches Nagle's delay off only for sockets that say TCP, and with it every answer
    # after a request body would wait 40 ms for the peer's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


class _AnnouncingServer(uvicorn.Server):
    """Tells another thread when it listens, so that nobody has to poll."""

    def __init__(self, config: uvicorn.Config, started: threading.Event) -> None:
        super().__init__(config)
        self._announced = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self._announced.set()
