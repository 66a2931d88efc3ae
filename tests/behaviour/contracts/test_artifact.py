"""The committed bytecode: current, the same in both places, and free of every instruction that our promises exclude."""

from __future__ import annotations

import hashlib

import pytest

from tests.behaviour.contracts.conftest import World
from tests.behaviour.contracts.support import ARTIFACTS, ROOT, load_artifact

FORBIDDEN = {
    0x5E: "MCOPY (not in Paris)",
    0x5F: "PUSH0 (not in Paris)",
    0x49: "BLOBHASH (not in Paris)",
    0x5C: "TLOAD (not in Paris)",
    0x5D: "TSTORE (not in Paris)",
    0xF0: "CREATE",
    0xF1: "CALL",
    0xF2: "CALLCODE",
    0xF4: "DELEGATECALL",
    0xF5: "CREATE2",
    0xFF: "SELFDESTRUCT",
}


def instructions(code: bytes) -> list[int]:
    """Opcodes of the code, without the data of PUSH instructions."""
    found, position = [], 0
    while position < len(code):
        found.append(code[position])
        position += 1 + max(0, code[position] - 0x5F if 0x60 <= code[position] <= 0x7F else 0)
    return found


@pytest.mark.parametrize("name", ["AnchorRegistry", "Rfc6962Harness"])
def test_the_artifact_was_made_from_the_present_sources(name: str) -> None:
    sources = load_artifact(name)["sources"]
    present = {"src/" + path.name for path in (ROOT / "contracts" / "src").glob("*.sol")}
    assert present <= set(sources)
    for path, digest in sources.items():
        data = (ROOT / "contracts" / path).read_bytes()
        assert digest == "sha256:" + hashlib.sha256(data).hexdigest(), (
            f"{path} changed: run scripts/compile_contracts.py"
        )


def test_the_package_ships_the_same_artifact() -> None:
    assert (ROOT / "anchors" / "evm" / "AnchorRegistry.json").read_bytes() == (
        ARTIFACTS / "AnchorRegistry.json"
    ).read_bytes()


def test_the_registry_cannot_call_pay_create_delegate_or_destroy() -> None:
    code = bytes.fromhex(load_artifact("AnchorRegistry")["deployedBytecode"].removeprefix("0x"))
    assert {name for opcode, name in FORBIDDEN.items() if opcode in instructions(code)} == set()


def test_the_code_on_chain_is_the_artifacts_byte_for_byte(world: World) -> None:
    code = world.chain.get_code(world.registry.address)
    assert code == load_artifact("AnchorRegistry")["deployedBytecode"]


def test_the_code_fits_the_size_limit_of_eip_170() -> None:
    assert len(load_artifact("AnchorRegistry")["deployedBytecode"]) // 2 - 1 <= 24_576
