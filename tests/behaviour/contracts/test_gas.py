"""What an anchor costs, held to `contracts/gas.json` within one per cent.

After a deliberate change `python -m tests.behaviour.contracts.test_gas`, run from the root, writes the file anew.
Figures are whole transactions, intrinsic gas and calldata included.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache

import pytest

from evidence.merkle.tree import MerkleTree
from tests.behaviour.contracts.support import ROOT, ZERO, Contract, load_artifact, new_chain

BASELINE = ROOT / "contracts" / "gas.json"
SIZE = 100_000
GOAL_WITH_PROOF = 62_000
# Size of the log before the anchor that makes it SIZE leaves long. Most proofs have 11 to 14 hashes; the dearest have
# 18, of which 15 lie on both paths: batches that start one leaf before a multiple of 2^15.
PREVIOUS = {
    "steady, with proof, batch of 10000": 90_000,
    "steady, with proof, batch of 100": 99_900,
    "steady, with proof, dearest batch up to 1696": 99_327,
    "dearest proof of all, batch of 1697": 98_303,
    "dearest proof of all, batch of 34465": 65_535,
}


@cache
def tree() -> MerkleTree:
    """A log of SIZE entries."""
    return MerkleTree(hashlib.sha256(b"\x00" + number.to_bytes(8, "big")).digest() for number in range(SIZE))


class Meter:
    """A registry whose transactions are weighed."""

    def __init__(self) -> None:
        chain = new_chain()
        self.admin, self.publisher = chain.get_accounts()[:2]
        self.registry = Contract(chain, load_artifact("AnchorRegistry"), [self.admin], self.admin)
        self.heads: dict[bytes, list[bytes]] = {}

    def open(self, name: str, *, checked: bool = True) -> bytes:
        """Open a ledger and return its id."""
        ledger = hashlib.sha256(name.encode()).digest()
        self.registry.send("openLedgerWith", ledger, self.publisher, checked, ZERO, 0, ZERO)
        self.heads[ledger] = [ZERO]
        return ledger

    def anchor(self, ledger: bytes, size: int, proof: list[bytes] | None = None) -> int:
        """Anchor the log at a size; return the gas used."""
        heads = self.heads[ledger]
        arguments = (ledger, len(heads), heads[-1], size, tree().root(size), ZERO, proof or [])
        gas = self.registry.send("anchor", *arguments, sender=self.publisher).gas_used
        heads.append(self.registry.call("headOf", ledger)[0])
        return gas


def measure() -> dict[str, int]:
    """Weigh every case of the baseline."""
    meter = Meter()
    figures = {"deployment": int(meter.registry.creation["gas_used"])}
    quiet = meter.open("heartbeats")
    figures["first anchor"] = meter.anchor(quiet, SIZE)
    figures["heartbeat"] = meter.anchor(quiet, SIZE)
    for _ in range(61):
        meter.anchor(quiet, SIZE)
    figures["64th anchor (heartbeat, writes a checkpoint)"] = meter.anchor(quiet, SIZE)
    bare = meter.open("unchecked", checked=False)
    meter.anchor(bare, 90_000)
    figures["steady, without proof"] = meter.anchor(bare, SIZE)
    for name, previous in PREVIOUS.items():
        ledger = meter.open(name)
        meter.anchor(ledger, previous)
        figures[name] = meter.anchor(ledger, SIZE, tree().consistency_proof(previous, SIZE))
    message = {"from": meter.publisher, "to": meter.registry.address, "gas": 10**6}
    repeat = meter.registry.data("anchor", quiet, 64, meter.heads[quiet][63], SIZE, tree().root(SIZE), ZERO, [])
    sent = meter.registry.chain.send_transaction(message | {"data": repeat})
    figures["replay"] = int(meter.registry.chain.get_transaction_receipt(sent)["gas_used"])
    return figures


@pytest.fixture(scope="module")
def measured() -> dict[str, int]:
    """One weighing for the module."""
    return measure()


def test_no_case_left_its_baseline_by_more_than_one_per_cent(measured: dict[str, int]) -> None:
    baseline: dict[str, int] = json.loads(BASELINE.read_bytes())["gas"]
    assert set(measured) == set(baseline)
    strayed = {
        name: (baseline[name], gas)
        for name, gas in measured.items()
        if abs(gas - baseline[name]) * 100 > baseline[name]
    }
    assert strayed == {}


@pytest.mark.parametrize("name", [name for name in PREVIOUS if name.startswith("steady")])
def test_an_anchor_with_its_proof_stays_within_the_goal(measured: dict[str, int], name: str) -> None:
    assert measured[name] <= GOAL_WITH_PROOF


def main() -> None:
    """Write the baseline."""
    document = {
        "unit": "gas of the whole transaction",
        "evm": "paris bytecode on the test chain",
        "size": SIZE,
        "gas": measure(),
    }
    BASELINE.write_text(json.dumps(document, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
