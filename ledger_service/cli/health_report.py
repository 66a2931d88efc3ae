"""health-report: how complete, timely and consistent the sources of a ledger are."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ledger_service.cli.output import DataDir, Ledger, services_at, show


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
    output: Annotated[Path | None, typer.Option(help="Where to write; xlsx needs it, the others print.")] = None,
    data: DataDir = None,
) -> int:
    """What is missing, late, twice, contradictory, silent or points at nothing, by source; 1 when anything is."""
    from ledger_service.data_health import tables
    from ledger_service.entries.schemas import time_bound

    if form is ReportFormat.XLSX and output is None:
        raise typer.BadParameter("a workbook needs a file: name it with --output", param_hint="--output")
    with services_at(data) as services:
        report = services.data_health.report(ledger, source, time_bound(begin), time_bound(end))
    if form is ReportFormat.XLSX and output is not None:
        tables.write_workbook(report, output)
    elif form is ReportFormat.CSV:
        _write(tables.csv_text(report), output)
    elif form is ReportFormat.JSON:
        show(report.to_value(), True)
    else:
        show(report.to_value(), False, lambda: tables.text_lines(report))
    return int(any(found.findings for found in report.sources))


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8-sig", newline="")
