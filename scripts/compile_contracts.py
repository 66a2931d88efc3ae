"""Compile the contracts with the pinned npm `solc` and write the committed artifacts, or prove that they are fresh.

Invariants: the output depends on the sources, the compiler version and the settings alone (no path, no time, no host);
`contracts/artifacts/AnchorRegistry.json` and `anchors/evm/AnchorRegistry.json` are the same bytes.

    python scripts/compile_contracts.py            # write
    python scripts/compile_contracts.py --check    # exit 1 and say what differs when a file is stale
    python scripts/compile_contracts.py --matrix   # compile for each EVM version we claim, write nothing

Exit codes: 0 done or fresh, 1 stale or a compiler error, 69 the compiler is not installed
(`scripts/contracts_tools.sh` installs it).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
WRAPPER = CONTRACTS / "tools" / "solc"
# FISCO BCOS runs Paris by default: bytecode for it runs on every later fork too.
EVM_VERSION = "paris"
EVM_MATRIX = ("paris", "shanghai", "cancun", "prague", "osaka")
OUTPUTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "evm.deployedBytecode.immutableReferences"]
# contract -> (source that defines it, files that hold its artifact)
TARGETS: dict[str, tuple[str, tuple[Path, ...]]] = {
    "AnchorRegistry": (
        "src/AnchorRegistry.sol",
        (CONTRACTS / "artifacts" / "AnchorRegistry.json", ROOT / "anchors" / "evm" / "AnchorRegistry.json"),
    ),
    "Rfc6962Harness": ("test/Rfc6962Harness.sol", (CONTRACTS / "artifacts" / "Rfc6962Harness.json",)),
}


class CompilerMissing(Exception):
    """The pinned compiler is not installed: run `scripts/contracts_tools.sh`."""


class CompileFailed(Exception):
    """The compiler reported errors or warnings; both fail the build."""


def source_files(source: str) -> dict[str, Path]:
    """Return the unit's sources by their name inside `contracts/`: all of `src/`, and the unit itself."""
    paths = [*sorted((CONTRACTS / "src").glob("*.sol")), CONTRACTS / source]
    return {path.relative_to(CONTRACTS).as_posix(): path for path in paths}


def settings(evm_version: str) -> dict[str, Any]:
    """Return the compiler settings; without metadata, so that comments and folder names cannot change the bytecode."""
    return {
        "evmVersion": evm_version,
        "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
        "optimizer": {"enabled": True, "runs": 10_000},
        "viaIR": True,
    }


def compile_unit(source: str, evm_version: str) -> dict[str, Any]:
    """Run the compiler on one unit and return its standard-JSON answer.

    Raises CompilerMissing without an installed `solc`, CompileFailed on any error or warning.
    """
    if not (CONTRACTS / "node_modules" / "solc").is_dir():
        raise CompilerMissing("contracts/node_modules/solc is missing; run scripts/contracts_tools.sh")
    import solcx  # here, so that the checks that need no compiler need no py-solc-x either

    request = {
        "language": "Solidity",
        "sources": {name: {"content": path.read_text("utf-8")} for name, path in source_files(source).items()},
        "settings": settings(evm_version) | {"outputSelection": {"*": {"*": [*OUTPUTS, "storageLayout"]}}},
    }
    try:
        answer: dict[str, Any] = solcx.compile_standard(request, solc_binary=WRAPPER)
    except solcx.exceptions.SolcError as error:
        raise CompileFailed(error.message) from error
    complaints = [item["formattedMessage"] for item in answer.get("errors", [])]
    if complaints:
        raise CompileFailed("\n".join(complaints))
    return answer


def storage_layout(layout: dict[str, Any]) -> list[dict[str, Any]]:
    """Flatten the compiler's layout to what a reader of storage needs, without syntax-tree ids, which shift."""

    def rows(members: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        flat = []
        for member in members:
            kind = layout["types"][member["type"]]
            row = {
                "label": member["label"],
                "offset": member["offset"],
                "slot": int(member["slot"]),
                "type": kind["label"],
            }
            value = layout["types"][kind["value"]] if "value" in kind else kind
            if "members" in value:
                row["members"] = rows(value["members"])
            flat.append(row)
        return flat

    return rows(layout["storage"])


def artifact(name: str, evm_version: str = EVM_VERSION) -> bytes:
    """Return the artifact file of one contract: canonical, indented JSON ending in a newline."""
    import solcx

    source, _ = TARGETS[name]
    unit = compile_unit(source, evm_version)["contracts"][source][name]
    deployed = unit["evm"]["deployedBytecode"]
    if deployed["immutableReferences"]:
        raise CompileFailed(f"{name} has immutables: its code would differ from deployment to deployment")
    document = {
        "contractName": name,
        "abi": unit["abi"],
        "bytecode": "0x" + unit["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + deployed["object"],
        "storageLayout": storage_layout(unit["storageLayout"]),
        "compiler": {
            "version": str(solcx.wrapper.get_solc_version(WRAPPER, with_commit_hash=True)),
            "settings": settings(evm_version),
        },
        "sources": {
            path: "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
            for path, file in source_files(source).items()
        },
    }
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def differences(expected: bytes, path: Path) -> list[str]:
    """Name the top-level fields in which the file differs from what the sources give; empty when the bytes agree."""
    if not path.exists():
        return ["missing"]
    if path.read_bytes() == expected:
        return []
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return ["not JSON"]
    wanted = json.loads(expected)
    return [key for key in sorted({*wanted, *found}) if wanted.get(key) != found.get(key)] or ["layout of the file"]


def check() -> int:
    """Compare every committed artifact with a fresh compilation. Return 1 with a summary when one is stale."""
    stale = 0
    for name, (_, paths) in TARGETS.items():
        expected = artifact(name)
        for path in paths:
            fields = differences(expected, path)
            stale += bool(fields)
            print(f"{'stale' if fields else 'fresh'}  {path.relative_to(ROOT)}  {', '.join(fields)}".rstrip())
    return 1 if stale else 0


def write() -> int:
    """Compile and write every artifact."""
    for name, (_, paths) in TARGETS.items():
        data = artifact(name)
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            print(f"wrote  {path.relative_to(ROOT)}  {len(data)} bytes")
    return 0


def matrix() -> int:
    """Compile the registry for each EVM version of EVM_MATRIX and print its runtime size."""
    for version in EVM_MATRIX:
        unit = compile_unit("src/AnchorRegistry.sol", version)["contracts"]["src/AnchorRegistry.sol"]["AnchorRegistry"]
        print(f"{version:9} {len(unit['evm']['deployedBytecode']['object']) // 2} bytes")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Entry point; see the module's text for the exit codes."""
    parser = argparse.ArgumentParser(description="compile the contracts, or prove that the artifacts are fresh")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing; exit 1 when an artifact is stale")
    mode.add_argument("--matrix", action="store_true", help="write nothing; compile for every supported EVM version")
    chosen = parser.parse_args(arguments)
    try:
        return check() if chosen.check else matrix() if chosen.matrix else write()
    except CompilerMissing as error:
        print(error, file=sys.stderr)
        return 69
    except CompileFailed as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
