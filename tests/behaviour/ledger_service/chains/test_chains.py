"""Evidence chains: in order, whole, linked across subjects; what is altered, erased or unproven is said."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from sqlalchemy import text

from ledger_service.chains.model import IN, OUT, Chain
from ledger_service.chains.schemas import chain_csv, chain_json, statements
from ledger_service.cli.main import main
from ledger_service.errors import BadRequest, NotFound
from tests.fakes.http import request
from tests.fakes.plant import LEDGER, Plant

SUBJECT = "loading_operation/LO-1"
GAUGE = "PG-1042"


def steps(plant: Plant, count: int, subject: str = SUBJECT, **payload: Any) -> None:
    fields = {"subject": subject, "performed_by": "E-0815", "bay": "B2", "instrument_ref": GAUGE} | payload
    plant.submit(*(plant.statement(**fields, step_code=f"S{n + 1:02}", seq=n + 1) for n in range(count)))


def chain(plant: Plant, subject: str = SUBJECT, **wanted: Any) -> Chain:
    return plant.services.chains.get(LEDGER, subject, **wanted)


def codes(found: Chain) -> dict[str, int]:
    return {item["code"]: item["count"] for item in statements(found)}


def alter(plant: Plant, statement: str) -> None:
    """Change rows as somebody with the database file would: the triggers are taken away first."""
    with plant.services.engine.begin() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for name in names:
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.exec_driver_sql(statement)


def test_a_chain_is_in_order_gapless_and_linked(plant: Plant) -> None:
    steps(plant, 5)
    steps(plant, 2, "loading_operation/LO-2")
    found = chain(plant)
    assert [view.entry.stream_seq for view in found.items] == [0, 1, 2, 3, 4]
    assert found.integrity.sound
    assert codes(found) == {"not_published": 5, "linked_and_gapless": 5}


def test_a_chain_is_given_out_in_parts_and_checked_as_a_whole(plant: Plant) -> None:
    steps(plant, 5)
    first = chain(plant, limit=2)
    second = chain(plant, begin=first.cursor, limit=4)
    assert first.cursor == 2
    assert second.cursor is None
    assert [view.entry.stream_seq for view in (*first.items, *second.items)] == [0, 1, 2, 3, 4]
    assert first.integrity.checked == second.integrity.checked == 5


def test_links_lead_across_subjects_in_both_directions(plant: Plant) -> None:
    steps(plant, 2)
    outward = {item.subject: item for item in chain(plant).neighbours if item.direction == OUT}
    assert outward["person/E-0815"].fields == ("performed_by",)
    assert outward[f"equipment/{GAUGE}"].count == 2
    assert not any(subject.startswith("unique/") for subject in outward)


def test_a_gauge_without_records_of_its_own_shows_the_operations_that_used_it(plant: Plant) -> None:
    steps(plant, 2)
    steps(plant, 1, "loading_operation/LO-2")
    found = chain(plant, f"equipment/{GAUGE}")
    assert codes(found) == {"no_own_records": 1}
    inward = {item.subject: item.count for item in found.neighbours if item.direction == IN}
    assert inward == {SUBJECT: 2, "loading_operation/LO-2": 1}


def test_what_is_on_record_about_a_neighbour_leaves_its_other_operations_out(plant: Plant) -> None:
    steps(plant, 1)
    steps(plant, 1, "loading_operation/LO-2")
    person = next(item for item in chain(plant, depth=2).neighbours if item.subject == "person/E-0815")
    assert person.about == ()


def test_published_and_anchored_entries_are_counted(plant: Plant) -> None:
    steps(plant, 3)
    plant.services.publisher.publish(LEDGER)
    steps(plant, 4)
    found = chain(plant)
    assert (found.published, found.anchored, found.final) == (3, 0, 0)
    assert codes(found)["not_anchored"] == 3


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE entries SET entry_bytes = CAST(replace(entry_bytes, '\"stream_seq\":2', '\"stream_seq\":7') AS BLOB) "
         "WHERE stream_seq = 2", "gap"),
        ("UPDATE entries SET leaf_hash = zeroblob(32) WHERE stream_seq = 2", "hash"),
        ("UPDATE entries SET entry_bytes = x'7b' WHERE stream_seq = 2", "unreadable"),
        ("UPDATE stream_heads SET leaf_hash = zeroblob(32)", "head"),
        ("UPDATE entries SET entry_bytes = (SELECT entry_bytes FROM entries WHERE stream_seq = 1 AND idx > 2) "
         "WHERE stream_seq = 2", "gap"),
    ],
)  # fmt: skip
def test_an_altered_row_is_named(plant: Plant, statement: str, code: str) -> None:
    steps(plant, 4)
    streams = "(SELECT stream FROM entries WHERE record_type = 'loading_step')"
    guard = f" AND stream IN {streams}" if "WHERE" in statement else f" WHERE stream IN {streams}"
    alter(plant, statement + guard)
    found = chain(plant).integrity
    assert not found.sound
    assert code in {problem.code for problem in found.problems}


def test_a_subject_without_records_is_not_found(plant: Plant) -> None:
    with pytest.raises(NotFound):
        chain(plant, "equipment/none")


@pytest.mark.parametrize("subject", ["", "equipment", "/x", "equipment/", "equipment/\ud800", "x/" + "y" * 600])
def test_what_is_no_subject_is_refused(plant: Plant, subject: str) -> None:
    with pytest.raises(BadRequest):
        chain(plant, subject)


def test_a_table_for_a_spreadsheet_runs_nothing(plant: Plant) -> None:
    steps(plant, 2)
    table = list(csv.reader(io.StringIO(chain_csv(chain(plant)))))
    assert table[0][:2] == ["stream_seq", "index"]
    assert len(table) == 3
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in table for cell in row)


def test_the_route_takes_the_subject_in_the_body(plant: Plant) -> None:
    steps(plant, 2)
    path = f"/v1/ledgers/{LEDGER}/chains"
    answer = request(plant.services, "POST", path, json={"subject": SUBJECT, "depth": 2})
    assert answer.status_code == 200, answer.text
    assert answer.json() == chain_json(chain(plant, depth=2))
    table = request(plant.services, "POST", path, json={"subject": SUBJECT, "format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert request(plant.services, "POST", path, json={"subject": SUBJECT, "depth": 9}).status_code == 400
    assert request(plant.services, "POST", path, json={"subject": "person/E-1"}).status_code == 404


def test_the_command_prints_the_chain(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    steps(plant, 2)
    plant.services.close()
    data = str(plant.settings.data_dir)
    assert main(["chain", SUBJECT, "--data", data]) == 0
    shown = capsys.readouterr().out
    assert "linked and gapless" in shown
    assert "person/E-0815" in shown
    assert main(["chain", SUBJECT, "--data", data, "--lang", "zh"]) == 0
    assert "首尾相连" in capsys.readouterr().out
    plant.reopen()
