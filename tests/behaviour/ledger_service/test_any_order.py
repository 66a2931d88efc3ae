"""Whatever arrives in whatever order, with repetitions, key changes and a clock that jumps: the ledger is whole."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.keys import SigningKey
from ledger_service.errors import NotFound, Refused
from ledger_service.statements.model import Sequenced
from tests.fakes.check_ledger import check_ledger
from tests.fakes.plant import DEVICE, LEDGER, Plant

KEYS = (DEVICE, *(SigningKey.from_seed(bytes(31) + bytes([n])) for n in (21, 22)))

STATEMENT = st.tuples(st.just("statement"), st.integers(0, 2), st.integers(0, 3))
AGAIN = st.tuples(st.just("again"), st.integers(0, 50), st.just(0))
BATCH = st.tuples(st.just("batch"), st.lists(STATEMENT | AGAIN, max_size=8), st.just(0))
CLOCK = st.tuples(st.just("clock"), st.integers(-200, 200), st.just(0))
KEY = st.tuples(st.sampled_from(["enrol", "revoke", "compromise"]), st.integers(0, 2), st.integers(0, 300))


@settings(max_examples=15)
@given(st.lists(BATCH | CLOCK | KEY, max_size=12))
def test_the_ledger_is_whole_after_any_sequence_of_events(events: list[tuple[str, Any, int]]) -> None:
    with TemporaryDirectory() as folder:
        plant = Plant(Path(folder) / "data")
        sent: list[str] = []
        answers: dict[str, Sequenced] = {}
        for kind, what, extra in events:
            if kind == "batch":
                submit(plant, what, sent, answers)
            elif kind == "clock":
                plant.clock.advance(seconds=what)
            else:
                change_key(plant, kind, what, extra)
        assert check_ledger(plant.services.engine, LEDGER) == plant.services.entries.size(LEDGER)
        plant.services.close()


def submit(plant: Plant, parts: list[tuple[str, int, int]], sent: list[str], answers: dict[str, Sequenced]) -> None:
    compacts = []
    for kind, which, stream in parts:
        if kind == "again" and sent:
            compacts.append(sent[which % len(sent)])
        else:
            compacts.append(plant.statement(KEYS[which % 3], subject=f"loading_operation/LO-{stream}"))
    sent += compacts
    for compact, outcome in zip(compacts, plant.submit(*compacts), strict=True):
        if isinstance(outcome, Sequenced):
            assert outcome.again() == answers.setdefault(compact, outcome.again()), "another answer to the same bytes"
        else:
            assert compact not in answers, "refused what was taken before"


def change_key(plant: Plant, kind: str, which: int, ago: int) -> None:
    keys, key = plant.services.keys, KEYS[which]
    # Most changes do not fit the key's state, and are refused: that is part of the game.
    with suppress(NotFound, Refused):
        if kind == "enrol":
            keys.enrol(LEDGER, key.public, f"Device {which}", "device")
        elif kind == "revoke":
            keys.revoke(LEDGER, key.kid)
        else:
            keys.compromise(LEDGER, key.kid, plant.clock.now() - timedelta(seconds=ago))
