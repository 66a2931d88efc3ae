"""serve, worker, demo: what runs for a while."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from ledger_service.cli.output import DataDir, Json, say, services_at

PORT = 8080
STOP_WITHIN_S = 5
"""How long requests under way are waited for; a client that sends its body slowly must not keep the process alive."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (serve, worker, demo):
        app.command()(command)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = PORT,
    scheduler: Annotated[bool, typer.Option(help="Publish and anchor within this process.")] = True,
    data: DataDir = None,
) -> None:
    """Serve the HTTP API, and publish and anchor in the background. Settings: SAFETY_LEDGER_* variables."""
    import uvicorn

    from ledger_service.app import create_app
    from ledger_service.kit.process import settle
    from ledger_service.scheduler import Scheduler, standard_jobs

    with services_at(data) as services:
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(services),
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=STOP_WITHIN_S,
            )
        )
        # Also for a signal before the server takes signals itself, and for those that it hands on when it has stopped:
        # without a handler the process would die there, and the scheduler with a publication under way.
        _on_stop(lambda: setattr(server, "should_exit", True))
        running = scheduler and services.settings.scheduler
        with _listen(host, port) as listener, Scheduler(standard_jobs(services)) if running else nullcontext():
            # Connections wait in the listener from here on, so that a client may come as soon as it reads the line.
            say(f"serving on http://{host}:{listener.getsockname()[1]}; stop with Ctrl-C")
            settle()
            server.run(sockets=[listener])


def worker(data: DataDir = None) -> None:
    """Publish and anchor every ledger at the intervals of the settings, until SIGINT or SIGTERM."""
    from ledger_service.scheduler import Scheduler, standard_jobs

    stopped = Event()
    _on_stop(stopped.set)
    with services_at(data) as services, Scheduler(standard_jobs(services)):
        say("working; stop with Ctrl-C")
        stopped.wait()


def demo(
    output: Annotated[Path, typer.Option(help="Folder for the evidence.")] = Path("demo-output"),
    data: Annotated[
        Path | None, typer.Option(help="Folder of the demo's ledger and chain; default: demo-data beside the output.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="zh or en; default: from the environment.")] = None,
    as_json: Json = False,
) -> int:
    """Run the product's main job on a sample plant and try to cheat it. Again: the next month on the same ledger."""
    from ledger_service.demo.run import run_demo

    return run_demo(output, data=data, language=language, as_json=as_json)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def _on_stop(action: Callable[[], None]) -> None:
    """Run `action` instead of dying when Ctrl-C or a service manager asks this process to stop."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: action())
