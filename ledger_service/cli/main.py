"""The commands put together, and what a shell gets back.

Exit codes, for every command: 0 done, VALID or sound · 1 INVALID, findings, or refused · 2 UNKNOWN · 64 wrong usage ·
75 busy, try again later. Results go to stdout, everything else to stderr; `--json` prints one JSON value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import typer

from ledger_service.cli import (
    chain,
    checks,
    deadlines,
    evidence,
    health_report,
    keys,
    packs,
    privacy,
    processes,
    records,
    types,
)
from ledger_service.cli.output import EXIT_BUSY, EXIT_INTERRUPTED, EXIT_REFUSED, EXIT_USAGE, say

NAME = "safety-ledger"
UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])
"""Every wrong use of the command line; its home differs between releases of typer."""

app = typer.Typer(
    name=NAME,
    help="Evidence ledger for industrial safety: signed records, one append-only log, heads anchored on a chain.",
    epilog="Exit codes: 0 done/VALID/sound, 1 INVALID/findings/refused, 2 UNKNOWN, 64 usage, 75 try again later.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for commands in (records, evidence, chain, health_report, privacy, processes, deadlines, checks):
    commands.register(app)
app.add_typer(keys.app, name="keys")
app.add_typer(types.app, name="types")
app.add_typer(packs.app, name="packs")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        result = app(args=None if arguments is None else list(arguments), prog_name=NAME, standalone_mode=False)
    except UsageError as error:
        error.show()
        return EXIT_USAGE
    except typer.Exit as error:
        return int(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except Exception as error:
        return _failed(error)
    return result if isinstance(result, int) else 0


def _failed(error: Exception) -> int:
    """One line for what the service, the importer or the disk refuses; anything else is a defect and shows itself."""
    from sqlalchemy.exc import DBAPIError

    from ledger_service.errors import RetryLater, ServiceError
    from ledger_service.importing.errors import ImportingError

    if isinstance(error, ServiceError):
        say(f"{error.title}: {error.detail}" if error.detail else error.title)
        return EXIT_BUSY if isinstance(error, RetryLater) else EXIT_REFUSED
    if isinstance(error, DBAPIError):
        say("The database is damaged: keep it as it is, and restore the newest backup beside it")
        return EXIT_REFUSED
    if isinstance(error, ImportingError | OSError):
        say(_system_words(error) if isinstance(error, OSError) else str(error))
        return EXIT_REFUSED
    raise error


def _system_words(error: OSError) -> str:
    """The file and what the system says of it, without the error's number."""
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
