"""Every command in README and docs is run, in the order of the document, in an empty folder beside a demo's output."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import Demo

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "docs/operations.md", ROOT / "docs/import.md"]
LEDGER, PYTHON = ".venv/bin/safety-ledger", ".venv/bin/python"
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MAKE_TARGETS = {"demo", "test", "check", "test-all", "bench"}
"""Run by the build itself or by hand; that they exist is a rule of the architecture lane."""


def _commands(document: Path) -> list[list[str]]:
    text = "".join(_BLOCK.findall(document.read_text("utf-8"))).replace("\\\n", " ")
    return [words for line in text.splitlines() if (words := shlex.split(line, comments=True))]


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "SAFETY_LEDGER_DATA_DIR": str(folder / "data")}


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, env=_environment(folder), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)


def _serve(command: list[str], folder: Path) -> None:
    """A server runs until it is told to stop: it counts as working when it answers, and must then end cleanly."""
    with subprocess.Popen(
        [*command, "--port", "0"], cwd=folder, env=_environment(folder), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            line = next((line for line in process.stderr if "http://" in line), None)
            assert line is not None, "the server ended before it answered"
            address = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert address is not None, line
            assert httpx.get(f"{address[0]}/healthz").status_code == 200
        finally:
            process.send_signal(signal.SIGINT)
            process.stderr.read()
        assert process.wait(timeout=60) in (0, -signal.SIGINT, 130)


def _lose_the_chain(folder: Path) -> None:
    """Bring about what the page is about: a ledger that was anchored, and a chain that is gone."""
    _run([LEDGER, "publish", "demo"], folder)
    _run([LEDGER, "anchor", "demo"], folder)
    for file in (folder / "data/chain").iterdir():
        file.unlink()


def test_the_way_to_a_record_type_of_ones_own_works(tmp_path: Path) -> None:
    """As the page tells it: template, check, place, submit, chain; its shell lines are run as they stand."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    _run([LEDGER, "init", "plant", "--origin", "ledger.example.com/plant"], tmp_path)
    folder = tmp_path / "data/catalogue/types"
    folder.mkdir(parents=True)
    _run([LEDGER, "types", "new", "eyewash_check", "--folder", str(folder)], tmp_path)
    _run([LEDGER, "types", "check", "--site", str(tmp_path / "data/catalogue")], tmp_path)
    [script] = _BLOCK.findall((ROOT / "docs/catalogue.md").read_text("utf-8"))
    _run(["sh", "-e", "-c", script], tmp_path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_documented_command_works(document: Path, small_demo: Demo, tmp_path: Path) -> None:
    (tmp_path / "demo-output").symlink_to(small_demo.output)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "texts.txt").write_text("Li Lei\n", "utf-8")
    commands = _commands(document)
    assert commands
    if not any(command[:2] == [LEDGER, "init"] for command in commands):
        _run([LEDGER, "init", "demo", "--origin", "ledger.example.com/demo"], tmp_path)
    for command in commands:
        if command[0] == "make":
            assert command[1] in _MAKE_TARGETS
        elif command[:2] == [LEDGER, "serve"]:
            _serve(command, tmp_path)
        else:
            assert command[0] in (LEDGER, PYTHON), command
            if "--new-contract" in command:
                _lose_the_chain(tmp_path)
            _run(command, tmp_path)
