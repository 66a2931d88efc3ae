"""Publishing: what is signed is what is stored, once, and never beside what was signed before."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from evidence.checkpoint import open_checkpoint, sign_checkpoint
from evidence.merkle.verify import verify_consistency
from evidence.notes import VerifierKey
from ledger_service.checkpoints import publisher as publisher_module
from ledger_service.checkpoints.errors import ForkDetected, HeadMoved, LedgerBehindAnchor
from ledger_service.checkpoints.guard import Head, WitnessedHead
from ledger_service.checkpoints.publisher import Publisher
from ledger_service.errors import KeySetMismatch, NotFound, ServiceError, StorageCorrupt
from ledger_service.statements.model import Sequenced
from ledger_service.statements.sequencer import Sequencer
from tests.fakes.check_published import check_published
from tests.fakes.plant import LEDGER, Plant


def grow(plant: Plant, count: int) -> None:
    outcomes = plant.submit(*(plant.statement(seq=1 + number % 90) for number in range(count)))
    assert all(isinstance(item, Sequenced) for item in outcomes)


def publish(plant: Plant) -> int:
    checkpoint = plant.services.publisher.publish(LEDGER)
    assert checkpoint is not None
    assert check(plant) == checkpoint.size
    return checkpoint.size


def check(plant: Plant) -> int:
    return check_published(plant.services.engine, LEDGER, plant.settings.data_dir)


def alter(plant: Plant, statement: str, **values: Any) -> None:
    """Change a row behind the triggers' back."""
    with plant.services.engine.begin() as connection:
        for table in ("entries", "checkpoints"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_update"))
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_delete"))
        connection.execute(text(statement), values)


def test_a_log_grows_over_bundles_and_every_checkpoint_extends_the_one_before(plant: Plant) -> None:
    sizes = [publish(plant)]
    for more in (1, 253, 1, 3, 260):
        grow(plant, more)
        sizes.append(publish(plant))
    assert sizes == [2, 3, 256, 257, 260, 520]
    key = VerifierKey.parse(plant.ledger.log_vkey)
    note = plant.services.checkpoints.newest(LEDGER).note
    newest = open_checkpoint(note, [key])
    assert (plant.settings.data_dir / "logs" / LEDGER / "checkpoint").read_bytes() == note
    proof = plant.services.checkpoints.consistency_proof(LEDGER, 257, 520)
    with plant.services.engine.connect() as connection:
        old = connection.execute(text("SELECT root FROM checkpoints WHERE size = 257")).scalar_one()
    verify_consistency(257, old, 520, newest.root, proof)


def test_without_news_nothing_is_signed(plant: Plant) -> None:
    publish(plant)
    assert plant.services.publisher.publish(LEDGER) is None
    assert check(plant) == 2


def test_an_unknown_ledger_is_not_found(plant: Plant) -> None:
    with pytest.raises(NotFound):
        plant.services.publisher.publish("nobody")


def test_partial_tiles_of_a_published_checkpoint_stay(plant: Plant) -> None:
    publish(plant)
    grow(plant, 300)
    publish(plant)
    tiles = plant.settings.data_dir / "logs" / LEDGER / "tile"
    assert (tiles / "0" / "000.p" / "2").is_file()
    assert (tiles / "0" / "000").is_file()
    assert (tiles / "entries" / "001.p" / "46").is_file()


@pytest.mark.parametrize("column", ["entry_bytes", "leaf_hash"])
@pytest.mark.parametrize("index", [1, 3])
def test_an_entry_that_changed_since_it_was_sequenced_is_not_signed(plant: Plant, column: str, index: int) -> None:
    publish(plant)
    grow(plant, 3)
    alter(plant, f"UPDATE entries SET {column} = zeroblob(32) WHERE idx = :index", index=index)
    with pytest.raises(ForkDetected):
        plant.services.publisher.publish(LEDGER)
    assert plant.services.checkpoints.newest(LEDGER).size == 2


def test_an_entry_and_its_leaf_hash_changed_together_behind_the_head_are_a_fork(plant: Plant) -> None:
    grow(plant, 3)
    publish(plant)
    grow(plant, 1)
    alter(
        plant,
        "UPDATE entries SET (entry_bytes, leaf_hash) = (SELECT entry_bytes, leaf_hash FROM entries WHERE idx = 3)"
        " WHERE idx = 2",
    )
    with pytest.raises(ForkDetected, match="not the ones that were signed"):
        plant.services.publisher.publish(LEDGER)


def test_a_missing_entry_is_a_fork(plant: Plant) -> None:
    grow(plant, 3)
    with plant.services.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER entries_no_delete"))
        connection.execute(text("DROP TRIGGER disclosures_no_delete"))
        for name in ("disclosures", "links", "judgement_inputs"):
            connection.execute(text(f"DELETE FROM {name} WHERE idx = 3"))
        connection.execute(text("DELETE FROM entries WHERE idx = 3"))
    with pytest.raises(ForkDetected, match="gap"):
        plant.services.publisher.publish(LEDGER)


def test_two_publishers_at_once_sign_one_head(plant: Plant) -> None:
    grow(plant, 5)
    barrier = threading.Barrier(2)
    outcomes: list[object] = []

    def meet(_ledger: str) -> list[WitnessedHead]:
        barrier.wait()
        return []

    def run() -> None:
        services = plant.services
        second = Publisher(
            services.engine, services.clock, services.keystore, plant.settings.data_dir / "logs", witnesses=[meet]
        )
        try:
            outcomes.append(second.publish(LEDGER))
        except HeadMoved as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(item).__name__ for item in outcomes) == ["Checkpoint", "HeadMoved"]
    assert check(plant) == 7


def test_a_publisher_that_lost_the_race_changes_nothing(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(plant, 1)
    fast = plant.services.publisher
    real = sign_checkpoint

    def overtaken(*args: Any) -> Any:
        monkeypatch.setattr(publisher_module, "sign_checkpoint", real)
        grow(plant, 1)
        fast.publish(LEDGER)
        return real(*args)

    monkeypatch.setattr(publisher_module, "sign_checkpoint", overtaken)
    with pytest.raises(HeadMoved):
        fast.publish(LEDGER)
    assert check(plant) == 4
    assert fast.publish(LEDGER) is None


def test_a_database_restored_from_before_the_last_checkpoint_does_not_sign(plant: Plant, tmp_path: Path) -> None:
    publish(plant)
    database = plant.settings.data_dir / "ledger.sqlite"
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(tmp_path / "backup")) as backup:
        source.backup(backup)
    grow(plant, 4)
    publish(plant)
    plant.services.close()
    for name in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
        (plant.settings.data_dir / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup", database)
    plant.reopen()
    # Nothing is taken any more (see test_gate); had it been, nothing would be signed either.
    beside = Sequencer(plant.services.engine, plant.clock, plant.services.judge)
    beside.sequence([plant.prepared(seq=1 + number) for number in range(9)])
    with pytest.raises(LedgerBehindAnchor, match="the checkpoint file holds size 6, the database has published 2"):
        plant.services.publisher.publish(LEDGER)
    # Without the file the tiles still tell: other entries would take names that are taken.
    (plant.settings.data_dir / "logs" / LEDGER / "checkpoint").unlink()
    with pytest.raises(ForkDetected, match="other bytes, beyond the published size"):
        plant.services.publisher.publish(LEDGER)
    assert plant.services.checkpoints.newest(LEDGER).size == 2


@pytest.mark.parametrize(
    ("size", "error"),
    [(3, LedgerBehindAnchor), (2, ForkDetected), (1, ForkDetected)],
    ids=["ahead", "beside", "between"],
)
def test_a_chain_that_saw_another_head_stops_the_signature(plant: Plant, size: int, error: type[Exception]) -> None:
    publish(plant)
    grow(plant, 1)
    services = plant.services
    seen = WitnessedHead("the registry", Head(size, bytes(32)))
    logs = plant.settings.data_dir / "logs"
    second = Publisher(services.engine, services.clock, services.keystore, logs, witnesses=[lambda _: [seen]])
    with pytest.raises(error, match="the registry"):
        second.publish(LEDGER)
    assert check(plant) == 2


def test_a_checkpoint_file_behind_the_rows_is_brought_up_to_date(plant: Plant) -> None:
    publish(plant)
    path = plant.settings.data_dir / "logs" / LEDGER / "checkpoint"
    before = path.read_bytes()
    grow(plant, 1)
    publish(plant)
    after = path.read_bytes()
    path.write_bytes(before)
    assert plant.services.publisher.publish(LEDGER) is None
    assert path.read_bytes() == after


def test_a_damaged_checkpoint_file_is_not_replaced_in_silence(plant: Plant) -> None:
    publish(plant)
    path = plant.settings.data_dir / "logs" / LEDGER / "checkpoint"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StorageCorrupt, match="checkpoint file is damaged"):
        plant.services.publisher.publish(LEDGER)


@pytest.mark.parametrize("statement", ["size = 1", "root = zeroblob(32)"])
def test_a_head_that_is_not_the_newest_checkpoint_is_a_fork(plant: Plant, statement: str) -> None:
    publish(plant)
    grow(plant, 1)
    alter(plant, f"UPDATE published_heads SET {statement}")
    with pytest.raises(ForkDetected):
        plant.services.publisher.publish(LEDGER)


def test_a_damaged_compact_range_is_a_fork(plant: Plant) -> None:
    publish(plant)
    alter(plant, "UPDATE checkpoints SET range_hashes = x'00'")
    with pytest.raises(ForkDetected, match="compact range"):
        plant.services.publisher.publish(LEDGER)


def test_a_foreign_log_key_signs_nothing(plant: Plant) -> None:
    other = plant.services.keystore
    path = plant.settings.data_dir / "keys" / LEDGER
    (path / "log.key").write_bytes((path / "service.key").read_bytes())
    plant.reopen()
    assert plant.services.keystore is not other
    with pytest.raises(KeySetMismatch):
        plant.services.publisher.publish(LEDGER)
    with pytest.raises(NotFound):
        plant.services.checkpoints.newest(LEDGER)


def test_lost_tiles_are_made_again_from_the_rows(plant: Plant) -> None:
    grow(plant, 300)
    publish(plant)
    shutil.rmtree(plant.settings.data_dir / "logs" / LEDGER / "tile")
    grow(plant, 1)
    assert publish(plant) == 303
    shutil.rmtree(plant.settings.data_dir / "logs" / LEDGER)
    assert plant.services.publisher.rebuild_tiles(LEDGER) == 303
    with plant.services.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM checkpoints")).scalar() == 2
    assert (plant.settings.data_dir / "logs" / LEDGER / "tile" / "entries" / "001.p" / "47").is_file()


@pytest.mark.parametrize("more", [0, 1])
def test_a_lost_or_older_folder_is_made_whole_by_the_next_publication(plant: Plant, tmp_path: Path, more: int) -> None:
    folder = plant.settings.data_dir / "logs" / LEDGER
    grow(plant, 100)
    publish(plant)
    shutil.copytree(folder, tmp_path / "copy")
    grow(plant, 500)
    publish(plant)
    for copy in (None, tmp_path / "copy"):
        shutil.rmtree(folder)
        if copy is not None:
            shutil.copytree(copy, folder)
        grow(plant, more)
        plant.services.publisher.publish(LEDGER)
        assert plant.services.fsck.report(LEDGER).is_sound
        assert plant.services.receipts.receipt(LEDGER, 300).proof.hashes


def test_a_tile_with_other_bytes_is_a_fork_and_is_left_as_it_is(plant: Plant) -> None:
    publish(plant)
    grow(plant, 1)
    taken = plant.settings.data_dir / "logs" / LEDGER / "tile" / "0" / "000.p" / "3"
    taken.write_bytes(bytes(96))
    with pytest.raises(ForkDetected, match="is on the disk with other bytes"):
        plant.services.publisher.publish(LEDGER)
    assert taken.read_bytes() == bytes(96)


@pytest.mark.parametrize(("old", "new"), [(-1, 2), (3, 2), (0, 4)])
def test_consistency_stays_within_what_is_published(plant: Plant, old: int, new: int) -> None:
    publish(plant)
    grow(plant, 1)
    with pytest.raises(ServiceError, match="consistency needs"):
        plant.services.checkpoints.consistency_proof(LEDGER, old, new)


@pytest.mark.parametrize("path", ["tile/0/000.p/3", "tile/0/001", "tile/0/../0/000", "tile/9/000", "checkpoint"])
def test_a_tile_that_is_not_published_is_not_found(plant: Plant, path: str) -> None:
    publish(plant)
    grow(plant, 1)
    # A publication that did not come to its end leaves such a file.
    (plant.settings.data_dir / "logs" / LEDGER / "tile" / "0" / "000.p" / "3").write_bytes(bytes(96))
    with pytest.raises(NotFound):
        plant.services.checkpoints.tile(LEDGER, path)


def test_the_reader_of_an_older_size_is_served_from_longer_tiles(plant: Plant) -> None:
    publish(plant)
    grow(plant, 300)
    publish(plant)
    exact = plant.services.checkpoints.tile(LEDGER, "tile/0/000.p/2")
    for level in ("0", "entries"):
        shutil.rmtree(plant.settings.data_dir / "logs" / LEDGER / "tile" / level / "000.p")
    assert plant.services.checkpoints.tile(LEDGER, "tile/0/000.p/2") == exact
    bundle = plant.services.checkpoints.tile(LEDGER, "tile/entries/000.p/2")
    assert bundle == plant.services.checkpoints.tile(LEDGER, "tile/entries/000")[: len(bundle)]
