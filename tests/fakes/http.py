"""A client of the application without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from ledger_service.app import create_app
from ledger_service.context import Services


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    content: bytes | str | None = None
    json: Any = None
    headers: dict[str, str] | None = None


def call(
    services: Services, calls: Sequence[Call], *, peer: str = "127.0.0.1", together: bool = False
) -> list[httpx.Response]:
    """Answer the requests in order, or all `together`, within one life of the application."""
    return asyncio.run(_call(services, calls, peer, together))


def request(services: Services, method: str, path: str, *, peer: str = "127.0.0.1", **fields: Any) -> httpx.Response:
    """Answer one request."""
    return call(services, [Call(method, path, **fields)], peer=peer)[0]


async def _call(services: Services, calls: Sequence[Call], peer: str, together: bool) -> list[httpx.Response]:
    app = create_app(services)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 50_000))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client,
    ):
        sending = [
            client.request(item.method, item.path, content=item.content, json=item.json, headers=item.headers)
            for item in calls
        ]
        if together:
            return list(await asyncio.gather(*sending))
        return [await one for one in sending]
