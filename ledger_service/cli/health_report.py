"""health-report: how complete, timely and consistent the sources of a ledger are."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ledger_service.cli.output import DataDir, Json, Ledger, say, services_at


class ReportFormat(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("health-report")(health_report)


def health_report(
    ledger: Ledger,
    source: Annotated[str | None, typer.Option(help="Only this source_system.")] = None,
    begin: Annotated[str | None, typer.Option("--from", help="Occurred at or after, RFC 3339 UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Occurred before, RFC 3339 UTC.")] = None,
    form: Annotated[ReportFormat, typer.Option("--format", help="text, json, csv or xlsx.")] = ReportFormat.TEXT,
    output: Annotated[
        Path | None, typer.Option(help="Write to this file; xlsx needs one, the others print without.")
    ] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> int:
    """What is missing, late, twice, contradictory, silent or points at nothing, by source; 1 when anything is."""
    from ledger_service.data_health import tables
    from ledger_service.entries.schemas import time_bound

    form = ReportFormat.JSON if as_json else form
    if form is ReportFormat.XLSX and output is None:
        raise typer.BadParameter("a workbook needs a file: name it with --output", param_hint="--output")
    with services_at(data) as services:
        report = services.data_health.report(ledger, source, time_bound(begin), time_bound(end))
    if form is ReportFormat.XLSX and output is not None:
        tables.write_workbook(report, output)
    elif form is ReportFormat.CSV:
        _write(tables.csv_text(report), output, "utf-8-sig")
    elif form is ReportFormat.JSON:
        _write(json.dumps(report.to_value(), ensure_ascii=False, indent=2) + "\n", output)
    else:
        _write("".join(f"{line}\n" for line in tables.text_lines(report)), output)
    if output is not None:
        say(f"wrote {output}")
    return int(any(found.findings for found in report.sources))


def _write(text: str, output: Path | None, encoding: str = "utf-8") -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding=encoding, newline="")
