"""A demo that ran once for all tests of this lane, in whichever worker they are."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SMALL_PERCENT = 5


class Demo:
    """The folders of a demo and what its runs said."""

    def __init__(self, root: Path) -> None:
        self.output, self.data, self._said = root / "demo-output", root / "demo-data", root / "said"

    def run(self, percent: int, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the demo as a user does, in a process of its own."""
        command = [sys.executable, "-m", "ledger_service.demo", "--output", str(self.output), "--percent", str(percent)]
        return subprocess.run([*command, *options], capture_output=True, text=True, timeout=300, check=False)

    @property
    def facts(self) -> dict[str, Any]:
        """What `--json` said last."""
        facts: dict[str, Any] = json.loads(self._said.read_text("utf-8"))
        return facts

    def run_once(self, percent: int) -> None:
        """Run it unless another worker already did."""
        self._said.parent.mkdir(parents=True, exist_ok=True)
        with self._said.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._said.exists():
                done = self.run(percent, "--json")
                assert done.returncode == 0, f"{done.stderr}\n{done.stdout[-4000:]}"
                assert done.stderr == "", f"progress belongs on a terminal only: {done.stderr}"
                self._said.write_text(done.stdout, "utf-8")


def _shared(factory: pytest.TempPathFactory, name: str) -> Path:
    base = factory.getbasetemp()
    return (base.parent if base.name.startswith("popen-") else base) / name


@pytest.fixture(scope="session")
def full_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo as shipped: a full month."""
    demo = Demo(_shared(tmp_path_factory, "full-demo"))
    demo.run_once(100)
    return demo


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A small month, for tests that verify the folder over and over."""
    demo = Demo(_shared(tmp_path_factory, "small-demo"))
    demo.run_once(SMALL_PERCENT)
    return demo
