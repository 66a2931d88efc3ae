"""Vectors published by others (`../shared/vectors`): every file, and where we differ it is named here.

The size-0 rule: transparency-dev/merkle rejects any consistency proof from an empty tree, C2SP tlog-witness allows it
with an empty proof. We follow tlog-witness, for an explicitly empty old tree only; `SIZE_ZERO` is the one file that
this concerns.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from evidence.canonical import dumps, loads, loads_canonical
from evidence.checkpoint import Checkpoint, open_checkpoint
from evidence.errors import EvidenceError, KeyNotTrusted, Malformed, VerificationFailed
from evidence.hashing import leaf_hash
from evidence.merkle.tree import MerkleTree, root_of
from evidence.merkle.verify import verify_consistency, verify_inclusion
from evidence.notes import VerifierKey, parse_note, verify_note
from tests.support import read_case, shared_files

SIZE_ZERO = "sizes-are-equal-zero-and-proof-is-empty"
"""Roots equal, both sizes 0, no proof: rejected there, accepted here if the root is that of the empty tree."""


def hashes(values: list[str] | None) -> list[bytes]:
    return [base64.b64decode(value) for value in values or []]


@pytest.mark.parametrize("path", shared_files("transparency-dev-merkle/inclusion/**/*.json"))
def test_inclusion(path: Path) -> None:
    case = read_case(path)
    leaf, root = hashes([case["leafHash"] or "", case["root"] or ""])

    def run() -> None:
        verify_inclusion(leaf, case["leafIdx"], case["treeSize"], hashes(case["proof"]), root)

    answer(run, bool(case["wantErr"]))


@pytest.mark.parametrize("path", shared_files("transparency-dev-merkle/consistency/**/*.json"))
def test_consistency(path: Path) -> None:
    case = read_case(path)
    old, new = hashes([case["root1"] or "", case["root2"] or ""])
    refused = bool(case["wantErr"]) and path.stem != SIZE_ZERO

    def run() -> None:
        verify_consistency(case["size1"], old, case["size2"], new, hashes(case["proof"]))

    answer(run, refused)


def answer(run: Any, refused: bool) -> None:
    if not refused:
        run()
        return
    with pytest.raises((Malformed, VerificationFailed)):
        run()


def test_size_zero_rule() -> None:
    """Ours, in full: from the empty tree only with its root and an empty proof."""
    empty, other = hashlib.sha256(b"").digest(), leaf_hash(b"a")
    verify_consistency(0, empty, 0, empty, [])
    verify_consistency(0, empty, 1, other, [])
    for arguments in ((0, other, 0, other, []), (0, other, 1, other, []), (0, empty, 1, other, [other])):
        with pytest.raises(EvidenceError):
            verify_consistency(*arguments)


def test_rfc6962_roots(shared_vectors: Path) -> None:
    case = read_case(shared_vectors / "rfc6962-roots.json")
    leaves = [leaf_hash(bytes.fromhex(text)) for text in case["leaf_inputs_hex"]]
    assert [leaf.hex() for leaf in leaves] == case["leaf_hashes_hex"]
    assert [root_of(leaves[:size]).hex() for size in range(9)] == case["root_hash_by_tree_size_hex"]
    assert [MerkleTree(leaves).root(size).hex() for size in range(9)] == case["root_hash_by_tree_size_hex"]


LEAVES = [leaf_hash(bytes([i])) for i in range(130)]


def subtrees() -> list[tuple[int, int]]:
    """Every valid subtree [start, end) in the draft's order: its start is a multiple of its rounded-up size."""
    return [
        (start, end)
        for end in range(131)
        for start in range(end + 1)
        if start in (0, end) or start % (1 << (end - start - 1).bit_length()) == 0
    ]


def test_all_subtree_hashes_up_to_130(shared_vectors: Path) -> None:
    rolling = hashlib.sha256()
    for start, end in subtrees():
        rolling.update(f"[{start}, {end}) {root_of(LEAVES[start:end]).hex()}\n".encode())
    expected = read_case(shared_vectors / "plants-subtree-accumulated.json")["subtree_hashes"]["sha256"]
    assert rolling.hexdigest() == expected


def test_all_subtree_inclusion_proofs_up_to_130(shared_vectors: Path) -> None:
    """An inclusion proof in a subtree is one in the tree of its leaves alone."""
    rolling = hashlib.sha256()
    for start, end in subtrees():
        tree = MerkleTree(LEAVES[start:end])
        for index in range(start, end):
            proof = tree.inclusion_proof(index - start)
            verify_inclusion(LEAVES[index], index - start, end - start, proof, tree.root())
            rolling.update(" ".join([f"{index} [{start}, {end})", *(item.hex() for item in proof)]).encode() + b"\n")
    expected = read_case(shared_vectors / "plants-subtree-accumulated.json")["subtree_inclusion"]["sha256"]
    assert rolling.hexdigest() == expected


def c2sp(root: Path, name: str) -> dict[str, Any]:
    return next(case for case in read_case(root / "c2sp-inline.json") if case["name"].endswith(name))


def test_signed_note_of_the_standard(shared_vectors: Path) -> None:
    case = c2sp(shared_vectors, "signed-note example")
    note = parse_note(case["note"].encode())
    assert len(verify_note(note, [VerifierKey.parse(case["vkey"])])) == 1
    assert note.to_bytes() == case["note"].encode()


@pytest.mark.parametrize(("name", "trusted"), [("corrected", True), ("wrong key id", False)])
def test_checkpoints_of_the_issue_thread(shared_vectors: Path, name: str, trusted: bool) -> None:
    case = c2sp(shared_vectors, "corrected")
    signature = c2sp(shared_vectors, name)["sig_b64"]
    note = f"{case['origin']}\n{case['size']}\n{case['root_b64']}\n\n\u2014 {case['origin']} {signature}\n".encode()
    keys = [VerifierKey(case["origin"], bytes.fromhex(case["public_key_hex"]))]
    if trusted:
        expected = Checkpoint(case["origin"], case["size"], base64.b64decode(case["root_b64"]))
        assert open_checkpoint(note, keys) == expected
    else:
        with pytest.raises(KeyNotTrusted):
            open_checkpoint(note, keys)


@pytest.mark.parametrize("path", shared_files("jcs/input/*.json"))
def test_canonical_json(path: Path) -> None:
    folder = path.parents[1]
    expected = (folder / "output" / path.name).read_bytes()
    assert bytes.fromhex((folder / "outhex" / f"{path.stem}.txt").read_text()) == expected
    assert dumps(loads(path.read_bytes())) == expected
    assert dumps(json.loads(path.read_bytes())) == expected
    assert dumps(loads_canonical(expected)) == expected


def test_every_published_file_is_used(shared_vectors: Path) -> None:
    known = {"README.md", "c2sp-inline.json", "plants-subtree-accumulated.json", "rfc6962-roots.json"}
    strange = [
        path.relative_to(shared_vectors).as_posix()
        for path in shared_vectors.rglob("*")
        if path.is_file() and path.name not in known
        and path.relative_to(shared_vectors).parts[0] not in ("jcs", "transparency-dev-merkle")
    ]  # fmt: skip
    assert strange == []
