"""The contract lanes' workshop: a private copy of `contracts/` per test, and an honest skip where a tool is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "contracts"
NPM = CONTRACTS / "node_modules"
FORGE = NPM / "@foundry-rs" / "forge-linux-amd64" / "bin" / "forge"
TOOLS = ROOT / ".tools" / "contracts" / "bin"


def need(path: Path, what: str) -> Path:
    """Return the path of an installed tool; else skip with the reason, or fail where nothing may be skipped."""
    if path.exists() and shutil.which("node"):
        return path
    missing = what if shutil.which("node") else "node"
    reason = f"{missing} is not installed: run scripts/contracts_tools.sh"
    if os.environ.get("CI") or os.environ.get("SAFETY_LEDGER_REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@dataclass(frozen=True)
class Workshop:
    """A copy of the contract project in which tools may write."""

    path: Path

    def run(self, command: Sequence[str | Path], seconds: int) -> subprocess.CompletedProcess[str]:
        """Run one tool there, with forge and the analysers on the path; a hang ends after `seconds`."""
        search = os.pathsep.join([str(FORGE.parent), str(TOOLS), os.environ["PATH"]])
        return subprocess.run(
            [str(part) for part in command],
            cwd=self.path,
            env=os.environ | {"PATH": search, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Sources, tests and settings copied; node_modules linked."""
    need(NPM / "solc", "the npm package solc")
    for name in ("src", "test", "tools"):
        shutil.copytree(CONTRACTS / name, tmp_path / name)
    for name in ("foundry.toml", "halmos.toml", "package.json"):
        shutil.copy(CONTRACTS / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(NPM)
    return Workshop(tmp_path)
