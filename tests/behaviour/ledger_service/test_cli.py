"""The command line: results on stdout, words on stderr, and the exit codes that its help promises."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from ledger_service.cli import main
from tests.fakes.plant import LEDGER, Plant

RECORD = {
    "type": "evidence_package",
    "occurred_at": "2026-01-01T00:00:00Z",
    "payload": {
        "subject": "package/P-1",
        "manifest_sha256": "0" * 64,
        "file_count": 1,
        "checkpoint_size": 1,
    },
}


@pytest.fixture(autouse=True)
def own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder to work in, and the logs as they were: a command sends them to the stderr of its own test."""
    monkeypatch.chdir(tmp_path)
    yield
    structlog.reset_defaults()


@pytest.fixture
def data(plant: Plant) -> str:
    plant.services.close()
    return str(plant.settings.data_dir)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def value(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_ledger_from_its_creation_to_evidence_that_verifies(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFETY_LEDGER_DATA_DIR", str(tmp_path / "mine"))
    made = value(capsys, "init", LEDGER, "--origin", "ledger.example.com/mine")
    assert made["origin"] == "ledger.example.com/mine"
    Path("record.json").write_text(json.dumps(RECORD), encoding="utf-8")
    assert value(capsys, "submit", LEDGER, "record.json", "--record")[0]["index"] == 1
    assert run(capsys, "receipt", LEDGER, "1")[0] == 75
    assert value(capsys, "publish", LEDGER)["size"] == 2
    assert value(capsys, "anchor", LEDGER)[0]["state"] == "archived"
    exported = {"folder": "out", "size": 2, "receipts": 2, "anchored": True, "left_out": 0}
    assert value(capsys, "export", LEDGER, "out") == exported
    code, out, _ = run(capsys, "verify", "out", "--policy", "out/policy.toml")
    assert (code, out.splitlines()[0]) == (0, "VALID")
    code, out, _ = run(capsys, "receipt", LEDGER, "1", "--text")
    assert code == 0
    assert out == Path("out/proofs/1.tlog-proof").read_text(encoding="utf-8")
    assert value(capsys, "fsck", LEDGER)["sound"] is True
    # A second run reads what the first wrote, and an export never mixes with another.
    assert run(capsys, "export", LEDGER, "out")[0] == 1
    assert run(capsys, "init", LEDGER, "--origin", "ledger.example.com/mine")[0] == 1
    # The chain is lost: another registry takes its place only when somebody says so, and never while it answers.
    assert "still answers" in run(capsys, "anchor", LEDGER, "--new-contract")[2]
    shutil.rmtree(tmp_path / "mine" / "chain")
    assert "--new-contract" in run(capsys, "anchor", LEDGER)[2]
    assert [item["chain"] for item in value(capsys, "anchor", LEDGER, "--new-contract")] == ["embedded"]
    value(capsys, "submit", LEDGER, "record.json", "--record")
    assert value(capsys, "publish", LEDGER)["size"] == 3
    anchored = value(capsys, "anchor", LEDGER)
    assert [(item["chain"], item["state"]) for item in anchored] == [
        ("embedded", "archived"),
        ("embedded-2", "archived"),
    ]
    assert value(capsys, "fsck", LEDGER)["sound"] is True


def test_damage_is_exit_code_1_and_a_tampered_receipt_too(
    capsys: pytest.CaptureFixture[str], data: str, tmp_path: Path
) -> None:
    run(capsys, "publish", LEDGER, "--data", data)
    out = tmp_path / "out"
    run(capsys, "export", LEDGER, str(out), "--data", data)
    tile = Path(data) / "logs" / LEDGER / "tile" / "0" / "000.p" / "2"
    tile.write_bytes(bytes(64))
    code, text, _ = run(capsys, "fsck", LEDGER, "--data", data)
    assert code == 1
    assert "tile/0/000.p/2" in text
    receipt = out / "receipts" / "1.json"
    receipt.write_bytes(receipt.read_bytes().replace(b"index 1", b"index 0"))
    assert run(capsys, "verify", str(receipt), "--policy", str(out / "policy.toml"))[0] == 1


def test_a_database_that_is_none_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str], data: str) -> None:
    database = Path(data) / "ledger.sqlite"
    database.write_bytes(b"X" + database.read_bytes()[1:])
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    code, out, err = run(capsys, "fsck", LEDGER, "--data", data)
    assert (code, out) == (1, "")
    assert err.startswith("The database is damaged")


def test_without_an_anchor_the_verdict_is_unknown(
    capsys: pytest.CaptureFixture[str], data: str, tmp_path: Path
) -> None:
    run(capsys, "publish", LEDGER, "--data", data)
    out = tmp_path / "out"
    run(capsys, "export", LEDGER, str(out), "--data", data)
    assert run(capsys, "verify", str(out / "receipts" / "0.json"), "--policy", str(out / "policy.toml"))[0] == 2


def test_lost_tiles_come_back(capsys: pytest.CaptureFixture[str], data: str) -> None:
    run(capsys, "publish", LEDGER, "--data", data)
    (Path(data) / "logs" / LEDGER / "tile" / "0" / "000.p" / "2").unlink()
    assert run(capsys, "fsck", LEDGER, "--data", data)[0] == 1
    assert run(capsys, "fsck", LEDGER, "--rebuild-tiles", "--data", data)[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["init"],
        ["receipt", LEDGER, "-1"],
        ["receipt", LEDGER, "one"],
        ["keys", "enrol", LEDGER, "--jwk", "{}", "--holder", "x"],
        ["keys", "compromise", LEDGER, "kid", "--since", "yesterday"],
        ["anchor", LEDGER, "--contract", "0x12", "--profile", os.devnull],
        ["anchor", LEDGER, "--rpc", "http://127.0.0.1:1"],
        ["chain", "person/E-1", "--lang", "fr"],
        ["deadlines", LEDGER, "--type", "nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_64(capsys: pytest.CaptureFixture[str], data: str, arguments: list[str]) -> None:
    extra = ["--data", data] if arguments[0] in ("receipt", "anchor", "chain", "deadlines") else []
    code, out, err = run(capsys, *arguments, *extra)
    assert (code, out) == (64, "")
    assert err


@pytest.mark.parametrize(
    "arguments", [["fsck", "nobody"], ["publish", "nobody"], ["receipt", LEDGER, "99"]], ids=" ".join
)
def test_what_is_refused_is_one_line_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], data: str, arguments: list[str]
) -> None:
    code, out, err = run(capsys, *arguments, "--data", data)
    assert (code, out) == (1, "")
    assert err.startswith("Not found: ")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["submit", LEDGER, "FILE"],
        ["submit", LEDGER, "FILE", "--record"],
        ["import", LEDGER, "rows.csv", "--mapping", "FILE", "--check"],
        ["erase", LEDGER, "person/E-1", "--basis", "x", "--reason", "x", "--dry-run", "--also-containing", "@FILE"],
    ],
    ids=lambda arguments: arguments[0] + str(len(arguments)),
)
@pytest.mark.parametrize(("content", "says"), [("张三".encode("gbk"), "save it as UTF-8"), (None, "No such file")])
def test_a_file_that_cannot_be_read_is_named_and_nothing_of_it_is_said(
    capsys: pytest.CaptureFixture[str], data: str, arguments: list[str], content: bytes | None, says: str
) -> None:
    if content is not None:
        Path("own.yaml").write_bytes(content)
    code, out, err = run(capsys, *(item.replace("FILE", "own.yaml") for item in arguments), "--data", data)
    assert (code, out) == (1, "")
    assert "own.yaml" in err
    assert says in err
    assert "Errno" not in err
    assert "0x" not in err


@pytest.mark.parametrize("folder", ["fresh", "spoilt"])
def test_a_time_zone_that_is_none_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, folder: str
) -> None:
    here = str(tmp_path / folder)
    if folder == "spoilt":
        assert run(capsys, "init", "a", "--origin", "a.com/a", "--pack", "mining", "--data", here)[0] == 0
        table = Path(here) / "catalogue" / "tables" / "site.yaml"
        table.write_text(table.read_text("utf-8").replace("Asia/Shanghai", "Mars/X"), "utf-8")
    zone = ["--pack", "mining", "--time-zone", "Mars/X"] if folder == "fresh" else []
    code, out, err = run(capsys, "init", "b", "--origin", "a.com/b", *zone, "--data", here)
    assert (code, out) == (64 if zone else 1, "")
    assert "write it like Asia/Shanghai" in err
    assert "Traceback" not in err


def test_a_chain_says_in_words_which_rule_was_broken(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFETY_LEDGER_DATA_DIR", str(tmp_path / "mine"))
    types = tmp_path / "mine" / "catalogue" / "types"
    types.mkdir(parents=True)
    assert run(capsys, "types", "new", "eyewash_check", "--folder", str(types))[0] == 0
    value(capsys, "init", LEDGER, "--origin", "ledger.example.com/mine")
    payload = {"subject": "eyewash_check/EW-1", "site": "SH-01", "result": "pass", "done_by": "E-0001"}
    for more in ({}, {"event": "verify", "verified_by": "E-0001"}):
        record = {"type": "eyewash_check", "occurred_at": "2026-01-01T00:00:00Z", "payload": payload | more}
        Path("record.json").write_text(json.dumps(record), encoding="utf-8")
        value(capsys, "submit", LEDGER, "record.json", "--record")
    chinese = run(capsys, "chain", "eyewash_check/EW-1", "--lang", "zh")[1]
    assert "未通过: SITE1  验收人不是执行人 (不得为同一人)" in chinese
    assert "failed: SITE1  Whoever verifies did not" in run(capsys, "chain", "eyewash_check/EW-1")[1]


def test_a_field_that_an_entry_does_not_have_is_said(capsys: pytest.CaptureFixture[str], data: str) -> None:
    assert run(capsys, "publish", LEDGER, "--data", data)[0] == 0
    code, out, err = run(
        capsys, "receipt", LEDGER, "0", "--disclose", "subject", "--disclose", "nonsense", "--data", data
    )
    assert (code, len(json.loads(out)["disclosures"])) == (0, 1)
    assert [line for line in err.splitlines() if line.startswith("not shown")] == [
        "not shown: the entry has no nonsense, or it is erased"
    ]


def test_what_is_empty_says_so(capsys: pytest.CaptureFixture[str], data: str) -> None:
    assert run(capsys, "hold", "list", LEDGER, "--data", data)[1] == "no hold is in force\n"
    assert run(capsys, "retain", LEDGER, "--due", "--data", data)[1] == "nothing may go yet\n"
    assert run(capsys, "deadlines", LEDGER, "--lang", "zh", "--data", data)[1] == "没有待办期限\n"


def test_an_answer_is_a_word_in_the_language_asked_for(capsys: pytest.CaptureFixture[str], data: str) -> None:
    question = ["check", LEDGER, "competent", "E-0815", "loading_manager", "--data", data]
    code, out, _ = run(capsys, *question, "--lang", "zh")
    assert (code, out.split()[0]) == (1, "否")
    assert run(capsys, *question)[1].split()[0] == "no"


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_a_health_report_goes_where_it_is_sent(capsys: pytest.CaptureFixture[str], data: str, form: str) -> None:
    code, out, _ = run(capsys, "health-report", LEDGER, "--format", form, "--output", "health", "--data", data)
    assert out == ""
    written = Path("health").read_text("utf-8-sig")
    assert written
    assert run(capsys, "health-report", LEDGER, "--format", form, "--data", data)[0] == code


def test_a_refused_record_is_exit_code_1_and_names_no_value(
    capsys: pytest.CaptureFixture[str], data: str, tmp_path: Path
) -> None:
    file = tmp_path / "record.json"
    file.write_text(json.dumps(RECORD | {"payload": {"subject": "person/E-0815"}}), encoding="utf-8")
    code, out, err = run(capsys, "submit", LEDGER, str(file), "--record", "--data", data)
    assert code == 1
    assert "E-0815" not in out + err


def test_keys_are_made_enrolled_rotated_and_revoked(
    capsys: pytest.CaptureFixture[str], data: str, tmp_path: Path
) -> None:
    devices = tmp_path / "devices.json"
    made = [
        value(capsys, "keys", "device", name, "--iss", f"urn:device:{name}", "--file", str(devices))
        for name in ("one", "two")
    ]
    assert devices.stat().st_mode & 0o777 == 0o600
    (tmp_path / "two.jwk").write_text(made[1]["jwk"], encoding="utf-8")
    value(capsys, "keys", "enrol", LEDGER, "--jwk", made[0]["jwk"], "--holder", "Tablet 1", "--data", data)
    value(capsys, "keys", "rotate", LEDGER, made[0]["kid"], "--jwk", f"@{tmp_path / 'two.jwk'}", "--data", data)
    value(capsys, "keys", "revoke", LEDGER, made[1]["kid"], "--data", data)
    listed = value(capsys, "keys", "list", LEDGER, "--data", data)
    assert {item["kid"] for item in listed} >= {item["kid"] for item in made}
    assert run(capsys, "keys", "device", "one", "--iss", "urn:device:one", "--file", str(devices))[0] == 1
    assert run(capsys, "keys", "device", "three", "--iss", "nonsense", "--file", str(devices))[0] == 1
    assert run(capsys, "keys", "revoke", LEDGER, made[1]["kid"], "--data", data)[0] == 1


@pytest.mark.parametrize("kid", ["-h" + "A" * 41, "--" + "A" * 41])
def test_a_kid_may_begin_with_a_dash(capsys: pytest.CaptureFixture[str], data: str, kid: str) -> None:
    code, _, said = run(capsys, "keys", "revoke", LEDGER, kid, "--data", data)
    assert code == 1
    assert "no key of this kid is enrolled" in said


def test_help_is_quick_and_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for command in ("init", "serve", "worker", "submit", "import", "publish", "anchor", "receipt", "verify", "fsck"):
        assert f"\n  {command}" in out
    assert "75 try again later" in " ".join(out.split())
