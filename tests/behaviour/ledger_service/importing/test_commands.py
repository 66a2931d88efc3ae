"""`import` as it is typed: checking, trying, importing, and what the exit code says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from ledger_service.cli import main
from tests.behaviour.ledger_service.importing.test_mappings import export
from tests.fakes.plant import LEDGER, Plant
from tests.support import VECTORS, read_case


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder, and beside it the export of a gate."""
    plant = Plant(tmp_path / "data")
    plant.services.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAFETY_LEDGER_DATA_DIR", str(tmp_path / "data"))
    export(tmp_path, read_case(VECTORS / "mappings" / "gate_access.json"))
    yield tmp_path
    structlog.reset_defaults()


def run(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, Any, str]:
    code = main(["import", LEDGER, "export.csv", "--mapping", "gate_access", "--json", *options])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else None, err


def test_a_trial_and_an_import_report_alike(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "device", "GATE", "--iss", "urn:device:gate", "--file", "devices.json", "--json"]) == 0
    jwk = json.loads(capsys.readouterr().out)["jwk"]
    assert main(["keys", "enrol", LEDGER, "--jwk", jwk, "--holder", "Gate"]) == 0
    capsys.readouterr()
    code, trial, err = run(capsys, "--devices", "devices.json", "--dry-run")
    assert (code, trial["created"], trial["trial"]) == (0, 3, True)
    code, report, err = run(capsys, "--devices", "devices.json")
    assert (code, report["created"], report["trial"]) == (0, 3, False), err
    assert {key: value for key, value in report.items() if key != "trial"} == {
        key: value for key, value in trial.items() if key != "trial"
    }
    assert report["notes"] == ["read as gb18030"]
    code, again, _ = run(capsys, "--devices", "devices.json")
    assert (code, again["created"], again["repeated"]) == (0, 0, 3)


def test_refused_rows_give_exit_code_one_and_a_spreadsheet(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = place / "export.csv"
    path.write_bytes(path.read_bytes().replace("入场".encode("gb18030"), "翻墙".encode("gb18030")))
    code, report, _ = run(capsys, "--dry-run")
    assert (code, report["created"], report["rejected"]) == (1, 2, 1)
    assert Path(report["errors"]).exists()


def test_a_check_explains_and_finds(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = run(capsys, "--check")
    assert (code, found["problems"]) == (0, [])
    assert found["columns"]["人员编号"] == ["gate_access: person_ref"]
    path = place / "export.csv"
    path.write_bytes(path.read_bytes().replace("门岗".encode("gb18030"), "大门".encode("gb18030")))
    code, found, _ = run(capsys, "--check")
    assert code == 1
    assert found["problems"] == [
        "column 大门 would be lost: map it or list it under ignored",
        "column 门岗 is missing",
    ]


@pytest.mark.parametrize("options", [[], ["--mapping", "nothing"], ["--mapping", "../../etc/passwd"]])
def test_wrong_use_is_told(place: Path, capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    code, _, err = run(capsys, *options)
    assert code == 64
    assert err


def test_a_file_that_is_not_there_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "export.csv").unlink()
    code, _, err = run(capsys, "--dry-run")
    assert code == 1
    assert "cannot be read" in err


def test_a_template_is_written_once(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["import", LEDGER, "new.csv", "--mapping", "gate_access", "--template"]
    assert main(command) == 0
    assert main(command) == 1
    assert (place / "new.csv").read_text("utf-8-sig").startswith("流水号,承包商编号,时间")
