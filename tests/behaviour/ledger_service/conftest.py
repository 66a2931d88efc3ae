"""One small plant for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.fakes.plant import Plant


@pytest.fixture(autouse=True)
def _logs_of_the_process() -> Iterator[None]:
    """Programs set up logging for their whole process; a test that runs one in here must not quieten the next."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    made = Plant(tmp_path / "data", open_loopback=True)
    yield made
    made.services.close()
