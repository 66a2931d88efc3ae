"""Which month a run takes, and what keeps two demos apart."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ledger_service.demo.sample import Month
from ledger_service.demo.state import DemoFolderUnusable, begin_run, finish_run, only_one

TODAY = date(2026, 3, 15)


def months(data: Path, runs: int) -> list[Month]:
    taken = []
    for _ in range(runs):
        state = begin_run(data, 7, 100, TODAY)
        taken.append(state.sample_month())
        finish_run(data, state)
    return taken


def test_runs_take_one_month_after_the_other_and_never_one_in_the_future(tmp_path: Path) -> None:
    taken = months(tmp_path / "data", 26)
    assert taken[0] == Month(7, 2025, 3)
    assert taken[1] == Month(7, 2025, 4)
    assert taken[12] == Month(8, 2025, 3)
    assert len(set(taken)) == len(taken)
    assert all((month.year, month.month) < (TODAY.year, TODAY.month) for month in taken)


def test_an_unfinished_run_is_taken_again(tmp_path: Path) -> None:
    first = begin_run(tmp_path / "data", 7, 100, TODAY)
    assert begin_run(tmp_path / "data", 7, 100, date(2026, 9, 1)) == first


def test_size_and_first_month_stay_as_chosen(tmp_path: Path) -> None:
    finish_run(tmp_path / "data", begin_run(tmp_path / "data", 7, 5, TODAY))
    again = begin_run(tmp_path / "data", 7, 100, date(2027, 1, 1))
    assert (again.percent, again.year, again.month) == (5, 2025, 3)


def test_another_seed_or_foreign_content_is_refused(tmp_path: Path) -> None:
    begin_run(tmp_path / "data", 7, 100, TODAY)
    with pytest.raises(DemoFolderUnusable, match="seed 7, not 8"):
        begin_run(tmp_path / "data", 8, 100, TODAY)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(DemoFolderUnusable, match="holds no demo"):
        begin_run(tmp_path / "mine", 7, 100, TODAY)


def test_a_damaged_state_is_reported(tmp_path: Path) -> None:
    begin_run(tmp_path / "data", 7, 100, TODAY)
    (tmp_path / "data" / "demo.json").write_text('{"seed": 7}')
    with pytest.raises(DemoFolderUnusable, match="cannot be read"):
        begin_run(tmp_path / "data", 7, 100, TODAY)


def test_a_second_demo_in_the_same_folder_is_kept_out(tmp_path: Path) -> None:
    with (
        only_one(tmp_path / "data"),
        pytest.raises(DemoFolderUnusable, match="another demo"),
        only_one(tmp_path / "data"),
    ):
        raise AssertionError("let in")
