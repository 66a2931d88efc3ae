"""A catalogue file that changes needs a new version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evidence.canonical import loads
from evidence.records import RecordType, load_catalogue
from scripts import gen_catalogue_lock as lock
from tests.unit.evidence.records.rich import visit

BASE = load_catalogue()


def test_a_change_without_a_new_version_is_found() -> None:
    before = lock.current(replace(BASE, types={"visit": visit()}))
    after = lock.current(replace(BASE, types={"visit": visit(("clauses", []))}))
    assert lock.changed(before, after) == [("types/visit", 1)]
    assert lock.changed(before, before) == []
    newer = lock.current(replace(BASE, types={"visit": visit(("clauses", []), ("version", 2))}))
    assert lock.changed(before, newer) == []


def test_the_file_is_written_checked_and_protects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock, "LOCK", tmp_path / "digests.txt")
    assert lock.main(["--check"]) == 1
    assert lock.main([]) == 0
    assert lock.main(["--check"]) == 0
    assert lock.parse_lock((tmp_path / "digests.txt").read_text()) == lock.current(BASE)
    monkeypatch.setattr(lock, "load_catalogue", lambda: replace(BASE, types={"visit": visit()}))
    assert lock.main([]) == 0
    monkeypatch.setattr(lock, "load_catalogue", lambda: replace(BASE, types={"visit": visit(("clauses", []))}))
    capsys.readouterr()
    assert lock.main([]) == lock.main(["--check"]) == 1
    assert "types/visit 1 changed: give it version 2" in capsys.readouterr().err
    assert lock.main(["--relock"]) == 0
    assert lock.main(["--check"]) == 0


def test_a_release_freezes_what_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RELEASED", tmp_path)
    lock.release(BASE)
    for item in BASE.types.values():
        data = loads((tmp_path / f"{item.id}-{item.version}.json").read_bytes(), max_bytes=1_000_000)
        assert RecordType.from_data(data).schema_claim == item.schema_claim
