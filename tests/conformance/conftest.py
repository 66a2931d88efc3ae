"""Where the Node verifiers and the demo's output come from; each names what is missing when it skips."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import REPOSITORY

NODE_FOLDER = Path(__file__).parent / "node"
Node = Callable[..., list[str]]


@pytest.fixture(scope="session")
def node() -> Node:
    """Run a script of `tests/conformance/node` and return its lines."""
    program = shutil.which("node")
    if program is None or not (NODE_FOLDER / "node_modules").is_dir():
        pytest.skip("Node.js or its packages are missing: run scripts/conformance_tools.sh")

    def run(script: str, *arguments: str, data: str = "") -> list[str]:
        result = subprocess.run(
            [program, script, *arguments], cwd=NODE_FOLDER, input=data, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        return result.stdout.splitlines()

    return run


@pytest.fixture(scope="session")
def demo_output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's output: `SAFETY_LEDGER_DEMO_OUTPUT`, the one of `make demo`, or that of a small run made here."""
    for folder in (os.environ.get("SAFETY_LEDGER_DEMO_OUTPUT"), REPOSITORY / "demo-output"):
        if folder and (Path(folder) / "policy.toml").is_file():
            return Path(folder)
    program = REPOSITORY / ".venv" / "bin" / "safety-ledger"
    if not program.exists() or not list((REPOSITORY / "ledger_service" / "demo").glob("*.py")):
        pytest.skip("the demo is not installed: run make demo")
    folder = tmp_path_factory.mktemp("demo") / "output"
    result = subprocess.run([program, "demo", "--output", folder], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return folder


def policy_as_json(policy: str) -> str:
    """A trust policy for verifiers that do not read TOML."""
    value: dict[str, Any] = {"log": [], "statement_root": [], "chain": []} | tomllib.loads(policy)
    return json.dumps(value)
