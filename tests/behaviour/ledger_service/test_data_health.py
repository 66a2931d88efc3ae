"""Data health of a real ledger, over HTTP and from the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest

from evidence.encoding import format_time
from ledger_service.cli import main
from tests.fakes.http import request
from tests.fakes.plant import LEDGER, Plant

BASE = f"/v1/ledgers/{LEDGER}"


@pytest.fixture
def filled(plant: Plant) -> Plant:
    """Six steps of one terminal; numbers 3 and 4 never came, one came late."""
    for number in (1, 2, 5):
        plant.submit(plant.statement(source_system="装卸作业终端", seq=number, claims={"counter": number}))
        plant.clock.advance(minutes=5)
    old = format_time(plant.clock.now())
    plant.clock.advance(days=1, hours=1)
    plant.submit(
        plant.statement(source_system="装卸作业终端", seq=6, claims={"counter": 6, "occurred_at": old}),
        plant.statement(subject="loading_operation/LO-2"),
    )
    return plant


def test_a_report_names_sources_codes_and_indices_and_no_value(filled: Plant) -> None:
    answer = request(filled.services, "GET", f"{BASE}/data-health")
    assert answer.status_code == 200
    report = answer.json()
    by_source = {source["source"]: source for source in report["sources"]}
    codes = {item["code"]: (item["n"], item["examples"]) for item in by_source["装卸作业终端"]["findings"]}
    assert codes["sequence_gap"] == (2, [4])
    assert codes["late"] == (1, [5])
    assert codes["orphan"][0] > 0
    assert by_source["装卸作业终端"]["records"] == 4
    assert set(by_source) == {"装卸作业终端", "(iot)"}
    assert report["labels"]["late"] == {"zh": "迟报", "en": "Records that came later than the source may be late"}
    assert "E-0815" not in answer.text
    assert "LO-2026-0012" not in answer.text


def orphans(plant: Plant) -> int:
    """References to nothing from the one step that named no source."""
    (health,) = plant.services.data_health.report(LEDGER, "(iot)").sources
    return sum(finding.n for finding in health.findings if finding.code == "orphan")


def test_what_has_a_record_is_no_orphan_any_more(filled: Plant) -> None:
    before = orphans(filled)
    bay = {"type": "loading_bay", "occurred_at": format_time(filled.clock.now()), "channel": "web",
           "payload": {"subject": "bay/2", "site": "SH-01", "event": "close", "cause": "repair"}}  # fmt: skip
    answer = request(filled.services, "POST", f"{BASE}/records", json=bay)
    assert answer.status_code == 201, answer.text
    assert orphans(filled) == before - 1


def test_source_and_period_narrow_a_report(filled: Plant) -> None:
    service = filled.services.data_health
    assert [item.source for item in service.report(LEDGER, "(iot)").sources] == ["(iot)"]
    first = filled.services.entries.get(LEDGER, 3).entry.occurred_at
    last = filled.services.entries.get(LEDGER, 4).entry.occurred_at
    assert service.report(LEDGER, begin=first, end=last).records == 1
    assert service.report(LEDGER, begin=first).records == 4


@pytest.mark.parametrize("query", ["from=yesterday", "to=2026", f"source={'x' * 200}"])
def test_a_bad_question_is_refused(plant: Plant, query: str) -> None:
    assert request(plant.services, "GET", f"{BASE}/data-health?{query}").status_code == 400


def test_an_unknown_ledger_is_not_found(plant: Plant) -> None:
    assert request(plant.services, "GET", "/v1/ledgers/nowhere/data-health").status_code == 404


@pytest.mark.parametrize("form", ["text", "json", "csv", "xlsx"])
def test_every_format_says_the_same(
    filled: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    filled.services.close()
    target = tmp_path / "health.xlsx"
    options = ["--output", str(target)] if form == "xlsx" else []
    assert main(["health-report", LEDGER, "--data", str(filled.settings.data_dir), "--format", form, *options]) == 1
    out = capsys.readouterr().out
    if form == "json":
        rows = [
            (source["source"], item["code"]) for source in json.loads(out)["sources"] for item in source["findings"]
        ]
    elif form == "csv":
        rows = [(row[0], row[2]) for row in list(csv.reader(io.StringIO(out)))[1:]]
    elif form == "xlsx":
        sheet = openpyxl.load_workbook(target).active
        assert sheet is not None
        rows = [(str(row[0]), str(row[2])) for row in list(sheet.iter_rows(values_only=True))[1:]]
    else:
        assert "装卸作业终端: 4 records" in out
        rows = [("装卸作业终端", code) for code in ("sequence_gap", "late") if f"({code})" in out]
    assert {("装卸作业终端", "sequence_gap"), ("装卸作业终端", "late")} <= set(rows)


def test_a_workbook_needs_a_file(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(plant.settings.data_dir)
    assert main(["health-report", LEDGER, "--data", data, "--format", "xlsx"]) == 64
    assert "--output" in capsys.readouterr().err
