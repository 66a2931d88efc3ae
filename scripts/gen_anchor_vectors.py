"""Write the anchor evidence vectors: `tests/vectors/anchor/<name>.json`, one file for each case.

The evidence is made by the embedded chain with the compiled registry, fixed keys and a clock that stands still, so the
same sources give the same bytes. The attacks on it are in `scripts.anchor_attacks`, with the error that each deserves.

    python -m scripts.gen_anchor_vectors            # write
    python -m scripts.gen_anchor_vectors --check    # exit 1 and name the files that are stale
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from anchors.capture import make_evidence
from anchors.evm.chain import EvmChain
from anchors.evm.deploy import deploy_registry, open_ledger
from anchors.evm.embedded import EmbeddedNode
from anchors.evm.signer import LocalSigner
from anchors.model import ZERO_WORD, Anchor, AnchorTarget
from anchors.planning import Base, Checkpoint, plan_next
from anchors.ports import AnchorCall
from anchors.profile import EMBEDDED
from evidence.anchor import ledger_id
from evidence.merkle.tree import MerkleTree
from scripts.anchor_attacks import Material, cases

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "vectors" / "anchor"
INSTANT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ORIGINS = ("ledger.example.com/vectors/a", "ledger.example.com/vectors/b", "ledger.example.com/vectors/silent")


@dataclass
class Site:
    """One registry with its ledgers, on the embedded chain."""

    node: EmbeddedNode
    chain: EvmChain
    target: AnchorTarget
    tree: MerkleTree

    def anchor(self, origin: str, size: int) -> Anchor:
        """Anchor the first `size` leaves for a ledger and return the anchor with its block."""
        identity = ledger_id(origin)
        head = self.chain.head(identity)
        checkpoint = Checkpoint(size, self.tree.root(size), ZERO_WORD)
        anchor = plan_next(Base(head.seq, head.head, head.size), self.target, origin, identity, checkpoint, INSTANT)
        assert anchor is not None
        proof = self.tree.consistency_proof(head.size, size) if head.size else []
        call = AnchorCall(identity, anchor.seq, anchor.prev_head, size, anchor.root, anchor.meta, tuple(proof))
        signed = self.chain.sign(call, self.chain.nonce())
        self.chain.send(signed.raw_tx)
        return anchor

    def evidence(self, anchor: Anchor, block: int) -> dict[str, Any]:
        """Evidence of an anchor in the state after a block."""
        proof = self.chain.prove(anchor.ledger_id, block)
        return dict(make_evidence(anchor, self.target, EMBEDDED, proof, "final", INSTANT).to_json())

    def raw_proof(self, contract: bytes, slot: bytes, block: int) -> dict[str, Any]:
        """An EIP-1186 proof of any account and slot, in the members of the evidence."""
        proof = self.node.proof(contract, [slot], block)
        (storage,) = proof.storage_proof
        return {
            "account_proof": [_hex(node) for node in proof.account_proof],
            "storage_proof": [
                {"key": _hex(slot), "value": _hex(storage.value), "proof": [_hex(node) for node in storage.proof]}
            ],
        }


def _site(node: EmbeddedNode, seed: bytes) -> Site:
    signer = LocalSigner(sha256(seed).digest())
    target = deploy_registry(node, signer, EMBEDDED)
    for origin in ORIGINS:
        open_ledger(node, signer, EMBEDDED, target, ledger_id(origin), signer.address)
    tree = MerkleTree(sha256(i.to_bytes(4, "big")).digest() for i in range(64))
    return Site(node, EvmChain(node, EMBEDDED, target, signer), target, tree)


@contextmanager
def material(path: Path) -> Iterator[Material]:
    """Run the chain and collect what the attacks are made from; more proofs can be had within the context."""
    node = EmbeddedNode(path, lambda: INSTANT)
    try:
        site, other = _site(node, b"vectors"), _site(node, b"other registry")
        first = site.anchor(ORIGINS[0], 5)
        first_block = node.tip().number
        foreign = site.anchor(ORIGINS[1], 7)
        second = site.anchor(ORIGINS[0], 12)
        second_block = node.tip().number
        elsewhere = other.anchor(ORIGINS[0], 12)
        node.mine(2)
        newest = node.tip().number
        yield Material(
            origin=ORIGINS[0],
            silent_origin=ORIGINS[2],
            first=site.evidence(first, first_block),
            second=site.evidence(second, second_block),
            second_later=site.evidence(second, newest),
            other_ledger=site.evidence(foreign, second_block),
            other_registry=other.evidence(elsewhere, newest),
            prove=lambda contract, slot: site.raw_proof(contract, slot, second_block),
            sender=site.chain.sender,
        )
    finally:
        node.close()


def render() -> dict[str, bytes]:
    """Every vector file by name."""
    with tempfile.TemporaryDirectory() as folder, material(Path(folder) / "chain.sqlite") as honest:
        made = cases(honest)
    return {
        f"{name}.json": (json.dumps(case, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode()
        for name, case in made.items()
    }


def main(arguments: Sequence[str]) -> int:
    """Write or check; the exit code is 1 if a file is stale, missing or left over."""
    wanted = render()
    present = {path.name: path.read_bytes() for path in FOLDER.glob("*.json")}
    if "--check" in arguments:
        stale = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
        for name in stale:
            print(f"stale: tests/vectors/anchor/{name}", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in present.keys() - wanted.keys():
        (FOLDER / name).unlink()
    for name, data in wanted.items():
        (FOLDER / name).write_bytes(data)
    return 0


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
