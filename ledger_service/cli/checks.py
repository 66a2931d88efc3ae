"""`safety-ledger check`: ask the log whether somebody or something may, as of an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ledger_service.cli.output import DataDir, Json, Lang, Language, Ledger, services_at, show

if TYPE_CHECKING:
    from ledger_service.checks.model import Answer

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
    lang: Lang = Language.EN,
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
    show(answer_json(answer), as_json, lambda: _lines(answer, lang))
    return EXIT_UNKNOWN if answer.answer is None else int(not answer.answer)


def _lines(answer: Answer, lang: Language) -> list[str]:
    from evidence.encoding import format_time

    inputs = ", ".join(map(str, answer.inputs))
    at = format_time(answer.at)
    if lang is Language.ZH:
        word = {True: "是", False: "否", None: "无法判断"}[answer.answer]
        basis = f"依据记录 {inputs}" if inputs else "无相关记录"
        return [f"{word}  {answer.words[0]}".rstrip(), f"截至 {at}，已知 {answer.known} 条记录，{basis}"]
    word = {True: "yes", False: "no", None: "cannot tell"}[answer.answer]
    basis = f"entries {inputs}" if inputs else "no entry"
    return [f"{word}  {answer.words[1]}".rstrip(), f"as of {at}, knowing {answer.known} entries, resting on {basis}"]
