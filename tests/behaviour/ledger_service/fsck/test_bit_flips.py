"""One bit, anywhere: every column of every table, every kind of file. fsck names the place each time."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from evidence.entry import parse_entry
from evidence.hashing import sha256
from evidence.statement import parse_disclosure
from ledger_service.config import Settings
from ledger_service.fsck import service
from ledger_service.fsck.chain import check_embedded_chain
from ledger_service.fsck.model import Finding, Findings, FsckReport, Severity
from ledger_service.fsck.published import check_checkpoints
from ledger_service.fsck.service import FsckService
from ledger_service.kit.db import make_engine
from ledger_service.models import JUDGEMENT_POSITION, METADATA, disclosures
from ledger_service.privacy.disclosures import read_disclosures
from tests.fakes.filled import ERASED_IDX, filled_plant
from tests.fakes.plant import LEDGER, Plant

COLUMNS = [(table.name, column.name) for table in METADATA.sorted_tables for column in table.columns] + [
    ("alembic_version", "version_num")
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with something in every table and every kind of file."""
    return filled_plant(tmp_path_factory.mktemp("filled") / "data")


@pytest.fixture
def copy(filled: Path, tmp_path: Path) -> Path:
    shutil.copytree(filled, tmp_path / "data")
    return tmp_path / "data"


def fsck(data_dir: Path) -> FsckReport:
    engine = make_engine(Settings(data_dir=data_dir))
    try:
        return FsckService(engine, data_dir).report(LEDGER)
    finally:
        engine.dispose()


def errors(report: FsckReport) -> list[Finding]:
    return [item for item in report.findings if item.severity is Severity.ERROR]


def test_an_untouched_folder_is_sound(copy: Path) -> None:
    report = fsck(copy)
    assert report.findings == ()
    assert report.entries > 10
    assert report.files == 10


def test_a_key_file_that_others_may_read_is_a_warning(copy: Path) -> None:
    (copy / "keys" / LEDGER / "log.key").chmod(0o640)
    (copy / "keys" / LEDGER / "stream.key").chmod(0o604)
    report = fsck(copy)
    assert report.is_sound
    assert [(item.severity, item.code, item.where) for item in report.findings] == [
        (Severity.WARNING, "key-mode", f"keys/{LEDGER}/{name}.key") for name in ("log", "stream")
    ]


def test_every_table_has_a_row_to_flip(filled: Path) -> None:
    with closing(sqlite3.connect(filled / "ledger.sqlite")) as database:
        empty = [name for name in METADATA.tables if not database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]]
    assert empty == []


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda item: str(item))
def test_a_flipped_bit_in_a_column_is_named(filled: Path, tmp_path: Path, table: str, column: str) -> None:
    for number in range(flippable(filled, table, column)):
        work = beside(filled, tmp_path / f"flipped-{number}")
        key = flip(work / "ledger.sqlite", table, column, number)
        found = errors(fsck(work))
        assert found, f"{table}.{column} of row {key}"
        assert any(table in item.where or key in item.where for item in found), [item.where for item in found]


def beside(filled: Path, work: Path) -> Path:
    """A folder with its own database and the files of `filled`; without the chain, which has a test of its own."""
    work.mkdir()
    shutil.copy(filled / "ledger.sqlite", work / "ledger.sqlite")
    for name in ("keys", "blobs", "logs"):
        (work / name).symlink_to(filled / name)
    return work


def flippable(data_dir: Path, table: str, column: str) -> int:
    """How many rows to try: the first and the last, where the column has a value."""
    with closing(sqlite3.connect(data_dir / "ledger.sqlite")) as database:
        query = f"SELECT count(*) FROM {table} WHERE {column} IS NOT NULL"
        return min(2, int(database.execute(query).fetchone()[0]))


def flip(path: Path, table: str, column: str, number: int) -> str:
    """Flip one bit of one value behind every trigger's back; returns the row's first key for the message."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        triggers = database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
        ).fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        keys = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[5]] or ["rowid"]
        names = ", ".join(keys)
        rows = database.execute(
            f"SELECT {column}, {names} FROM {table} WHERE {column} IS NOT NULL ORDER BY {names}"
        ).fetchall()
        row = rows[-number]
        where = " AND ".join(f"{name} = ?" for name in keys)
        for bit in range(7):
            try:
                values = (flipped(row[0], number, bit), *row[1:])
                database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", values)
                break
            except sqlite3.IntegrityError:  # The flip makes two equal keys: a disk would not ask, SQLite does.
                continue
        else:
            raise AssertionError("no bit of this key can be flipped")
        for _, sql in triggers:
            database.execute(sql)
        database.commit()
        return str(row[1])


def flipped(value: Any, number: int, bit: int) -> Any:
    """The same value with one bit changed, in another place for each number."""
    if isinstance(value, int):
        return value ^ 1 << (7 * number + 3 * bit)
    at = (len(value) // 2, len(value) - 1)[number]
    if isinstance(value, str):
        return value[:at] + chr(ord(value[at]) ^ 1 << bit) + value[at + 1 :]
    return value[:at] + bytes([value[at] ^ 1 << (2 * number + bit) % 8]) + value[at + 1 :]


def test_a_flipped_bit_in_the_database_file_is_found_or_lies_in_unused_space(filled: Path, tmp_path: Path) -> None:
    """Bits of the file itself, not of its values: page headers, cell pointers, indices, and what no row uses."""
    work = beside(filled, tmp_path / "work")
    database = work / "ledger.sqlite"
    whole = database.read_bytes()
    before = contents(database)
    for at in range(17, len(whole), len(whole) // 40):
        database.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        try:
            found = errors(fsck(work))
        except DBAPIError:
            continue  # It cannot even be opened: that, too, nobody overlooks.
        assert found or contents(database) == before, f"byte {at}"
        for suffix in ("-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)


def contents(database: Path) -> list[list[Any]]:
    """Every row of every table."""
    with closing(sqlite3.connect(database)) as connection:
        return [connection.execute(f"SELECT * FROM {name}").fetchall() for name in sorted(METADATA.tables)]


def files(data_dir: Path) -> Iterator[Path]:
    """Every file but the databases, whose rows are flipped above."""
    for path in sorted(data_dir.rglob("*")):
        if path.is_file() and ".sqlite" not in path.name:
            yield path.relative_to(data_dir)


def test_a_flipped_bit_in_a_file_is_named(copy: Path) -> None:
    seen = set()
    for name in files(copy):
        path = copy / name
        data = path.read_bytes()
        middle = len(data) // 2
        for at in {0, middle, len(data) - 1} if name.parts[0] == "keys" else {middle}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            found = errors(fsck(copy))
            assert any(str(name) in item.where for item in found), f"{name}, byte {at}: {[i.where for i in found]}"
        path.write_bytes(data)
        seen.add(name.parts[0])
    assert seen == {"keys", "blobs", "logs"}
    assert errors(fsck(copy)) == []


def test_a_missing_file_is_named(copy: Path) -> None:
    for name in files(copy):
        data = (copy / name).read_bytes()
        (copy / name).unlink()
        if ".p/" in str(name) and (copy / str(name).partition(".p/")[0]).exists():
            continue  # A full tile stands for the partial ones before it (tlog-tiles).
        found = fsck(copy).findings
        assert any(str(name.parent) in item.where for item in found), f"{name}: {[item.where for item in found]}"
        (copy / name).write_bytes(data)


def test_every_record_of_the_embedded_chain_is_checked(copy: Path) -> None:
    chain = copy / "chain" / "embedded.sqlite"
    with closing(sqlite3.connect(chain)) as database:
        records = database.execute("SELECT k, v FROM kv ORDER BY k").fetchall()
    assert len(records) > 30
    for at, (key, value) in enumerate(records):
        # Key and value in turn: a fsck for each of both would only double the time.
        target, data = ("v", value) if at % 2 else ("k", key)
        if not data:
            continue
        spoiled = data[:-1] + bytes([data[-1] ^ 64])
        with closing(sqlite3.connect(chain)) as database:
            database.execute(f"UPDATE kv SET {target} = ? WHERE k = ?", (spoiled, key))
            database.commit()
        assert any(item.where.startswith("chain/embedded.sqlite") for item in chain_errors(chain)), key
        with closing(sqlite3.connect(chain)) as database:
            back = (data, spoiled) if target == "k" else (data, key)
            database.execute(f"UPDATE kv SET {target} = ? WHERE k = ?", back)
            database.commit()
    assert chain_errors(chain) == []


def chain_errors(chain: Path) -> list[Finding]:
    found = Findings()
    check_embedded_chain(chain, "chain/embedded.sqlite", found)
    return found.items


@pytest.mark.parametrize("trigger", ["entries_no_update", "disclosures_no_delete", "checkpoints_no_delete"])
def test_a_dropped_trigger_is_named(copy: Path, trigger: str) -> None:
    with closing(sqlite3.connect(copy / "ledger.sqlite")) as database:
        database.execute(f"DROP TRIGGER {trigger}")
        database.commit()
    assert [item.where for item in errors(fsck(copy))] == [f"schema.{trigger}"]


def test_a_removed_last_entry_is_noticed_by_its_projections(copy: Path) -> None:
    with closing(sqlite3.connect(copy / "ledger.sqlite")) as database:
        for name, sql in database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
            del sql
        newest = database.execute("SELECT max(idx) FROM entries").fetchone()[0]
        database.execute("DELETE FROM disclosures WHERE idx = ?", (newest,))
        database.execute("DELETE FROM entries WHERE idx = ?", (newest,))
        database.commit()
    assert "stream_heads" in " ".join(item.where for item in errors(fsck(copy)))


def test_a_disclosure_that_vanished_without_an_erasure_is_named(copy: Path) -> None:
    with closing(sqlite3.connect(copy / "ledger.sqlite")) as database:
        database.execute("UPDATE disclosures SET sealed = NULL, erased_by_idx = 1 WHERE idx = 5 AND position = 0")
        database.commit()
    assert any(item.code == "erasure" for item in errors(fsck(copy)))


def test_a_required_disclosure_whose_row_was_taken_out_with_care_is_named(copy: Path) -> None:
    # The digest of the submitted statement vouches for all disclosures, but no signature vouches for that digest.
    path = copy / "ledger.sqlite"
    rows = texts_of(copy, 5)
    subject = next(at for at, text in enumerate(rows) if parse_disclosure(text)[0] == "subject")
    kept = rows[:subject]
    with closing(sqlite3.connect(path)) as database, database:
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM disclosures WHERE idx = 5 AND position BETWEEN ? AND 255", [subject])
        (entry,) = database.execute("SELECT entry_bytes FROM entries WHERE idx = 5").fetchone()
        compact = "~".join([parse_entry(entry).statement.jwt, *kept, ""])
        database.execute("UPDATE entries SET statement_digest = ? WHERE idx = 5", [sha256(compact.encode())])
        for _, sql in triggers:
            database.execute(sql)
    # The subject of the record is gone as well as the person it names, so a link is left over.
    assert "disclosures[demo,5]" in [item.where for item in errors(fsck(copy))]


def texts_of(data_dir: Path, index: int) -> list[str]:
    """The disclosures of an entry, in order."""
    engine = make_engine(Settings(data_dir=data_dir))
    try:
        with engine.connect() as connection:
            found = read_disclosures(
                connection, LEDGER, disclosures.c.idx == index, disclosures.c.position < JUDGEMENT_POSITION
            )
            return [item.text or "" for item in found]
    finally:
        engine.dispose()


def test_a_signed_transaction_that_vanished_is_named(copy: Path) -> None:
    with closing(sqlite3.connect(copy / "ledger.sqlite")) as connection, connection:
        connection.execute("DELETE FROM anchor_attempts WHERE seq = 1")
    assert ("anchor-attempt", "anchors[demo,embedded,1].tx_hash") in [
        (item.code, item.where) for item in errors(fsck(copy))
    ]


def test_a_lawful_erasure_is_sound(copy: Path) -> None:
    with closing(sqlite3.connect(copy / "ledger.sqlite")) as database:
        erased = database.execute("SELECT DISTINCT idx FROM disclosures WHERE sealed IS NULL").fetchall()
    assert erased == [(ERASED_IDX,)]
    assert errors(fsck(copy)) == []


def test_strays_and_leftovers_are_warnings_and_leave_the_ledger_sound(copy: Path) -> None:
    (copy / "logs" / LEDGER / "notes.txt").write_text("by hand")
    (copy / "blobs" / "incoming").mkdir(exist_ok=True)
    (copy / "blobs" / "incoming" / "0123").write_text("half an upload")
    (copy / "logs" / LEDGER / ".staging-1-aa").mkdir()
    (copy / "logs" / LEDGER / ".staging-1-aa" / "0").write_text("half a tile")
    report = fsck(copy)
    assert report.is_sound
    assert sorted(item.code for item in report.findings) == ["leftover", "stray-file", "stray-file"]


def test_findings_never_carry_payload_values(copy: Path) -> None:
    with closing(sqlite3.connect(copy / "ledger.sqlite")) as database:
        database.execute("DROP TRIGGER disclosures_no_update")
        database.execute("UPDATE disclosures SET sealed = CAST('c2VjcmV0' AS BLOB) WHERE idx = 5")
        database.commit()
    assert "c2VjcmV0" not in " ".join(f"{item.where} {item.detail}" for item in fsck(copy).findings)


def test_a_publication_during_the_check_is_no_damage(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant.services.publisher.publish(LEDGER)
    real = check_checkpoints

    def publishes_first(*arguments: Any) -> Any:
        monkeypatch.setattr(service, "check_checkpoints", real)
        rows = real(*arguments)
        plant.submit(plant.statement())
        plant.services.publisher.publish(LEDGER)
        return rows

    monkeypatch.setattr(service, "check_checkpoints", publishes_first)
    assert plant.services.fsck.report(LEDGER).is_sound
    assert plant.services.checkpoints.newest(LEDGER).size == 3
