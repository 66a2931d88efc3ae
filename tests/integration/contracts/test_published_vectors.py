"""The contract's proof library against vectors that another project published; read from `../shared/vectors`."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.contracts.support import Contract, load_artifact, new_chain
from tests.integration.contracts.conftest import ROOT

VECTORS = ROOT.parent / "shared" / "vectors" / "transparency-dev-merkle"
FILES = sorted(VECTORS.rglob("*.json"))
# Accepts two equal "roots" that are no digests; ours are 32 bytes, and the contract's types let nothing else in.
SHORT_ROOTS = "sizes-are-equal-one-and-proof-is-empty.json"


@pytest.fixture(scope="module")
def harness() -> Contract:
    """The proof library, opened to tests."""
    chain = new_chain()
    return Contract(chain, load_artifact("Rfc6962Harness"), [], chain.get_accounts()[0])


def question(case: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """Function and struct for one vector. An absent hash is an empty one."""
    proof = [b64decode(value) for value in case["proof"] or []]
    if "leafIdx" in case:
        leaf_hash, root = (b64decode(case[key] or "") for key in ("leafHash", "root"))
        return "verifyInclusion", (case["leafIdx"], case["treeSize"], leaf_hash, root, proof)
    old_root, new_root = (b64decode(case[key] or "") for key in ("root1", "root2"))
    return "verifyConsistency", (case["size1"], old_root, case["size2"], new_root, proof)


def fits(values: tuple[Any, ...]) -> bool:
    """Can the question be put to the contract at all: 64-bit numbers, 32-byte hashes?"""
    hashes = [value for value in values if isinstance(value, bytes)] + values[-1]
    numbers = [value for value in values if isinstance(value, int)]
    return all(len(value) == 32 for value in hashes) and all(0 <= value < 2**64 for value in numbers)


@pytest.mark.skipif(not FILES, reason="the published vectors (../shared/vectors) are not beside this checkout")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(VECTORS).as_posix())
def test_the_contract_agrees_with_the_published_verdict(harness: Contract, path: Path) -> None:
    case = json.loads(path.read_bytes())
    name, values = question(case)
    # What does not fit the contract's types cannot be asked, and so is refused.
    accepted = fits(values) and harness.call(name, values)
    expected = not case["wantErr"] and path.name != SHORT_ROOTS
    assert accepted is expected, case.get("desc", path.name)
