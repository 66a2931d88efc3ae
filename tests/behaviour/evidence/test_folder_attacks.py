"""Folders whose every part is well signed and which contradict themselves, as an operator with all keys can make."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import evidence.__main__ as command
from evidence.archive import list_files, verify_path
from evidence.encoding import b64url_encode, format_time
from evidence.errors import LimitExceeded, Malformed, MissingEvidence
from evidence.hashing import sha256
from evidence.merkle.tiles import encode_entries
from evidence.package.manifest import MANIFEST_NAME, SIGNATURE_NAME, FileRecord, Manifest, sign_manifest
from evidence.policy import parse_policy
from evidence.report import Report, verdict_of
from evidence.statement import parse_statement
from evidence.verify import ReceiptVerifier
from tests.reference import chain
from tests.reference.ledger import KINDS, ORIGIN, Kind, MemoryLedger, calibration, populated, validate
from tests.reference.package import package_files

Files = dict[str, bytes]


def honest(records: int = 3) -> MemoryLedger:
    ledger, _ = populated(records)
    ledger.event("enrol", ledger.key("service").public, ledger.root, role="service")
    return ledger


def signed(ledger: MemoryLedger, files: Files, note: bytes | None = None) -> Files:
    """`files` with a manifest that lists them, signed by the ledger's service key."""
    listed = {path: data for path, data in sorted(files.items()) if path not in (MANIFEST_NAME, SIGNATURE_NAME)}
    records = tuple(FileRecord(path, len(data), sha256(data), "application/json") for path, data in listed.items())
    head = (note or ledger.checkpoint()).decode()
    data = Manifest("reference-1", ledger.origin, ledger.time(2), {}, None, head, records).to_bytes()
    return {**listed, MANIFEST_NAME: data, SIGNATURE_NAME: sign_manifest(data, ledger.key("service")).encode()}


def package(ledger: MemoryLedger, keys: list[int]) -> Files:
    return package_files(ledger, ledger.key("service"), keys)


def judge(folder: Path, files: Files, policy: str) -> tuple[str, set[tuple[str, str, str]]]:
    """The verdict, and subject, check and reason of everything that counts and is not VALID."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    reports = verify_path(folder, ReceiptVerifier(parse_policy(policy), KINDS, validate))
    return str(verdict_of(report.verdict for report in reports)), faults(reports)


def faults(reports: list[Report]) -> set[tuple[str, str, str]]:
    counted = ((report, check) for report in reports for check in report.failed if check.required)
    return {(report.subject, check.name, check.reason) for report, check in counted if check.reason != "NotRun"}


def test_a_receipt_that_withholds_its_keys_compromise(tmp_path: Path) -> None:
    ledger = honest()
    device = ledger.key("device").public
    ledger.event("compromise", device, ledger.root, compromised_since=format_time(ledger.time(3)))
    verdict, found = judge(tmp_path, package(ledger, [0, 4]), ledger.policy())
    assert (verdict, found) == ("INVALID", {("receipts/3.json", "key", "KeyCompromised")})


def test_a_proof_of_another_history(tmp_path: Path) -> None:
    ledger, fork = honest(), honest()
    fork.tree.append(bytes(32))
    ledger.record(ledger.key("device"), 2)
    assert fork.tree.size == ledger.tree.size
    other = fork.receipt(1).proof.to_text().encode()
    verdict, found = judge(
        tmp_path, signed(ledger, package(ledger, [0, 4]) | {"proofs/1.tlog-proof": other}), ledger.policy()
    )
    assert (verdict, found) == ("INVALID", {("proofs/1.tlog-proof", "history", "RootMismatch")})


def test_a_manifest_of_another_history(tmp_path: Path) -> None:
    ledger, fork = honest(), honest()
    fork.tree.append(bytes(32))
    ledger.record(ledger.key("device"), 2)
    files = signed(ledger, package(ledger, [0, 4]), fork.checkpoint())
    assert judge(tmp_path, files, ledger.policy()) == ("INVALID", {("manifest.json", "signature", "RootMismatch")})


def test_a_manifest_dated_back_before_its_keys_revocation(tmp_path: Path) -> None:
    ledger = honest()
    ledger.event("revoke", ledger.key("service").public, ledger.root, role="service")
    files = signed(ledger, package(ledger, [0, 4]), ledger.checkpoint(5))
    assert judge(tmp_path, files, ledger.policy()) == ("INVALID", {("manifest.json", "signature", "KeyNotValid")})


def test_a_manifest_beside_a_log_that_cannot_be_judged(tmp_path: Path) -> None:
    ledger = honest()
    files = {path: data for path, data in package(ledger, [0, 4]).items() if path.startswith("proofs/")}
    verdict, found = judge(tmp_path, signed(ledger, files), ledger.policy())
    assert verdict == "UNKNOWN"
    assert ("manifest.json", "signature", "MissingEvidence") in found


def test_an_older_tile_that_tells_another_story(tmp_path: Path) -> None:
    ledger, other = honest(), honest()
    files = package(ledger, [0, 4])
    files["log/tile/0/000.p/2"] = b"".join(other.tree.level(0)[:2])
    files["log/tile/entries/000.p/2"] = encode_entries(other.entries[:2])
    assert judge(tmp_path / "sound", signed(ledger, files), ledger.policy()) == ("VALID", set())
    files["log/tile/entries/000.p/2"] = encode_entries([other.entries[0], other.entries[2]])
    verdict = judge(tmp_path / "false", signed(ledger, files), ledger.policy())
    assert verdict == ("INVALID", {("log", "files", "DigestMismatch")})


@pytest.mark.parametrize(
    "name", ["receipts/1.JSON", "Receipts/1.json", "proofs/1.tlog-proof.txt", "log/readme", "LOG/checkpoint"]
)
def test_a_file_that_would_be_passed_over(tmp_path: Path, name: str) -> None:
    ledger = honest()
    files = signed(ledger, package(ledger, [0, 4]) | {name: b"not looked at"})
    verdict, found = judge(tmp_path, files, ledger.policy())
    assert verdict == "INVALID"
    assert {fault[2] for fault in found} == {"Malformed"}


def test_a_receipt_in_a_folder_below_is_looked_at(tmp_path: Path) -> None:
    ledger = honest()
    files = signed(ledger, package(ledger, [0, 4]) | {"receipts/below/1.json": b"{}"})
    assert judge(tmp_path, files, ledger.policy())[1] == {("receipts/below/1.json", "format", "UnsupportedVersion")}


def _two_streams(ledger: MemoryLedger) -> None:
    statement = ledger.statement(calibration(1), ledger.key("device"), stream="A" * 43)
    ledger.append(statement)


def _two_subjects(ledger: MemoryLedger) -> None:
    first = ledger.statements[1].claims.stream
    ledger.append(ledger.statement(calibration(7), ledger.key("device"), stream=first))


@pytest.mark.parametrize("swap", [_two_streams, _two_subjects])
def test_a_record_in_the_stream_of_another_subject(tmp_path: Path, swap: Callable[[MemoryLedger], None]) -> None:
    ledger = honest()
    swap(ledger)
    verdict, found = judge(tmp_path, package(ledger, [0, 4]), ledger.policy())
    assert verdict == "INVALID"
    assert found == {("receipts/5.json", "subject", "StreamMismatch")}


def anchored(ledger: MemoryLedger, size: int, anchored_size: int) -> tuple[Files, str]:
    """A package whose receipts lie under the head of `size`, with the anchor of `anchored_size`, and a policy."""
    anchor = chain.anchor(ORIGIN, anchored_size, ledger.tree.root(anchored_size))
    policy = ledger.policy(chains=chain.chain_policy(anchor["block"]["hash"]), require_anchor=True)
    files = {path: data for path, data in package(ledger, [0, 4]).items() if not path.startswith("receipts/")}
    for index in range(size):
        keys = [key for key in (0, 4) if key not in (index, size)]
        files[f"receipts/{index}.json"] = ledger.receipt(index, size=size, keys=keys, anchors=[anchor]).to_json()
    return signed(ledger, files), policy


def test_an_anchored_log(tmp_path: Path) -> None:
    files, policy = anchored(honest(), 5, 5)
    assert judge(tmp_path, files, policy) == ("VALID", set())


def test_a_log_beyond_its_anchor(tmp_path: Path) -> None:
    ledger = honest()
    ledger.record(ledger.key("device"), 2)
    files, policy = anchored(ledger, 5, 5)
    verdict, found = judge(tmp_path, files, policy)
    assert (verdict, found) == ("UNKNOWN", {("log", "anchor", "MissingEvidence")})


def test_a_lone_proof_has_no_anchor(tmp_path: Path) -> None:
    ledger = honest()
    proof, entry = tmp_path / "1.tlog-proof", tmp_path / "entry"
    proof.write_text(ledger.receipt(1).proof.to_text(), encoding="utf-8")
    entry.write_bytes(ledger.entries[1])
    for required, verdict in ((True, "UNKNOWN"), (False, "VALID")):
        verifier = ReceiptVerifier(parse_policy(ledger.policy(require_anchor=required)), KINDS, validate)
        (report,) = verify_path(proof, verifier, entry=entry)
        assert report.verdict == verdict
        assert [check.name for check in report.failed] == ["anchor"]


def test_a_receipt_beyond_its_bound_fails_alone(tmp_path: Path) -> None:
    ledger = honest()
    judge(tmp_path, package(ledger, [0, 4]), ledger.policy())
    os.truncate(tmp_path / "receipts" / "2.json", 1 << 40)
    verdict, found = judge(tmp_path, {}, ledger.policy())
    assert verdict == "INVALID"
    assert ("receipts/2.json", "format", "LimitExceeded") in found


def test_a_deep_folder_is_refused(tmp_path: Path) -> None:
    below = os.open(tmp_path, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("a", dir_fd=below)
        inner = os.open("a", os.O_RDONLY, dir_fd=below)
        os.close(below)
        below = inner
    os.close(below)
    with pytest.raises(Malformed):
        list(list_files(tmp_path))


def test_a_folder_that_cannot_be_read_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(MissingEvidence):
        list(list_files(tmp_path))


def test_too_many_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidence.archive.files.MAX_FILES", 3)
    for number in range(4):
        (tmp_path / str(number)).mkdir()
    with pytest.raises(LimitExceeded):
        list(list_files(tmp_path))


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(honest().policy(), encoding="utf-8")
    return path


@pytest.mark.parametrize("arguments", [[], ["verify"], ["verify", "x"], ["verify", "x", "--policy", "p", "--loud"]])
def test_wrong_usage_is_not_an_answer(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 64


def test_a_name_that_no_disk_takes(policy_file: Path) -> None:
    assert command.main(["verify", "a" * 300, "--policy", str(policy_file)]) == 64


def test_a_link_that_the_verifier_names_is_followed(
    policy_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "receipt.json").write_bytes(b"{}")
    (tmp_path / "link").symlink_to(tmp_path / "receipt.json")
    assert command.main(["verify", str(tmp_path / "link"), "--policy", str(policy_file)]) == 1
    assert "UnsupportedVersion" in capsys.readouterr().out


def test_a_fault_of_the_verifier_is_not_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise MemoryError

    assert command.guarded(fail) == 70
    assert "MemoryError" in capsys.readouterr().err


def test_a_lone_file_cannot_write_its_own_verdict(
    policy_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x\n\x1b[2JVALID\n\u202e"
    path.write_bytes(b"{}")
    assert command.main(["verify", str(path), "--policy", str(policy_file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "INVALID"
    assert lines[1] == "INVALID  x\\n\\x1b[2JVALID\\n\\u202e"


def test_key_events_of_forks_do_not_replace_each_other(tmp_path: Path) -> None:
    """A receipt with more disclosures than an honest one for the same index is refused, whatever the log beside it."""
    ledger = honest()
    receipt = ledger.receipt(0)
    padded = replace(receipt, disclosures=(*receipt.disclosures, ledger.receipt(1).disclosures[0]))
    files = signed(ledger, package(ledger, [0, 4]) | {"receipts/00.json": padded.to_json()})
    verdict, found = judge(tmp_path, files, ledger.policy())
    assert verdict == "INVALID"
    assert ("receipts/00.json", "disclosures", "DisclosureNotCommitted") in found


ERASURE = Kind("erasure", "2;sha-256=" + "E" * 43)


def erasing(ledger: MemoryLedger, of: int) -> int:
    """An erasure of everything of an entry, signed by the service's key of this ledger."""
    payload = {
        "subject": "person/E-0815", "legal_basis": "PIPL 47", "entry_index": of,
        "digests": sorted(ledger.statements[of].sd),
    }  # fmt: skip
    return ledger.append(ledger.statement(payload, ledger.key("service"), ERASURE))


def erasure_words(folder: Path, files: Files, policy: str) -> str:
    judge(folder, files, policy)
    reports = verify_path(folder, ReceiptVerifier(parse_policy(policy), KINDS, validate))
    [report] = [item for item in reports if item.subject == "receipts/1.json"]
    return next((check.detail for check in report.checks if check.name == "erasure"), "")


def test_an_erasure_that_is_proven_is_named(tmp_path: Path) -> None:
    ledger = honest()
    erasure = erasing(ledger, 1)
    files = package(ledger, [0, 4])
    files["receipts/1.json"] = ledger.receipt(1, keys=[0], names=[]).to_json()
    files[f"receipts/{erasure}.json"] = ledger.receipt(erasure, keys=[4]).to_json()
    assert "erased by entry 5 under PIPL 47" in erasure_words(tmp_path, signed(ledger, files), ledger.policy())


def test_an_erasure_of_another_log_passes_nothing_off_as_erased(tmp_path: Path) -> None:
    """Another log that the policy trusts holds a record with the service's kid, which nobody's key ever signed."""
    ledger, other = honest(), MemoryLedger("ledger.example.com/other", "other")
    for _ in range(5):
        other.record(other.key("device"))
    forged = ledger.statement(
        {"subject": "person/E-0815", "legal_basis": "PIPL 47", "entry_index": 1,
         "digests": sorted(ledger.statements[1].sd)},
        ledger.key("service"), ERASURE,
    )  # fmt: skip
    head, _, _ = forged.jwt.rpartition(".")
    bent = parse_statement(f"{head}.{b64url_encode(bytes(64))}~" + "".join(f"{item}~" for item in forged.disclosures))
    erasure = other.append(bent)
    files = package(ledger, [0, 4])
    files["receipts/1.json"] = ledger.receipt(1, keys=[0], names=[]).to_json()
    files["receipts/forged.json"] = other.receipt(erasure).to_json()
    policy = ledger.policy(log=f'[[log]]\nvkey = "{other.signer.vkey}"\n')
    assert "erased" not in erasure_words(tmp_path, signed(ledger, files), policy)
