"""The schema that the migrations make, and what it forbids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from ledger_service.config import Settings
from ledger_service.errors import RetryLater
from ledger_service.kit.db import make_engine, read, upgrade, write
from ledger_service.kit.dialect import insert_rows
from ledger_service.migrations import HEAD
from ledger_service.models import METADATA, blobs, checkpoints
from tests.fakes.check_ledger import check_ledger
from tests.fakes.plant import LEDGER, Plant


def test_the_migrations_make_the_tables_of_the_models(plant: Plant) -> None:
    with plant.services.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_newest_version_is_the_one_named() -> None:
    config = Config()
    config.set_main_option("script_location", "ledger_service:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_upgrading_again_changes_nothing(plant: Plant) -> None:
    upgrade(plant.services.engine)
    assert check_ledger(plant.services.engine, LEDGER) == 2


@pytest.mark.parametrize(
    ("name", "expected"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("recursive_triggers", 1)]
)
def test_every_connection_is_durable_and_strict(plant: Plant, name: str, expected: Any) -> None:
    with plant.services.engine.connect() as connection:
        assert connection.execute(text(f"PRAGMA {name}")).scalar() == expected


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entries",
        "UPDATE entries SET received_at = received_at + 1 WHERE idx = 1",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE idx = 1",
        "DELETE FROM disclosures",
        "UPDATE disclosures SET sealed = x'01'",
        "UPDATE disclosures SET sealed = NULL",
        "UPDATE disclosures SET erased_by_idx = 1",
        "UPDATE disclosures SET sealed = NULL, erased_by_idx = 1, digest = 'x'",
        "DELETE FROM blobs",
        "UPDATE blobs SET size = 2",
        "DELETE FROM checkpoints",
        "UPDATE checkpoints SET note = x'01'",
    ],
)
def test_the_log_is_append_only_in_the_database_itself(plant: Plant, statement: str) -> None:
    now = plant.clock.now()
    with write(plant.services.engine) as connection:
        connection.execute(insert(blobs).values(sha256="0" * 64, size=1, media_type="image/jpeg", created_at=now))
        row = {"ledger": LEDGER, "size": 1, "root": b"r", "note": b"n", "range_hashes": b"", "previous_size": 0}
        connection.execute(insert(checkpoints).values(row | {"published_at": now}))
    with pytest.raises(IntegrityError, match="append-only"):
        execute(plant, statement)


def execute(plant: Plant, statement: str) -> None:
    with write(plant.services.engine) as connection:
        connection.execute(text(statement))


def test_a_disclosure_can_be_erased_by_naming_the_erasure_and_never_comes_back(plant: Plant) -> None:
    plant.submit(plant.statement(), plant.statement(seq=2))
    with write(plant.services.engine) as connection:
        change = "UPDATE disclosures SET sealed = NULL, erased_by_idx = 3 WHERE idx = 2 AND position = 0"
        connection.execute(text(change))
    assert check_ledger(plant.services.engine, LEDGER) == 4
    for change in ("sealed = x'01'", "erased_by_idx = 1", "sealed = NULL, erased_by_idx = 1"):
        with pytest.raises(IntegrityError, match="append-only"):
            execute(plant, f"UPDATE disclosures SET {change} WHERE idx = 2 AND position = 0")
    view = plant.services.entries.get(LEDGER, 2)
    assert [item.erased_by for item in view.disclosures].count(3) == 1
    assert len(view.payload) == len(view.disclosures) - 1


def test_an_error_of_the_database_does_not_repeat_what_was_to_be_stored(plant: Plant) -> None:
    row = ("demo", 999, 0, "digest", 1, "Zhang San")
    with pytest.raises(IntegrityError) as caught, write(plant.services.engine) as connection:
        insert_rows(connection, "disclosures", ("ledger", "idx", "position", "digest", "key_no", "sealed"), [row])
    assert "Zhang" not in str(caught.value)


def test_a_new_data_folder_is_its_owners_alone_and_one_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o750)
    for folder, mode in ((tmp_path / "above" / "data", 0o700), (shared, 0o750)):
        make_engine(Settings(data_dir=folder)).dispose()
        assert folder.stat().st_mode & 0o777 == mode


def test_a_database_that_cannot_be_reached_is_a_reason_to_retry(tmp_path: Path) -> None:
    engine = make_engine(Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/nowhere/ledger.sqlite"))
    for transaction in (read, write):
        with pytest.raises(RetryLater), transaction(engine):
            pass
