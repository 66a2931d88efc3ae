"""One world per test on each of the three chains; the Anvil process is shared, its ledgers are not."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchors.evm.anvil import FUNDED_KEY, find_anvil, running_anvil
from anchors.model import AnchorTarget
from tests.behaviour.anchors.worlds import AnvilBackend, EmbeddedBackend, FakeBackend, MakeWorld, World
from tests.fakes.clock import FakeClock
from tests.support import REPOSITORY


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AnchorTarget]:
    """File of an embedded chain with a registry, to be copied, and the registry."""
    path = tmp_path_factory.mktemp("chain") / "embedded.sqlite"
    backend = EmbeddedBackend(path, FakeClock())
    backend.node.close()
    return path, backend.target


@pytest.fixture(scope="session")
def anvil() -> Iterator[AnvilBackend]:
    """An Anvil process with a registry; skips with the reason where the binary is absent."""
    binary = find_anvil(REPOSITORY)
    if binary is None:
        pytest.skip("needs anvil: `npm ci` in contracts/, or an anvil on the search path")
    with running_anvil(binary) as url:
        yield AnvilBackend(url, FUNDED_KEY)


@pytest.fixture
def embedded(deployed: tuple[Path, AnchorTarget], clock: FakeClock, tmp_path: Path) -> Iterator[EmbeddedBackend]:
    """A copy of the deployed chain, so that tests do not see each other's blocks."""
    path, target = deployed
    backend = EmbeddedBackend(Path(shutil.copy(path, tmp_path)), clock, target)
    yield backend
    backend.node.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["fake", "embedded", "anvil"])
def make_world(request: pytest.FixtureRequest, clock: FakeClock) -> MakeWorld:
    """Makes worlds with an untouched ledger each, on each kind of chain."""
    count = itertools.count()
    # The fake is cheap and proves one ledger at a time: a new one for each world. The others are shared.
    shared = None if request.param == "fake" else request.getfixturevalue(request.param)

    def make() -> World:
        origin = f"ledger.example.com/{request.node.name}/{next(count)}"
        return World(shared or FakeBackend(clock), origin, clock)

    return make


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world()
