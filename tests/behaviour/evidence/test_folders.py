"""A package folder on disk: sound it is VALID, with any byte of any file changed it is not, and it says which file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.__main__ import main
from evidence.archive import verify_path
from evidence.policy import parse_policy
from evidence.report import Outcome, verdict_of
from evidence.verify import ReceiptVerifier
from tests.reference.ledger import KINDS, MemoryLedger, populated, validate
from tests.reference.package import package_files


@pytest.fixture
def ledger() -> MemoryLedger:
    made, _ = populated(3)
    made.event("enrol", made.key("service").public, made.root, role="service")
    return made


@pytest.fixture
def folder(ledger: MemoryLedger, tmp_path: Path) -> Path:
    for name, data in package_files(ledger, ledger.key("service"), [0, 4]).items():
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "package"


@pytest.fixture
def judge(ledger: MemoryLedger, folder: Path) -> Callable[[], Outcome]:
    policy = parse_policy(ledger.policy())

    def run() -> Outcome:
        reports = verify_path(folder, ReceiptVerifier(policy, KINDS, validate))
        return verdict_of(report.verdict for report in reports)

    return run


def test_a_sound_folder(folder: Path, judge: Callable[[], Outcome]) -> None:
    assert judge() is Outcome.VALID
    assert len(list(folder.rglob("*.json"))) == 6


def test_a_changed_byte_in_any_file(folder: Path, judge: Callable[[], Outcome]) -> None:
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        sound = path.read_bytes()
        for at in range(0, len(sound), max(1, len(sound) // 12)):
            bent = bytearray(sound)
            bent[at] ^= 1 << at % 8
            path.write_bytes(bytes(bent))
            assert judge() is not Outcome.VALID, (path, at)
        path.write_bytes(sound)
    assert judge() is Outcome.VALID


def test_a_removed_file(folder: Path, judge: Callable[[], Outcome]) -> None:
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        sound = path.read_bytes()
        path.unlink()
        assert judge() is not Outcome.VALID, path
        path.write_bytes(sound)


def test_an_added_file(folder: Path, judge: Callable[[], Outcome]) -> None:
    (folder / "receipts" / "99.json").write_bytes((folder / "receipts" / "1.json").read_bytes())
    assert judge() is Outcome.INVALID


@pytest.mark.parametrize("name", ["extra", "receipts/9.json"])
def test_a_link(folder: Path, judge: Callable[[], Outcome], name: str) -> None:
    (folder / name).symlink_to("/etc/hostname")
    assert judge() is Outcome.INVALID


def test_a_pipe_is_refused_without_waiting(folder: Path, judge: Callable[[], Outcome]) -> None:
    os.mkfifo(folder / "receipts" / "9.json")
    assert judge() is Outcome.INVALID


def test_a_manifest_signed_by_a_device(ledger: MemoryLedger, folder: Path, judge: Callable[[], Outcome]) -> None:
    files = package_files(ledger, ledger.key("device"), [0, 4])
    (folder / "manifest.jws").write_bytes(files["manifest.jws"])
    assert judge() is Outcome.INVALID


@pytest.fixture
def policy_file(ledger: MemoryLedger, tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(ledger.policy(), encoding="utf-8")
    return path


def test_exit_codes(folder: Path, policy_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proof = folder / "proofs" / "1.tlog-proof"
    assert main(["verify", str(proof), "--policy", str(policy_file)]) == 2
    assert "MissingEvidence" in capsys.readouterr().out
    proof.write_text(proof.read_text(encoding="utf-8").replace("index 1", "index +1"), encoding="utf-8")
    assert main(["verify", str(proof), "--policy", str(policy_file), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "INVALID"
    assert report["reports"][0]["checks"][0]["reason"] == "Malformed"
    assert main(["verify", str(tmp_path / "nowhere"), "--policy", str(policy_file)]) == 64
    policy_file.write_text("version = 2\n", encoding="utf-8")
    assert main(["verify", str(proof), "--policy", str(policy_file)]) == 64
    policy_file.write_bytes(b"\xff")
    assert main(["verify", str(proof), "--policy", str(policy_file)]) == 64


@pytest.mark.parametrize(
    "name", [b"\xff\xfe.json", b"1.json\nVALID", b"\x1b[2JVALID", "\u202elid.json".encode()], ids=ascii
)
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_a_file_name_cannot_write_into_the_report(
    folder: Path, policy_file: Path, name: bytes, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with open(os.path.join(os.fsencode(folder), b"receipts", name), "wb") as file:
        file.write(b"{}")
    assert main(["verify", str(folder), "--policy", str(policy_file), *options]) == 1
    shown = capsys.readouterr().out
    assert shown.isascii()
    assert "\nVALID" not in shown
