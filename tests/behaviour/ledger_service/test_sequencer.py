"""What the sequencer promises about order, links, repetition and time."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import pytest
from sqlalchemy import event

from ledger_service.errors import Conflict, Refused, StorageFull
from ledger_service.kit.db import make_engine
from ledger_service.statements.model import Rejected, Sequenced
from ledger_service.statements.sequencer import Sequencer
from tests.fakes.check_ledger import check_ledger
from tests.fakes.http import request
from tests.fakes.plant import LEDGER, Plant


def sequenced(outcomes: list[Sequenced | Rejected]) -> list[Sequenced]:
    return [outcome for outcome in outcomes if isinstance(outcome, Sequenced)]


def test_indices_are_dense_and_rejected_statements_take_none(plant: Plant) -> None:
    bad = plant.statement(result="maybe")
    outcomes = plant.submit(plant.statement(), bad, plant.statement())
    assert [item.index for item in sequenced(outcomes)] == [2, 3]
    assert isinstance(outcomes[1], Rejected)
    assert outcomes[1].error.reason == "PayloadMismatch"
    assert check_ledger(plant.services.engine, LEDGER) == 4


def test_a_stream_is_linked_within_a_group_and_across_groups(plant: Plant) -> None:
    first = sequenced(plant.submit(plant.statement(), plant.statement(seq=2)))
    second = sequenced(plant.submit(plant.statement(seq=3), plant.statement(subject="loading_operation/LO-2")))
    assert [item.stream_seq for item in first + second] == [0, 1, 2, 0]
    assert check_ledger(plant.services.engine, LEDGER) == 6


def test_the_same_bytes_get_the_same_answer_and_other_bytes_under_the_id_a_conflict(plant: Plant) -> None:
    record = plant.claims("loading_operation/LO-2026-0012").jti
    compact = plant.statement(claims={"jti": record})
    other = plant.statement(claims={"jti": record})
    first, repeated, conflicting = plant.submit(compact, compact, other)
    later = plant.submit(compact)[0]
    assert isinstance(first, Sequenced)
    assert first.created
    assert repeated == later == first.again()
    assert isinstance(conflicting, Rejected)
    assert isinstance(conflicting.error, Conflict)
    assert check_ledger(plant.services.engine, LEDGER) == 3


def test_what_was_taken_once_is_not_refused_by_the_rules_of_another_day(plant: Plant) -> None:
    compact, stranger = plant.statement(), plant.statement()
    first = plant.submit(compact)[0]
    assert isinstance(first, Sequenced)
    plant.clock.advance(hours=-1)
    again, refused = plant.submit(compact, stranger)
    assert again == first.again()
    assert isinstance(refused, Rejected)
    path = f"/v1/ledgers/{LEDGER}/statements"
    answer = request(plant.services, "POST", path, content=compact, headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["index"]) == (200, first.index)


def test_a_statement_without_one_of_its_disclosures_is_other_bytes(plant: Plant) -> None:
    compact = plant.statement(remark="valve stiff")
    jwt, *shown = compact.split("~")
    plant.submit(compact)
    outcome = plant.submit("~".join([jwt, *shown[1:]]))[0]
    assert isinstance(outcome, Rejected)


def test_received_at_never_falls_when_the_clock_does(plant: Plant) -> None:
    before = sequenced(plant.submit(plant.statement()))[0].received_at
    plant.clock.advance(minutes=-3)
    assert sequenced(plant.submit(plant.statement()))[0].received_at == before
    plant.clock.advance(minutes=10)
    assert sequenced(plant.submit(plant.statement()))[0].received_at == plant.clock.now()
    check_ledger(plant.services.engine, LEDGER)


def test_a_key_is_judged_at_the_index_the_statement_gets(plant: Plant) -> None:
    waiting = plant.prepared()
    plant.services.keys.revoke(LEDGER, plant.device.kid)
    outcome = plant.services.sequencer.sequence([waiting])[0]
    assert isinstance(outcome, Rejected)
    assert (type(outcome.error), outcome.error.reason) == (Refused, "KeyNotValid")


def test_another_process_revokes_a_key_and_this_one_knows(plant: Plant) -> None:
    plant.submit(plant.statement())  # the history is in memory now
    elsewhere = Sequencer(make_engine(plant.settings), plant.clock, plant.services.judge)
    revocation = plant.services.keys
    revocation._sequencer = elsewhere
    revocation.revoke(LEDGER, plant.device.kid)
    outcome = plant.submit(plant.statement())[0]
    assert isinstance(outcome, Rejected)
    assert outcome.error.reason == "KeyNotValid"


def test_two_sequencers_in_one_process_hand_out_each_index_once(plant: Plant) -> None:
    other = make_engine(plant.settings)
    sequencers = [plant.services.sequencer, Sequencer(other, plant.clock, plant.services.judge)]
    work = [[plant.prepared(seq=1 + n) for n in range(40)] for _ in sequencers]
    found: list[list[int]] = [[], []]

    def run(number: int) -> None:
        for statement in work[number]:
            found[number] += [item.index for item in sequenced(sequencers[number].sequence([statement]))]

    threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.dispose()
    assert sorted(found[0] + found[1]) == list(range(2, 82))
    assert check_ledger(plant.services.engine, LEDGER) == 82


def test_two_processes_at_once_hand_out_each_index_once(tmp_path: Path) -> None:
    plant = Plant(tmp_path / "data")
    work = [[plant.statement(seq=1 + n) for n in range(30)] for _ in range(2)]
    plant.services.close()
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=submit_one_by_one, args=(plant, compacts)) for compacts in work]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    plant.reopen()
    assert check_ledger(plant.services.engine, LEDGER) == 62
    plant.services.close()


def submit_one_by_one(plant: Plant, compacts: list[str]) -> None:
    plant.reopen()
    for compact in compacts:
        assert isinstance(plant.submit(compact)[0], Sequenced)


def test_a_full_disk_is_said_plainly_loses_nothing_and_heals(tmp_path: Path) -> None:
    plant = Plant(tmp_path / "data")
    plant.submit(plant.statement())
    set_page_limit(plant, 1)
    compacts = [plant.statement(subject=f"loading_operation/LO-{n}") for n in range(200)]
    with pytest.raises(StorageFull):
        plant.submit(*compacts)
    assert check_ledger(plant.services.engine, LEDGER) == 3
    set_page_limit(plant, 1 << 30)
    assert len(sequenced(plant.submit(*compacts))) == 200
    assert check_ledger(plant.services.engine, LEDGER) == 203
    plant.services.close()


def set_page_limit(plant: Plant, pages: int) -> None:
    """Let the database grow to `pages` pages; SQLite takes what it has already as the least, so 1 is "not one more"."""
    plant.reopen()

    @event.listens_for(plant.services.engine, "connect")
    def limit(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[attr-defined]

    # Connections opened before know nothing of the limit.
    plant.services.engine.dispose()
