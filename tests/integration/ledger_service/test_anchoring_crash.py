"""Anchoring on the embedded chain, broken at every single statement, with a new process behind each break."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.anchored import breaks_and_recovers
from tests.fakes.plant import LEDGER, Plant


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_anchoring_breaks_at_every_statement_and_has_one_effect(tmp_path: Path, persisted: bool) -> None:
    plant = Plant(tmp_path / "data")
    plant.services.publisher.publish(LEDGER)
    plant.services.anchoring.run_once(LEDGER)
    breaks_and_recovers(plant, range(1, 200), persisted, reopen=True)
    plant.services.close()
