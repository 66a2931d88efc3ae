"""erase, hold, retain, rotate-master: what the ledger holds of persons, and how long."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_service.cli.output import DataDir, Json, Ledger, read_text, services_at, show

if TYPE_CHECKING:
    from ledger_service.privacy.model import Erased, ErasurePlan
    from ledger_service.privacy.retain import RetentionReport

OPERATOR = "command-line"
holds = typer.Typer(
    help="Keep what speaks of a subject, whatever its period: place, release and list.", no_args_is_help=True
)
Subject = Annotated[str, typer.Argument(help="A pseudonymous subject, such as person/E-0815.", metavar="SUBJECT")]
Basis = Annotated[str, typer.Option(help="The legal ground, such as 'PIPL 47'. It stays in the log.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("erase")(erase)
    app.command("retain")(retain)
    app.command("rotate-master")(rotate_master)
    app.add_typer(holds, name="hold")


def erase(
    ledger: Ledger,
    subject: Subject,
    basis: Basis,
    reason: Annotated[str, typer.Option(help="Why. It stays in the log: name nobody.")],
    also_containing: Annotated[
        list[str] | None,
        typer.Option(help="A text to look for in every field, such as a name or plate; @FILE reads one a line."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Destroy what is disclosed about a person (or `record/<id>`); every proof still verifies."""
    terms = [term for item in also_containing or () for term in _terms(item)]
    with services_at(data) as services:
        done: Erased | None = None
        if dry_run:
            plan = services.erasures.plan(ledger, subject, terms)
        else:
            plan, done = services.erasures.erase(
                ledger, subject, basis, reason, also_containing=terms, decided_by=OPERATOR
            )
    show({"plan": plan.to_json(), "erased": done and done.to_json()}, as_json, lambda: _lines(plan, done))


@holds.command()
def place(
    ledger: Ledger,
    subject: Subject,
    basis: Basis,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day; open without.")] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Let nothing be erased that speaks of SUBJECT; prints the hold's name."""
    with services_at(data) as services:
        slug = services.ledgers.get(ledger).slug
        name, done = services.holds.place(
            slug, subject, basis, until=None if until is None else until.date(), decided_by=OPERATOR
        )
    show({"hold": name, "index": done.index}, as_json)


@holds.command()
def release(
    ledger: Ledger,
    hold: Annotated[str, typer.Argument(help="The hold's name, as `hold list` prints it.", metavar="HOLD")],
    basis: Basis,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """End a hold."""
    with services_at(data) as services:
        done = services.holds.release(services.ledgers.get(ledger).slug, hold, basis, decided_by=OPERATOR)
    show({"hold": hold, "index": done.index}, as_json)


@holds.command("list")
def list_holds(ledger: Ledger, data: DataDir = None, as_json: Json = False) -> None:
    """The holds in force."""
    with services_at(data) as services:
        values = [hold.to_json() for hold in services.holds.list(services.ledgers.get(ledger).slug)]
    show(values, as_json, lambda: [_hold_line(value) for value in values] or ["no hold is in force"])


def retain(
    ledger: Ledger,
    due: Annotated[bool, typer.Option("--due", help="Name the records that may go.")] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """What is past its minimum retention and may go, what must stay, what is under a hold. Erases nothing."""
    with services_at(data) as services:
        report = services.retention.report(ledger)
    show(report.to_json(), as_json, lambda: _due_lines(report) if due else _type_lines(report))


def rotate_master(data: DataDir = None, as_json: Json = False) -> None:
    """Replace the master key of the key store, or finish a rotation that was interrupted. Back up keys/ afterwards."""
    from ledger_service.privacy.master import FileMasterKey
    from ledger_service.privacy.rotation import rotate_file

    with services_at(data) as services:
        count = rotate_file(services.engine, FileMasterKey(services.settings.data_dir, services.random))
    show({"rewrapped": count}, as_json)


def _terms(item: str) -> list[str]:
    if not item.startswith("@"):
        return [item]
    return [line.strip() for line in read_text(Path(item[1:])).splitlines() if line.strip()]


def _lines(plan: ErasurePlan, done: Erased | None) -> list[str]:
    verb = "erased" if done else "nothing left to erase" if plan.is_empty else "would erase"
    lines = [
        f"{verb}: {plan.disclosures} fields of {len(plan.erase)} records, {len(plan.blobs)} attachments,"
        f" {len(plan.keys)} data keys; {plan.searched} fields looked into"
    ]
    lines += [f"  text {at}: in {count} records" for at, count in enumerate(plan.terms, start=1)]
    lines += [f"  entry {item.index} ({item.record_type}): {', '.join(item.fields)}" for item in plan.erase]
    if plan.kept:
        lines.append(f"kept, for storage and protection only: {len(plan.kept)} records")
    lines += [
        f"  entry {item.index} ({item.record_type}): {item.why}"
        + (f" until {item.until}" if item.until else "")
        + f", {item.source}"
        for item in plan.kept
    ]
    lines += [f"kept, other records refer to it: attachment {digest}" for digest in plan.shared_blobs]
    if done:
        lines.append(f"recorded in entry {', '.join(map(str, done.indices))}")
    return lines


def _type_lines(report: RetentionReport) -> list[str]:
    return [
        f"{item.record_type}: {item.records} records, {item.due} due, {item.running} running, {item.held} held"
        f"  ({item.minimum}, {item.source})"
        for item in report.types
    ]


def _due_lines(report: RetentionReport) -> list[str]:
    lines = [f"{item.index}  {item.record_id}  {item.record_type}  since {item.since}" for item in report.due]
    return lines or ["nothing may go yet"]


def _hold_line(hold: dict[str, Any]) -> str:
    until = f"until {hold['until']}" if hold["until"] else "open"
    return f"{hold['subject']}  {hold['scope']}  {until}  {hold['basis']}  (entry {hold['index']})"
