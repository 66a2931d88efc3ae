"""Sealing and opening, and master keys: what is bound to what, and what an interrupted rotation leaves."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_service.errors import StorageCorrupt
from ledger_service.fsck.model import Severity
from ledger_service.kit.db import read, write
from ledger_service.privacy import data_keys, rotation
from ledger_service.privacy.data_keys import DataKey
from ledger_service.privacy.errors import MasterKeyMismatch, MasterKeyMissing, SealBroken
from ledger_service.privacy.master import FileMasterKey, KmsMasterKey, master_id
from ledger_service.privacy.vault import Sealable, Vault, _bound, ledger_holder
from tests.behaviour.ledger_service.privacy.people import NAME, ZHANG, add, populate, training
from tests.fakes.check_ledger import check_ledger
from tests.fakes.kms import FakeKms
from tests.fakes.plant import LEDGER, Plant, counted_random

KEY = DataKey("demo", 1, "stream", "kms-1", b"", 0)


def kms_vault() -> tuple[Vault, DataKey]:
    """A vault under a key management service, and a data key of it."""
    vault = Vault(KmsMasterKey(FakeKms("kms-1"), "kms-1"), counted_random("vault"))
    master, wrapped = vault.master.wrap(bytes(range(32)), KEY.context)
    return vault, replace(KEY, master=master, wrapped=wrapped)


class Place(NamedTuple):
    """Where a disclosure stands."""

    ledger: str = "demo"
    entry: int = 1
    position: int = 2
    digest: str = "digest"
    number: int = 1


def sealed_by(vault: Vault, key: DataKey, place: Place, text: str) -> bytes:
    """What `Vault.seal` stores, through the vault's own cipher."""
    return vault.seal_value(key, text.encode("ascii"), _bound(*place))


TEXTS = st.text(st.characters(codec="ascii"), max_size=300)


@given(text=TEXTS, index=st.integers(0, 2**53 - 1), position=st.integers(0, 256))
def test_what_is_sealed_opens_at_its_place_and_nowhere_else(text: str, index: int, position: int) -> None:
    vault, key = kms_vault()
    cipher, place = vault.cipher(key), Place(entry=index, position=position)
    sealed = sealed_by(vault, key, place, text)
    assert vault.open(cipher, *place, sealed) == text
    moved = (
        place._replace(entry=index + 1),
        place._replace(position=position + 1),
        place._replace(digest="digesu"),
        place._replace(ledger="demp"),
        place._replace(number=2),
    )
    for other in moved:
        with pytest.raises(SealBroken):
            vault.open(cipher, *other, sealed)


@given(text=TEXTS, at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_of_a_sealed_value_is_noticed(text: str, at: int, bit: int) -> None:
    vault, key = kms_vault()
    sealed = bytearray(sealed_by(vault, key, Place(), text))
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(SealBroken):
        vault.open(vault.cipher(key), *Place(), bytes(sealed))


@given(cut=st.integers(0, 28))
def test_what_was_cut_short_is_noticed(cut: int) -> None:
    vault, key = kms_vault()
    with pytest.raises(SealBroken):
        vault.open(vault.cipher(key), *Place(), sealed_by(vault, key, Place(), "")[:cut])


def test_a_wrapped_key_opens_in_its_own_row_only() -> None:
    vault, key = kms_vault()
    for other in (replace(key, number=2), replace(key, holder="another"), replace(key, ledger="other")):
        with pytest.raises(SealBroken):
            vault.cipher(other)


def test_a_ledger_key_serves_no_more_than_2_to_the_20_entries() -> None:
    assert ledger_holder(2**20 - 1) == ledger_holder(0)
    assert ledger_holder(2**20) != ledger_holder(0)


def test_two_disclosures_of_one_text_look_different(plant: Plant) -> None:
    vault, items = plant_vault(plant), [Sealable(1, at, "digest", "the same", "") for at in range(2)]
    with write(plant.services.engine) as connection:
        first, second = vault.seal(connection, LEDGER, items)
    assert first[-1][13:21] != second[-1][13:21]


def test_a_key_made_by_a_transaction_that_failed_is_not_used_again(plant: Plant) -> None:
    vault, item = plant_vault(plant), Sealable(1, 0, "digest", "text", "x" * 43)
    with suppress(ZeroDivisionError), write(plant.services.engine) as connection:
        vault.seal(connection, LEDGER, [item])
        raise ZeroDivisionError
    with write(plant.services.engine) as connection:
        row = vault.seal(connection, LEDGER, [replace(item, holder="y" * 43)])[0]
    with read(plant.services.engine) as connection:
        assert data_keys.live(connection, LEDGER, ["x" * 43, "y" * 43])["y" * 43].number == row[4]
        assert "x" * 43 not in data_keys.live(connection, LEDGER, ["x" * 43])


def plant_vault(plant: Plant) -> Vault:
    return Vault(FileMasterKey(plant.settings.data_dir), plant.random)


def test_a_key_management_service_without_the_key_is_a_clear_error() -> None:
    _, key = kms_vault()
    with pytest.raises(MasterKeyMismatch, match="kms-1"):
        Vault(KmsMasterKey(FakeKms("kms-2"), "kms-2")).cipher(key)


def another_master(plant: Plant) -> None:
    path = plant.settings.data_dir / "keys" / "master.key"
    path.unlink()
    FileMasterKey(plant.settings.data_dir, counted_random("another")).create()


def test_under_a_wrong_master_key_nothing_is_read_or_stored_and_nothing_lost(plant: Plant) -> None:
    populate(plant)
    plant.services.close()
    path = plant.settings.data_dir / "keys" / "master.key"
    right = path.read_bytes()
    another_master(plant)
    plant.reopen()
    size = plant.services.entries.size(LEDGER)
    with pytest.raises(MasterKeyMismatch) as caught:
        plant.services.entries.get(LEDGER, 2)
    assert "master.key" in str(caught.value)
    with pytest.raises(StorageCorrupt):
        add(plant, "training_record", training("person/E-0900", "Wang"))
    assert plant.services.entries.size(LEDGER) == size
    found = plant.services.fsck.report(LEDGER).findings
    assert "keys/master.key" in {item.where for item in found}
    path.write_bytes(right)
    plant.reopen()
    assert plant.services.entries.get(LEDGER, 2).payload["person_name"] == NAME
    assert plant.services.fsck.report(LEDGER).findings == ()


def test_a_missing_master_key_is_never_made_anew(plant: Plant) -> None:
    populate(plant)
    path = plant.settings.data_dir / "keys" / "master.key"
    kept = path.rename(path.with_suffix(".away"))
    plant.reopen()
    with pytest.raises(MasterKeyMissing):
        plant.services.entries.get(LEDGER, 2)
    with pytest.raises(MasterKeyMissing):
        add(plant, "training_record", training("person/E-0900", "Wang"))
    assert not path.exists()
    kept.rename(path)
    check_ledger(plant.reopen().services.engine, LEDGER)


def rotate(plant: Plant) -> int:
    return rotation.rotate_file(plant.services.engine, FileMasterKey(plant.settings.data_dir, plant.random))


def test_after_a_rotation_the_old_master_key_opens_nothing(plant: Plant) -> None:
    populate(plant)
    path = plant.settings.data_dir / "keys" / "master.key"
    old = path.read_bytes()
    assert rotate(plant) > 3
    assert path.read_bytes() != old
    check_ledger(plant.reopen().services.engine, LEDGER)
    assert plant.services.fsck.report(LEDGER).findings == ()
    path.write_bytes(old)
    with pytest.raises(MasterKeyMismatch):
        plant.reopen().services.entries.get(LEDGER, 2)


def test_a_service_that_runs_meanwhile_wraps_under_the_new_master_key(plant: Plant) -> None:
    populate(plant)
    from ledger_service.kit.db import make_engine

    other = make_engine(plant.settings)
    rotation.rotate_file(other, FileMasterKey(plant.settings.data_dir, counted_random("rotation")))
    other.dispose()
    add(plant, "training_record", training("person/E-0900", "Wang"))
    check_ledger(plant.reopen().services.engine, LEDGER)
    assert plant.services.fsck.report(LEDGER).findings == ()


STEPS = ("link", "fsync", "replace", "open")


@pytest.mark.parametrize("call", STEPS)
@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_a_rotation_interrupted_at_any_file_step_loses_nothing_and_goes_on(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, persisted: bool
) -> None:
    populate(plant)
    plant.services.close()
    original = tmp_path / "original"
    shutil.copytree(plant.settings.data_dir, original)
    real = getattr(os, call)
    for step in range(1, 30):
        shutil.rmtree(plant.settings.data_dir)
        shutil.copytree(original, plant.settings.data_dir)
        plant.reopen()
        seen = 0

        def broken(*arguments: object, step: int = step, **named: object) -> object:
            nonlocal seen
            seen += 1
            result = real(*arguments, **named) if seen != step or persisted else None
            if seen == step:
                raise OSError("power cut")
            return result

        with monkeypatch.context() as patch:
            patch.setattr(os, call, broken)
            with suppress(OSError):
                rotate(plant)
        interrupted = seen >= step
        add(plant.reopen(), "training_record", training("person/E-0900", "Wang", attempt_no=2))
        assert plant.services.entries.get(LEDGER, 2).payload["person_name"] == NAME
        assert not [item for item in plant.services.fsck.report(LEDGER).findings if item.severity is Severity.ERROR]
        rotate(plant)
        check_ledger(plant.reopen().services.engine, LEDGER)
        assert plant.services.fsck.report(LEDGER).findings == ()
        if not interrupted:
            return
    raise AssertionError("more steps than a rotation takes")


def test_a_rotation_interrupted_in_the_database_goes_on(plant: Plant) -> None:
    populate(plant)
    master = FileMasterKey(plant.settings.data_dir, plant.random)
    master.begin_rotation()
    with suppress(ZeroDivisionError), write(plant.services.engine) as connection:
        key = next(data_keys.all_live(connection))
        name, wrapped = master.wrap(master.unwrap(key.master, key.wrapped, key.context), key.context)
        data_keys.rewrap(connection, key, name, wrapped)
        raise ZeroDivisionError
    assert plant.reopen().services.entries.get(LEDGER, 2).payload["person_name"] == NAME
    assert rotate(plant) > 3
    assert plant.services.fsck.report(LEDGER).findings == ()


def test_the_name_of_a_master_key_does_not_tell_it() -> None:
    assert len(master_id(bytes(32))) == 16
    assert master_id(bytes(32)) != master_id(bytes(31) + b"\x01")


def test_another_subject_has_another_key(plant: Plant) -> None:
    populate(plant)
    with read(plant.services.engine) as connection:
        keys = [key.holder for key in data_keys.all_live(connection)]
    assert plant.services.entries.stream_of(LEDGER, ZHANG) in keys
    assert len(set(keys)) == len(keys) >= 4
