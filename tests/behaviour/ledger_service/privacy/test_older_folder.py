"""A data folder of the release before: what it stored in the clear is sealed at the first start."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from ledger_service.kit.db import read
from ledger_service.kit.dialect import prepare_engine
from ledger_service.privacy.disclosures import read_disclosures
from ledger_service.privacy.vault import Vault
from tests.behaviour.ledger_service.privacy.people import BASIS, NAME, REASON, ZHANG, populate, spoken_of
from tests.fakes.check_ledger import check_ledger
from tests.fakes.plant import LEDGER, Plant

COPIED = ("ledgers", "clients", "entries", "stream_heads", "blobs", "checkpoints", "published_heads")


LATER = ("links", "judgement_inputs")
"""Projections of the release after it: those of the records here are put back, for the checks that derive them."""
Rows = dict[str, list[tuple[object, ...]]]


def turn_back(plant: Plant) -> Rows:
    """Give the folder a database of schema 0001 with the same content in the clear, and no master key.

    Returns the rows of `LATER`.
    """
    path = plant.settings.data_dir / "ledger.sqlite"
    with read(plant.services.engine) as connection:
        texts = [
            (LEDGER, item.index, item.position, item.digest, item.text, item.erased_by)
            for item in read_disclosures(connection, LEDGER)
        ]
    states = plant.services.keys.states(LEDGER)
    plant.services.close()
    old = path.with_name("old.sqlite")
    make_first_schema(old)
    with closing(sqlite3.connect(old)) as database, database:
        database.execute("ATTACH DATABASE ? AS new", [str(path)])
        for table in COPIED:
            names = ", ".join(row[1] for row in database.execute(f"PRAGMA table_info({table})"))
            database.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}")
        database.executemany("INSERT INTO disclosures VALUES (?, ?, ?, ?, ?, ?)", texts)
        database.execute("INSERT INTO key_states SELECT * FROM new.key_states")
        later = {name: database.execute(f"SELECT * FROM new.{name}").fetchall() for name in LATER}
        holders = [(state.holder, kid) for kid, state in states.items()]
        database.executemany("UPDATE key_states SET holder = ? WHERE kid = ?", holders)
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        path.with_name(name).unlink(missing_ok=True)
    old.rename(path)
    (plant.settings.data_dir / "keys" / "master.key").unlink()
    return later


def start(plant: Plant, later: Rows) -> Plant:
    """The first start of this release on that folder."""
    plant.reopen()
    with closing(sqlite3.connect(plant.settings.data_dir / "ledger.sqlite")) as database, database:
        for name, rows in later.items():
            for row in rows:
                database.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
    return plant


def interrupted(*_: object) -> None:
    raise InterruptedError


def make_first_schema(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    prepare_engine(engine, 0)
    config = Config()
    config.set_main_option("script_location", "ledger_service:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()


def test_what_was_stored_in_the_clear_is_sealed_and_gone_from_the_file(plant: Plant) -> None:
    populate(plant)
    before = [plant.services.entries.get(LEDGER, index).payload for index in range(8)]
    holders = {kid: state.holder for kid, state in plant.services.keys.states(LEDGER).items()}
    later, path = turn_back(plant), plant.settings.data_dir / "ledger.sqlite"
    assert path.name in spoken_of(plant.settings.data_dir)
    assert b"Dosing terminal 4" in path.read_bytes()
    start(plant, later)
    assert [plant.services.entries.get(LEDGER, index).payload for index in range(8)] == before
    assert {kid: state.holder for kid, state in plant.services.keys.states(LEDGER).items()} == holders
    check_ledger(plant.services.engine, LEDGER)
    assert not [name for name in spoken_of(plant.settings.data_dir) if not name.startswith("blobs/")]
    assert b"Dosing terminal 4" not in path.read_bytes()
    assert plant.services.fsck.report(LEDGER).findings == ()
    plant.services.close()
    assert not [name for name in spoken_of(plant.settings.data_dir) if not name.startswith("blobs/")]


def test_a_worker_of_the_release_before_can_be_erased(plant: Plant) -> None:
    populate(plant)
    start(plant, turn_back(plant)).clock.advance(days=400)
    plant.services.erasures.erase(LEDGER, ZHANG, BASIS, REASON, also_containing=[NAME])
    assert spoken_of(plant.settings.data_dir) == {}
    check_ledger(plant.services.engine, LEDGER)


def test_an_erased_disclosure_of_the_release_before_stays_erased(plant: Plant) -> None:
    populate(plant)
    plant.clock.advance(days=400)
    plant.services.erasures.erase(LEDGER, ZHANG, BASIS, REASON)
    before = plant.services.entries.get(LEDGER, 2)
    after = start(plant, turn_back(plant)).services.entries.get(LEDGER, 2)
    assert after.disclosures == before.disclosures


def test_a_start_that_is_interrupted_leaves_the_old_folder_and_the_next_one_succeeds(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    populate(plant)
    later = turn_back(plant)
    with monkeypatch.context() as patch:
        patch.setattr(Vault, "seal", interrupted)
        with pytest.raises(InterruptedError):
            plant.reopen()
    check_ledger(start(plant, later).services.engine, LEDGER)
