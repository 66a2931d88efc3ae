"""One flipped bit anywhere in what the demo leaves is found: in the folder by the verifier, in the ledger by fsck."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evidence.__main__ import main as evidence_main
from evidence.hashing import sha256
from ledger_service.demo import work
from tests.e2e.conftest import Demo

BITS_PER_FILE = 2


def bits(name: str, size: int) -> list[tuple[int, int]]:
    """Places that depend on the file's name alone: (byte, mask)."""
    numbers = [int.from_bytes(sha256(f"{name}/{number}".encode())[:8], "big") for number in range(BITS_PER_FILE)]
    return [(number // 8 % size, 1 << number % 8) for number in numbers]


def sampled(folder: Path) -> list[Path]:
    """Every single file at the top, and some of every kind below."""
    top = [path for path in folder.iterdir() if path.is_file()]
    kinds = ["receipts/*.json", "proofs/*.tlog-proof", "log/checkpoint", "log/tile/0/**/*", "log/tile/entries/**/*"]
    return top + [path for kind in kinds for path in sorted(p for p in folder.glob(kind) if p.is_file())[:4]]


def test_a_bit_in_any_exported_file_is_found(
    small_demo: Demo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, policy = tmp_path / "copy", tmp_path / "policy.toml"
    shutil.copytree(small_demo.output, folder)
    shutil.copy(small_demo.output / "policy.toml", policy)
    arguments = ["verify", str(folder), "--policy", str(policy)]
    assert evidence_main(arguments) == 0
    missed = []
    for path in sampled(folder):
        original = path.read_bytes()
        for place, mask in bits(path.relative_to(folder).as_posix(), len(original)):
            path.write_bytes(original[:place] + bytes([original[place] ^ mask]) + original[place + 1 :])
            if evidence_main(arguments) == 0:
                missed.append((path.name, place, mask))
        path.write_bytes(original)
    capsys.readouterr()
    assert evidence_main(arguments) == 0
    assert not missed


@pytest.mark.parametrize("change", ["removed", "added", "emptied", "swapped"])
def test_a_changed_set_of_files_is_found(
    small_demo: Demo, tmp_path: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(small_demo.output, folder)
    first, second = sorted((folder / "receipts").glob("*.json"))[-2:]
    if change == "removed":
        first.unlink()
    elif change == "added":
        (folder / "receipts" / "note.txt").write_text("x")
    elif change == "emptied":
        first.write_bytes(b"")
    else:
        a, b = first.read_bytes(), second.read_bytes()
        first.write_bytes(b)
        second.write_bytes(a)
    # A file that is missing is UNKNOWN, not false: somebody may still have it.
    expected = 2 if change == "removed" else 1
    assert evidence_main(["verify", str(folder), "--policy", str(small_demo.output / "policy.toml")]) == expected
    capsys.readouterr()


@pytest.fixture
def data(small_demo: Demo, tmp_path: Path) -> Path:
    shutil.copytree(small_demo.data, tmp_path / "data", ignore=shutil.ignore_patterns("site", "import"))
    return tmp_path / "data"


def test_fsck_finds_nothing_in_an_untouched_copy(data: Path) -> None:
    assert work.findings_of_copy(data) == []


@pytest.mark.parametrize("kind", ["blobs/**/*", "logs/demo/tile/**/*", "logs/demo/checkpoint"])
def test_fsck_finds_a_bit_in_stored_files(data: Path, kind: str) -> None:
    path = sorted(path for path in data.glob(kind) if path.is_file())[-1]
    original = path.read_bytes()
    place, mask = bits(kind, len(original))[0]
    path.write_bytes(original[:place] + bytes([original[place] ^ mask]) + original[place + 1 :])
    assert work.findings_of_copy(data)
