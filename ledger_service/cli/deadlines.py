"""`safety-ledger deadlines` and `remind`: what is due, and telling those who have to know."""

from __future__ import annotations

from typing import Annotated

import typer

from evidence.records.deadlines import DeadlineState
from ledger_service.cli.output import DataDir, Json, Lang, Language, Ledger, services_at, show

_NOTHING = {Language.EN: "nothing is due", Language.ZH: "没有待办期限"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("deadlines")(deadlines)
    app.command("remind")(remind)


def deadlines(
    ledger: Ledger,
    state: Annotated[DeadlineState | None, typer.Option(help="Only those in this state.")] = None,
    record_type: Annotated[str | None, typer.Option("--type", help="Only those of this record type.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print a table for a spreadsheet.")] = False,
    lang: Lang = Language.EN,
    data: DataDir = None,
    as_json: Json = False,
) -> int:
    """List what is due, overdue, breached or answered, the earliest due first. 1 while something is breached."""
    from ledger_service.deadlines.model import DeadlineFilter
    from ledger_service.deadlines.schemas import deadline_json, deadlines_csv

    with services_at(data) as services:
        if record_type is not None and record_type not in services.record_types:
            raise typer.BadParameter(f"there is no record type {record_type}", param_hint="--type")
        services.deadline_sweep.run(services.ledgers.get(ledger).slug)
        found = services.deadlines.list(ledger, DeadlineFilter(state, record_type), 0, 200)
        values = [deadline_json(services.deadlines, view) for view in found]
        table = deadlines_csv(services.deadlines, found, lang.value) if csv else ""
    if csv:
        typer.echo(table, nl=False)
    else:
        show(values, as_json, lambda: [_line(value, lang) for value in values] or [_NOTHING[lang]])
    return int(any(value["state"] == DeadlineState.BREACHED for value in values))


def remind(ledger: Ledger, data: DataDir = None, as_json: Json = False) -> None:
    """Work out what is due now and send the reminders that wait, once. The service does it by itself."""
    with services_at(data) as services:
        slug = services.ledgers.get(ledger).slug
        looked = services.deadline_sweep.run(slug)
        show({"subjects": looked, "delivered": services.reminders.run(slug)}, as_json)


def _line(value: dict[str, object], language: Language) -> str:
    labels = value["labels"]
    label = labels[language] if isinstance(labels, dict) else ""
    return f"{value['state']:<9} {str(value['due_at'])[:16]:<16}  {value['subject'] or '(erased)'}  {label}"
