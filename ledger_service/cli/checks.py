"""`safety-ledger check`: ask the log whether somebody or something may, as of an instant."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_service.cli.output import DataDir, Json, Ledger, services_at, show

EXIT_UNKNOWN = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    ledger: Ledger,
    name: Annotated[str, typer.Argument(help="The question, such as competent.", metavar="CHECK")],
    arguments: Annotated[
        list[str], typer.Argument(help="What it is asked with, such as E-0815 loading_manager.", metavar="ARGUMENT...")
    ],
    at: Annotated[str | None, typer.Option(help="As of this time, RFC 3339 in UTC; default: now.")] = None,
    known: Annotated[int | None, typer.Option(min=0, help="Knowing only the entries below this index.")] = None,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "en",
    data: DataDir = None,
    as_json: Json = False,
) -> int:
    """Ask the log a question as of an instant. 0 yes, 1 no, 2 it cannot tell."""
    from ledger_service.checks.model import CHECKS
    from ledger_service.checks.schemas import answer_json
    from ledger_service.entries.schemas import time_bound

    question = CHECKS.get(name)
    if question is None:
        raise typer.BadParameter(f"CHECK is one of: {', '.join(CHECKS)}")
    if not len(question.arguments) <= len(arguments) <= len(question.names):
        raise typer.BadParameter(f"{name} is asked with: {' '.join(question.names)}")
    given = dict(zip(question.names, arguments, strict=False))
    with services_at(data) as services:
        answer = services.checks.ask(ledger, name, given, time_bound(at), known)
    words = answer.words[lang != "zh"]
    value = answer_json(answer)
    line = f"{str(value['answer']).lower()}  {words}".rstrip() if words else f"{str(value['answer']).lower()}"
    entries = f"entries {', '.join(map(str, answer.inputs))}" if answer.inputs else "no entry"
    show(value, as_json, lambda: [line, f"as of {value['at']}, knowing {answer.known} entries, resting on {entries}"])
    return EXIT_UNKNOWN if answer.answer is None else int(not answer.answer)
