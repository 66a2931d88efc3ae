"""A plant whose registry is deployed, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fakes.plant import LEDGER, Plant


@pytest.fixture(scope="module")
def chain_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose registry is deployed and holds one anchor: deploying takes longer than all the rest."""
    plant = Plant(tmp_path_factory.mktemp("chain") / "data", open_loopback=True)
    plant.services.publisher.publish(LEDGER)
    plant.services.anchoring.run_once(LEDGER)
    plant.services.close()
    return plant.settings.data_dir


@pytest.fixture
def anchored(chain_made: Path, plant: Plant) -> Plant:
    """The plant, its entries 0 and 1 anchored as number 1."""
    plant.services.close()
    shutil.rmtree(plant.settings.data_dir)
    shutil.copytree(chain_made, plant.settings.data_dir)
    return plant.reopen()
