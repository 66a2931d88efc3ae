"""What the commands share: services, output for people or programs, progress on a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ledger_service.context import Services

EXIT_REFUSED = 1
EXIT_USAGE = 64  # EX_USAGE, sysexits.h
EXIT_BUSY = 75  # EX_TEMPFAIL
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


class Language(StrEnum):
    """A language of the product."""

    ZH = "zh"
    EN = "en"


Lang = Annotated[Language, typer.Option("--lang", help="zh or en.")]
Ledger = Annotated[str, typer.Argument(help="The ledger's name.", metavar="LEDGER")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data", help="Data folder; default: SAFETY_LEDGER_DATA_DIR or ./data.", show_default=False),
]


@contextmanager
def services_at(data: Path | None) -> Iterator[Services]:
    """The services on a data folder, with the logs on stderr."""
    from ledger_service.config import Settings
    from ledger_service.context import build_services
    from ledger_service.kit.logs import configure_logs

    settings = Settings() if data is None else Settings(data_dir=data)
    configure_logs(settings.log_level)
    services = build_services(settings)
    try:
        yield services
    finally:
        services.close()


def read_text(path: Path) -> str:
    """The text of a file that a person names. Raises BadRequest where it is not UTF-8, OSError where it is not there.

    A byte order mark, as Windows programs write it, is no part of the text.
    """
    from ledger_service.errors import BadRequest

    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"{path.name} is not UTF-8 text (GBK perhaps): save it as UTF-8") from error


def say(text: str) -> None:
    """A line for a person, on stderr."""
    typer.echo(text, err=True)


def show(value: Any, as_json: bool, lines: Callable[[], Sequence[str]] | None = None) -> None:
    """Print a result: JSON, or `lines` (default: one `name  value` line each)."""
    if as_json:
        typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
    else:
        for line in _pairs(value) if lines is None else lines():
            typer.echo(line)


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, drawn only on a terminal; call the result with (done, of)."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=None)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield update


def _pairs(value: Mapping[str, Any]) -> list[str]:
    width = max((len(name) for name in value), default=0)
    return [f"{name:<{width}}  {item}" for name, item in value.items()]
