"""The service in a process of its own, with one more route that does nothing: `python -m bench.server FOLDER [bare]`.

`bare` takes the signature check and the sequencer out of the same routes: what is left is the framework, reading and
parsing a statement, the rules about it, and the answer. Prints the port when it listens and serves until its standard
input closes.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import uvicorn
from fastapi import Request, Response

from bench.sample import LEDGER
from ledger_service.app import create_app
from ledger_service.config import Settings
from ledger_service.context import Services, build_services
from ledger_service.kit.logs import configure_logs
from ledger_service.kit.process import settle
from ledger_service.statements import prepare
from ledger_service.statements.model import PreparedStatement, Sequenced

_ANSWER = (
    b'{"record_id":"019d0000-0000-7000-8000-000000000000","index":100000,"leaf_hash":"' + b"A" * 43 + b'",'
    b'"stream_seq":17,"received_at":"2026-11-02T06:00:00.000000Z","links":{"self":"/v1/ledgers/bench/entries/100000",'
    b'"receipt":"/v1/ledgers/bench/entries/100000/receipt"}}'
)


async def nothing(request: Request) -> Response:
    """Take the same body and give an answer of the same size."""
    await request.body()
    return Response(_ANSWER, 201, media_type="application/json")


def strip(services: Services) -> None:
    """Let statements pass unsigned and unstored, with an answer of the same form."""

    async def answer(statement: PreparedStatement) -> Sequenced:
        return Sequenced(
            statement.ledger, statement.record_id, 100_000, bytes(32), statement.stream, 17, statement.occurred_at, True
        )

    setattr(prepare, "verify_signature", lambda statement, jwk: None)  # noqa: B010
    services.statements.submit_prepared = answer  # type: ignore[method-assign]


async def serve(folder: Path, bare: bool) -> None:
    """Serve until standard input ends."""
    configure_logs("WARNING")
    services = build_services(Settings(data_dir=folder, open_loopback=True, scheduler=False))
    if bare:
        strip(services)
    app = create_app(services)
    app.add_api_route(f"/v1/ledgers/{LEDGER}/nothing", nothing, methods=["POST"])
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    settle()  # As `safety-ledger serve` does.
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    print(listener.getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await task


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), "bare" in sys.argv[2:]))
