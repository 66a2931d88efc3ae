"""Compiler, fuzzer, prover and analyser on the contracts. Needs what scripts/contracts_tools.sh installs."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.integration.contracts.conftest import FORGE, NPM, ROOT, TOOLS, Workshop, need

COMPILE = ROOT / "scripts" / "compile_contracts.py"


def compile_contracts(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script that users run."""
    need(NPM / "solc", "the npm package solc")
    command = [sys.executable, str(COMPILE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_committed_artifacts_are_what_the_compiler_makes_of_the_sources() -> None:
    done = compile_contracts("--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["fresh"] * 3


def test_the_registry_compiles_for_every_evm_version_we_name() -> None:
    done = compile_contracts("--matrix")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["paris", "shanghai", "cancun", "prague", "osaka"]


def test_forge_makes_the_same_bytecode_on_its_own(workshop: Workshop) -> None:
    need(FORGE, "the npm package @foundry-rs/forge-linux-amd64")
    built = workshop.run([FORGE, "build", "src"], 240)
    assert built.returncode == 0, built.stdout + built.stderr
    output = json.loads((workshop.path / "out" / "AnchorRegistry.sol" / "AnchorRegistry.json").read_bytes())
    committed = json.loads((ROOT / "contracts" / "artifacts" / "AnchorRegistry.json").read_bytes())
    assert output["bytecode"]["object"] == committed["bytecode"]
    assert output["deployedBytecode"]["object"] == committed["deployedBytecode"]


def test_forge_finds_no_counterexample_by_fuzzing_nor_in_random_histories(workshop: Workshop) -> None:
    need(FORGE, "the npm package @foundry-rs/forge-linux-amd64")
    done = workshop.run([FORGE, "test"], 400)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert len(re.findall(r"^\[PASS\] testFuzz_", done.stdout, re.MULTILINE)) == 11
    assert len(re.findall(r"^\[PASS\] invariant_", done.stdout, re.MULTILINE)) == 4


def test_halmos_proves_that_every_call_appends_or_changes_nothing(workshop: Workshop) -> None:
    need(FORGE, "the npm package @foundry-rs/forge-linux-amd64")
    need(TOOLS / "halmos", "halmos")
    done = workshop.run([TOOLS / "python", "tools/halmos_run.py", "--root", "."], 900)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "4 passed; 0 failed" in done.stdout


@pytest.mark.parametrize(
    ("promise", "weakening"),
    [
        ("AnyCallAppendsOneAnchorOrNone", "if (size < currentSize || size == 0) revert SizeShrunk(currentSize, size);"),
        ("OnlyAPublisherMovesTheHead", "if (!log.publishers[msg.sender]) revert NotPublisher(ledgerId, msg.sender);"),
    ],
)
def test_halmos_refutes_a_weakened_registry(workshop: Workshop, promise: str, weakening: str) -> None:
    need(FORGE, "the npm package @foundry-rs/forge-linux-amd64")
    need(TOOLS / "halmos", "halmos")
    source = workshop.path / "src" / "AnchorRegistry.sol"
    text = source.read_text("utf-8")
    assert text.count(weakening) == 1
    source.write_text(text.replace(weakening, ""), "utf-8")
    arguments = ("--root", ".", "--function", f"check_{promise}", "--early-exit")
    done = workshop.run([TOOLS / "python", "tools/halmos_run.py", *arguments], 600)
    assert done.returncode == 1, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Counterexample" in done.stdout
    assert "0 passed; 1 failed" in done.stdout


def test_slither_finds_nothing_of_medium_or_higher_impact(workshop: Workshop) -> None:
    need(FORGE, "the npm package @foundry-rs/forge-linux-amd64")
    slither = need(TOOLS / "slither", "slither")
    scope = ("--compile-force-framework", "foundry", "--filter-paths", "test/", "--fail-medium")
    lower = ("--exclude-low", "--exclude-informational", "--exclude-optimization")
    done = workshop.run([slither, ".", *scope, *lower], 300)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    assert "0 result(s) found" in done.stdout + done.stderr
