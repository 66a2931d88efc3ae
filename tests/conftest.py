"""Rules for every lane: the marker comes from the folder, and where everything is required nothing may skip.

- A test in `tests/<lane>/` carries the marker `<lane>`; another folder is an error, so that no test runs unseen.
- `SAFETY_LEDGER_REQUIRE_ALL=1` or `CI=true` turns every skip into a failure: a missing tool must not look like a pass.
- Vectors published by others lie beside the repository in `../shared/vectors`. Where they are absent their tests skip,
  except under CI, which provides them.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import IN_CI, SHARED_ABSENT, shared_vectors_root

TESTS = Path(__file__).parent
LANES = ("unit", "behaviour", "integration", "conformance", "e2e", "architecture")
REQUIRE_ALL = IN_CI or os.environ.get("SAFETY_LEDGER_REQUIRE_ALL") == "1"

# One run is like the next: no example depends on the machine, the time or an earlier run.
settings.register_profile("house", derandomize=True, database=None, deadline=None, max_examples=50)
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the lane of its folder."""
    for item in items:
        lane = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else "outside tests/"
        if lane not in LANES:
            raise pytest.UsageError(f"{item.nodeid}: {lane} is no lane; known are {', '.join(LANES)}")
        item.add_marker(lane)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of one test into a failure where everything is required."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _may_not_skip(report.longrepr):
        report.outcome, report.longrepr = "failed", f"everything is required here, but: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure where everything is required."""
    report = yield
    if report.skipped and _may_not_skip(report.longrepr):
        report.outcome, report.longrepr = "failed", f"everything is required here, but: {_reason(report.longrepr)}"
    return report


def _may_not_skip(longrepr: object) -> bool:
    return REQUIRE_ALL and (IN_CI or SHARED_ABSENT not in _reason(longrepr))


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)


@pytest.fixture(scope="session")
def shared_vectors() -> Path:
    """Folder of the published vectors; skips with the reason where it is absent."""
    root = shared_vectors_root()
    if root is None:
        pytest.skip(SHARED_ABSENT)
    return root
