"""When the master key or its service is away for a moment: nothing is judged without what it keeps or lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import pytest

from evidence.records.judgement import Outcome
from ledger_service.errors import RetryLater, ServiceError
from ledger_service.privacy.errors import MasterKeyMissing
from ledger_service.privacy.master import KmsMasterKey
from ledger_service.privacy.vault import Vault, vault_at
from tests.behaviour.ledger_service.privacy.people import LI, NAME, OTHER_NAME, ZHANG, add, populate, training
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.site import DRIVER, Site


class Away:
    """A key service that answers when it is reachable."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def encrypt(self, key_id: str, plaintext: bytes, context: bytes) -> bytes:
        if self.error is not None:
            raise self.error
        return plaintext

    def decrypt(self, key_id: str, ciphertext: bytes, context: bytes) -> bytes:
        if self.error is not None:
            raise self.error
        return ciphertext


@pytest.mark.parametrize("error", [TimeoutError("slow"), ConnectionResetError("gone")])
def test_a_key_service_that_does_not_answer_is_asked_again_later(error: Exception) -> None:
    key = KmsMasterKey(Away(error), "ledger-master")
    with pytest.raises(RetryLater):
        key.wrap(bytes(32), b"context")
    with pytest.raises(RetryLater):
        key.unwrap("ledger-master", bytes(32), b"context")


MOST_STEPS = 60
AWAY = [MasterKeyMissing("away"), RetryLater("slow"), TimeoutError("slow")]


@pytest.mark.parametrize("error", AWAY)
def test_no_judgement_is_frozen_on_what_could_not_be_opened_for_a_moment(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    plant.clock.advance(days=1)
    site = Site(plant)
    site.train(DRIVER)
    site.certify()
    size = plant.services.entries.size(LEDGER)
    for step in range(MOST_STEPS):
        plant.services.judge.forget(LEDGER)
        at_step = FailingAt(Vault.cipher, step, error)
        with monkeypatch.context() as patched, suppress(type(error)):
            # The rules of the step ask for the driver, whose records are opened while they do.
            patched.setattr(Vault, "cipher", lambda *args, at_step=at_step: at_step.call(*args))
            site.papers()
        if not at_step.failed:
            break
        assert plant.services.entries.size(LEDGER) == size, "the failure was taken for a fact"
    assert 3 < step < MOST_STEPS - 1
    assert plant.services.entries.size(LEDGER) == size + 2


class FailingAt:
    """A function that fails at one of its calls."""

    def __init__(self, function: Callable[..., Any], step: int, error: Exception) -> None:
        self.failed = False
        self._function, self._left, self._error = function, step, error

    def call(self, *args: Any) -> Any:
        self._left -= 1
        if self._left == -1:
            self.failed = True
            raise self._error
        return self._function(*args)


def test_one_damaged_field_keeps_no_record_out_of_the_log(plant: Plant) -> None:
    populate(plant)
    plant.services.close()
    with closing(sqlite3.connect(plant.settings.data_dir / "ledger.sqlite")) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("UPDATE disclosures SET sealed = zeroblob(60) WHERE idx = 2 AND position = 2")
        connection.commit()
    plant.reopen()
    vault_at(plant.services.engine).forget()
    hurt = add(plant, "training_record", training(ZHANG, NAME, attempt_no=2))
    assert hurt.judgement is not None
    assert Outcome.UNKNOWN in {item.outcome for item in hurt.judgement.results}
    other = add(plant, "training_record", training(LI, OTHER_NAME, attempt_no=9))
    assert other.judgement is not None
    assert Outcome.UNKNOWN not in {item.outcome for item in other.judgement.results}
    with pytest.raises(ServiceError):
        plant.services.entries.get(LEDGER, 2)
