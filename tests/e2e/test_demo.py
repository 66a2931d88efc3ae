"""The demo as a user runs it: a fresh run, what it leaves, and a second run that goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from evidence.archive import read_file
from evidence.entry import parse_entry
from evidence.hashing import leaf_hash
from evidence.log import read_entries
from evidence.merkle.tree import MerkleTree
from evidence.receipt import parse_receipt
from ledger_service.demo import work
from ledger_service.demo.facts import (
    BatchFact,
    ChainFact,
    CheckFact,
    DeadlineFact,
    DemoFacts,
    ErasureFact,
    FaultFact,
    HealthFact,
    LinkFact,
    SourceFact,
    TamperFact,
)
from ledger_service.demo.plant import SOURCES, source_mapping
from ledger_service.demo.run import SEED, run_demo
from ledger_service.demo.sample import Month, Sample, sample_month
from ledger_service.demo.sample.ehs import UNANSWERED
from ledger_service.demo.show import print_result
from ledger_service.demo.texts import Texts
from ledger_service.importing.errors import ServiceUnavailable
from tests.e2e.conftest import SMALL_PERCENT, Demo

IMPORTED = {source_mapping(name).record_type for source in SOURCES for name in source.mappings}
OWN = {"key_event", "rule_set", "judgement", "deadline_event", "erasure"}


def verify(path: Path, policy: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evidence", "verify", str(path), "--policy", str(policy)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_full_month_goes_in_and_everything_is_proven(full_demo: Demo) -> None:
    facts = full_demo.facts
    assert sum(source["created"] for source in facts["sources"]) >= 2000
    assert {name for source in facts["sources"] for name in source["record_type"].split("+")} == IMPORTED
    assert len(facts["batches"]) >= 4
    assert {batch["anchor_state"] for batch in facts["batches"]} == {"archived"}
    assert facts["devices"] >= 4
    assert all(check["valid"] == check["subjects"] > 0 for check in facts["checks"])
    assert {check["name"] for check in facts["checks"]} == {"manifest", "log", "receipts", "proofs", "entries", "fsck"}
    assert facts["passed"]


def sample_of(demo: Demo) -> Sample:
    year, month = map(int, demo.facts["month"].split("-"))
    return sample_month(Month(SEED, year, month))


def test_each_fault_is_caught_by_its_rule_and_anchored_and_nothing_else_is(full_demo: Demo) -> None:
    facts, sample = full_demo.facts, sample_of(full_demo)
    told = {(fact["name"], fact["subject"], fact["rule"], fact["reason"]) for fact in facts["faults"]}
    assert told == {(fault.name, fault.subject, fault.rule, fault.reason) for fault in sample.faults}
    assert all(fact["caught"] for fact in facts["faults"])
    assert {fact["state"] for fact in facts["faults"]} <= {"anchored", "final"}
    assert facts["operations"] == len(sample.operations)
    assert facts["unexpected"] == []
    late = [fact for fact in facts["faults"] if fact["late"]]
    assert late
    assert all(fact["judged_at"] > fact["index"] for fact in late)


def test_a_row_that_cannot_be_read_comes_back_in_a_workbook(full_demo: Demo) -> None:
    planted = sample_of(full_demo).faulty_rows
    rejected = {source["file"]: source["rejected"] for source in full_demo.facts["sources"] if source["rejected"]}
    assert rejected == planted
    folder = full_demo.data.with_name("demo-input")
    for file, count in planted.items():
        [errors] = folder.rglob(f"{file}.errors.xlsx")
        sheet = openpyxl.load_workbook(errors).active
        assert sheet is not None
        assert sheet.max_row == 1 + count


def test_the_chain_of_a_faulty_loading_leads_to_credentials_and_calibrations(full_demo: Demo) -> None:
    chain = full_demo.facts["chain_of"]
    assert chain["sound"]
    assert chain["entries"] == sorted(chain["entries"])
    assert {"credential", "calibration_record"} <= {link["record_type"] for link in chain["links"]}


def test_deadlines_that_ran_out_are_listed_and_data_health_is_summed_up(full_demo: Demo) -> None:
    now = {fact["deadline"] for fact in full_demo.facts["deadlines"] if not fact["ahead"]}
    ahead = {fact["deadline"]: fact["subject"] for fact in full_demo.facts["deadlines"] if fact["ahead"]}
    assert {"AV1", "HZ21"} <= now
    assert ahead["H48"] == f"hazard/{UNANSWERED.format(label=full_demo.facts['month'].replace('-', ''))}"
    assert full_demo.facts["health"]["records"] >= 2000


def test_an_erased_worker_is_in_no_byte_of_any_file_and_the_proofs_say_so(full_demo: Demo) -> None:
    worker, erasure = sample_of(full_demo).erased, full_demo.facts["erasure"]
    inside = [path for folder in (full_demo.data, full_demo.output) for path in folder.rglob("*") if path.is_file()]
    assert min(len(inside), erasure["searched"]) > 500
    for path in inside:
        data = path.read_bytes()
        assert worker.name.encode() not in data, path
        assert worker.ref.encode() not in data, path
    assert erasure["files"] == []
    assert erasure["said"] >= 1
    receipt = full_demo.output / "receipts" / f"{erasure['entries'][0]}.json"
    assert receipt.is_file()
    done = verify(full_demo.output, full_demo.output / "policy.toml")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "VALID")


def test_every_alteration_is_found_by_name(full_demo: Demo) -> None:
    found = {fact["name"]: fact["found_by"] for fact in full_demo.facts["tampered"]}
    assert found.keys() == {"stored_entry", "stored_photo", "receipt", "disclosure", "log"}
    assert "fsck" in found["stored_entry"]
    assert "fsck" in found["stored_photo"]
    assert "RootMismatch" in found["receipt"]
    assert "DisclosureNotCommitted" in found["disclosure"]
    assert "DigestMismatch" in found["log"]


def test_the_folder_holds_a_receipt_per_type_and_batch(full_demo: Demo) -> None:
    receipts = {int(path.stem): path for path in (full_demo.output / "receipts").glob("*.json")}
    proofs = {int(path.stem) for path in (full_demo.output / "proofs").glob("*.tlog-proof")}
    assert proofs == set(receipts)
    types = {parse_entry(parse_receipt(path.read_bytes()).entry).statement.claims.type for path in receipts.values()}
    assert types == IMPORTED | OWN
    for batch in full_demo.facts["batches"]:
        assert any(batch["first"] <= index < batch["size"] for index in receipts)
    summary = json.loads((full_demo.output / "summary.json").read_text("utf-8"))
    assert summary["entries"] == full_demo.facts["entries"]


def test_a_stranger_verifies_the_folder_and_single_files(full_demo: Demo) -> None:
    policy = full_demo.output / "policy.toml"
    paths = [full_demo.output, min((full_demo.output / "receipts").glob("*.json"))]
    for path in paths:
        done = verify(path, policy)
        assert (done.returncode, done.stdout.splitlines()[0]) == (0, "VALID"), done.stdout


def test_a_policy_with_another_log_key_says_no(full_demo: Demo, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from evidence.notes import NoteSigner

    text = (full_demo.output / "policy.toml").read_text("utf-8")
    own = next(line for line in text.splitlines() if line.startswith("vkey"))
    other = NoteSigner(full_demo.facts["origin"], Ed25519PrivateKey.from_private_bytes(b"x" * 32)).vkey
    policy = tmp_path / "policy.toml"
    policy.write_text(text.replace(own, f'vkey = "{other}"'), "utf-8")
    assert verify(full_demo.output, policy).returncode == 1


def test_without_a_trusted_block_the_verdict_is_unknown(full_demo: Demo, tmp_path: Path) -> None:
    text = (full_demo.output / "policy.toml").read_text("utf-8")
    policy = tmp_path / "policy.toml"
    policy.write_text(text[: text.index("trusted_headers")], "utf-8")
    assert verify(full_demo.output, policy).returncode == 2


def test_nothing_personal_stands_in_the_log_or_on_the_chain(full_demo: Demo) -> None:
    site = full_demo.data.with_name("demo-input") / full_demo.facts["month"]
    rows = (site / "training.csv").read_bytes().decode("gb18030").splitlines()[1:]
    names = {row.split(",")[2] for row in rows}
    refs = {row.split(",")[1] for row in rows}
    assert len(names) > 50
    log = b"".join(path.read_bytes() for path in (full_demo.output / "log").rglob("*") if path.is_file())
    chain = (full_demo.data / "chain" / "embedded.sqlite").read_bytes()
    for word in names | refs:
        assert word.encode() not in log
        assert word.encode() not in chain


@pytest.mark.parametrize(("language", "words"), [("en", "no independent trust"), ("zh", "不提供独立信任")])
def test_the_table_names_the_chain_and_promises_nothing(
    full_demo: Demo, language: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {name: value for name, value in full_demo.facts.items() if name != "passed"}
    kinds: dict[str, Any] = {
        "sources": SourceFact, "batches": BatchFact, "checks": CheckFact, "tampered": TamperFact, "faults": FaultFact,
        "deadlines": DeadlineFact,
    }  # fmt: skip
    chain = value["chain_of"]
    value["chain_of"] = ChainFact(**chain | {"links": [LinkFact(**link) for link in chain["links"]]})
    value |= {"health": HealthFact(**value["health"]), "erasure": ErasureFact(**value["erasure"])}
    value |= {name: [kind(**item) for item in value[name]] for name, kind in kinds.items()}
    print_result(DemoFacts(**value), Texts(language))
    shown = capsys.readouterr().out
    assert words in shown
    assert "compliant" not in shown.lower()
    assert "合规" not in shown
    assert f"python -m evidence verify {value['output']} --policy {value['output']}/policy.toml" in shown


def test_a_second_run_continues_ledger_and_chain(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    first = json.loads(demo.run(SMALL_PERCENT, "--json").stdout)
    shutil.copytree(demo.output, tmp_path / "first")
    second = json.loads(demo.run(SMALL_PERCENT, "--json").stdout)
    assert (first["run"], second["run"]) == (1, 2)
    assert first["passed"]
    assert second["passed"]
    assert second["entries"] > first["entries"]
    assert [b["root"] for b in second["batches"]][: len(first["batches"])] == [b["root"] for b in first["batches"]]
    assert [b["anchor_seq"] for b in second["batches"]] == list(range(1, len(second["batches"]) + 1))
    assert second["batches"][len(first["batches"])]["block"] > first["batches"][-1]["block"]
    kept = verify(tmp_path / "first", demo.output / "policy.toml")
    assert kept.returncode == 0, "evidence given away earlier stays good under the policy of today"
    leaves = [leaf_hash(e) for e in read_entries(lambda p: read_file(demo.output / "log" / p), second["entries"])]
    tree = MerkleTree(leaves)
    for batch in second["batches"]:
        assert tree.root(batch["size"]).hex() == batch["root"]


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    demo.output.mkdir()
    (demo.output / "thesis.txt").write_text("mine")
    done = demo.run(2)
    assert done.returncode == 64
    assert (demo.output / "thesis.txt").read_text() == "mine"
    assert "Traceback" not in done.stderr


def test_an_interrupted_run_is_made_good_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    imported: list[str] = []
    import_source = work.import_source

    def stopping(*arguments: Any) -> Any:
        if len(imported) == 2:
            raise ServiceUnavailable("pulled the plug")
        imported.append(arguments[2].file)
        return import_source(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(work, "import_source", stopping)
        assert run_demo(tmp_path / "demo-output", percent=SMALL_PERCENT, as_json=True) == 1
    assert "pulled the plug" in capsys.readouterr().err
    assert run_demo(tmp_path / "demo-output", percent=SMALL_PERCENT, as_json=True) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["run"] == 1
    assert [source["created"] > 0 for source in facts["sources"]] == [False, False] + [True] * (len(SOURCES) - 2)
    assert [source["repeated"] > 0 for source in facts["sources"]] == [True, True] + [False] * (len(SOURCES) - 2)
