"""`safety-ledger types …`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence.records import load_record_types
from evidence.records.loader import shipped
from ledger_service.cli import main
from tests.unit.evidence.records.rich import TEXT


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["types", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_new_type_passes_the_check_and_is_not_written_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "new", "ladder_check")[0] == 0
    code, out, _ = run(capsys, "check", "ladder_check.yaml")
    assert (code, out.split(":")[0]) == (0, "ladder_check.yaml")
    before = Path("ladder_check.yaml").read_text()
    assert run(capsys, "new", "ladder_check")[0] == 1
    assert Path("ladder_check.yaml").read_text() == before


@pytest.mark.parametrize("name", ["Ladder", "ladder-check", "", "../x"])
def test_a_name_that_no_type_can_have(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert run(capsys, "new", name)[0] == 64
    assert list(Path().iterdir()) == []


def test_a_type_of_the_product_is_not_begun_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "new", "key_event")[0] == 1
    assert list(Path().iterdir()) == []


def test_every_mistake_of_every_file_is_said_with_line_and_field(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "new", "ladder_check")
    text = Path("ladder_check.yaml").read_text()
    Path("ladder_check.yaml").write_text(text.replace("payload.done_by !=", "payload.doneby !="))
    Path("broken.yaml").write_text("id: [\n")
    Path("rung_check.yaml").write_text(
        text.replace("id: ladder_check", "id: rung_check").replace("to: verified", "to: gone")
    )
    rows = text.splitlines()
    check = next(number for number, row in enumerate(rows, 1) if row.startswith("    check:"))
    verify = next(number for number, row in enumerate(rows, 1) if row.startswith("    verify:"))
    code, out, _ = run(capsys, "check", "ladder_check.yaml", "broken.yaml", "rung_check.yaml")
    found = out.splitlines()
    assert code == 1
    assert found[0].startswith(f"ladder_check.yaml, line {check}, rule SITE1, check: payload.doneby")
    assert found[1].startswith("broken.yaml, line 2: ")
    assert found[2].startswith(f"rung_check.yaml, line {verify}, lifecycle, event verify, to: must be one of")


def test_a_file_in_another_coding_is_one_of_the_reports(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "new", "ladder_check")
    Path("gbk.yaml").write_bytes("labels: {zh: 梯子}".encode("gbk"))
    code, out, err = run(capsys, "check", "gbk.yaml", "ladder_check.yaml")
    assert (code, err) == (1, "")
    assert out.splitlines()[0].startswith("gbk.yaml: must be saved as UTF-8")
    assert out.splitlines()[1].startswith("ladder_check.yaml: sound")


def test_a_site_s_folder_is_checked_as_a_whole(capsys: pytest.CaptureFixture[str]) -> None:
    for path, text in (("types/remark.yaml", TEXT.replace("id: visit", "id: remark")), ("types/visit.yaml", TEXT)):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(text)
    code, out, _ = run(capsys, "check", "--site", ".", "--json")
    assert code == 0, out
    assert [item["file"] for item in json.loads(out)] == ["types/remark.yaml", "types/visit.yaml"]
    Path("types/key_event.yaml").write_text(shipped("types")["key_event.yaml"])
    code, out, _ = run(capsys, "check", "--site", ".")
    assert code == 1
    assert "types/key_event.yaml: key_event comes with the product" in out
    assert run(capsys, "check", "--site", "nowhere")[0] == 64


def test_a_type_is_shown_for_people_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "show", "training_record", "--version", "1", "--json")
    shown = json.loads(out)
    assert (code, shown["data"]["version"]) == (0, 1)
    assert shown["schema"].startswith("1;sha-256=")
    code, out, _ = run(capsys, "show", "training_record")
    assert code == 0
    assert load_record_types()["training_record"].schema_claim in out
    assert "培训记录" in out
    assert run(capsys, "show", "training_record", "--version", "99")[0] == 1
    assert run(capsys, "show", "nothing")[0] == 1


def test_two_types_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    Path("visit.yaml").write_text(TEXT)
    Path("later").mkdir()
    Path("later/visit.yaml").write_text(
        TEXT.replace("version: 1", "version: 2", 1).replace("enum: [good, bad]", "enum: [good]")
    )
    code, out, _ = run(capsys, "diff", "visit.yaml", "later/visit.yaml")
    assert code == 1
    assert "field mood: schema" in out
    assert "field mood may not take every old value" in out
    assert run(capsys, "diff", "visit.yaml", "visit.yaml")[0] == 0
    assert run(capsys, "diff", "training_record@1", "training_record")[0] == 0
    for bad in ("training_record@9", "training_record@x", "nothing", "nowhere.yaml"):
        assert run(capsys, "diff", "training_record", bad)[0] == 64
