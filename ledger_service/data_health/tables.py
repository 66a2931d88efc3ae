"""A report as a table: text, CSV or a workbook."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook

from ledger_service.data_health.model import LABELS, HealthReport
from ledger_service.kit import spreadsheets

HEADER = ("来源 Source", "记录 Records", "代码 Code", "问题", "Finding", "n", "示例序号 Example indices")
NOTHING = ("ok", "未发现问题", "Nothing found")
UNJUDGED = ("unjudged", "含已删除字段, 无法判断", "Records with erased fields, not judged in full")


def table(report: HealthReport) -> list[tuple[str, int, str, str, str, int, str]]:
    """One row for each source and finding; a source without any has one row that says so."""
    rows = []
    for source in report.sources:
        found = [(f.code, *LABELS[f.code], f.n, " ".join(map(str, f.examples))) for f in source.findings]
        if source.unjudged:
            found.append((*UNJUDGED, source.unjudged, ""))
        for code, zh, en, n, examples in found or [(*NOTHING, 0, "")]:
            # A source's name is its own choice.
            rows.append((str(spreadsheets.plain_cell(source.source)), source.records, code, zh, en, n, examples))
    return rows


def text_lines(report: HealthReport) -> list[str]:
    """For a terminal."""
    lines = [f"{report.records} records of {len(report.sources)} sources, {report.size} entries in the log"]
    for source in report.sources:
        delays = " ".join(f"{name}={minutes}" for name, minutes in source.delay_minutes.items())
        lines.append(f"{source.source}: {source.records} records, delay in minutes {delays}")
        for finding in source.findings:
            shown = ", ".join(map(str, finding.examples))
            lines.append(f"  {finding.n:>6}  {LABELS[finding.code][1]} ({finding.code}), e.g. {shown}")
        if source.unjudged:
            lines.append(f"  {source.unjudged:>6}  {UNJUDGED[2]}")
        if not source.findings:
            lines.append("          nothing found")
    return lines


def csv_text(report: HealthReport) -> str:
    """As CSV with a header; the caller writes it as UTF-8 with a mark, which spreadsheets need for Chinese."""
    return spreadsheets.csv_text(HEADER, table(report))


def write_workbook(report: HealthReport, path: Path) -> None:
    """As a workbook of one sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("数据健康 Data health")
    sheet.append(HEADER)
    for row in table(report):
        sheet.append(row)
    book.save(path)
