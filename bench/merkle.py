"""Building trees, proofs and verification against bare hashing, merkletools and pymerkle."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any

import merkletools
import pymerkle

from bench.measure import Row, duel, each, per_second, timed
from evidence.merkle.tree import MerkleTree, root_of
from evidence.merkle.verify import root_from_inclusion, verify_inclusion

_MEMORY = """
import tracemalloc
from hashlib import sha256
from evidence.merkle.tree import root_of
leaves = [sha256(i.to_bytes(4, "big")).digest() for i in range({count})]
tracemalloc.start()
root_of(leaves)
print(tracemalloc.get_traced_memory()[1])
"""


def rows(quick: bool) -> Iterator[Row]:
    """Every Merkle row; `quick` uses a fiftieth of the leaves."""
    count, rounds = (20_000, 2) if quick else (1_000_000, 5)
    leaves = [sha256(i.to_bytes(4, "big")).digest() for i in range(count)]
    yield _against_bare_hashing(leaves, rounds)
    peer = merkletools.MerkleTools()
    peer.hash_function = _prefixed
    yield _against_merkletools(leaves, peer, max(2, rounds - 2))
    yield _against_pymerkle(leaves, 1 if quick else 2)
    yield _memory(count)
    yield from _proofs(leaves, peer, rounds)
    yield _verification(rounds, 500 if quick else 20_000)


def _bare(count: int) -> Callable[[], None]:
    """Hash 65 bytes `count` times: what a tree costs without a tree."""

    def run() -> None:
        data = bytes(65)
        for _ in range(count):
            sha256(data).digest()

    return run


def _against_bare_hashing(leaves: list[bytes], rounds: int) -> Row:
    result = duel(timed(lambda: root_of(leaves)), timed(_bare(len(leaves) - 1)), rounds)
    ours, peer = per_second(len(leaves), result.ours), per_second(len(leaves), result.peer)
    return Row(f"Merkle root, {len(leaves):,} leaves / bare hashlib loop", result.ratio, 0.6, ours, peer)


def _prefixed(data: bytes) -> Any:
    """The node hash of RFC 6962 where merkletools hashes two children: then it builds the same tree."""
    return sha256(b"\x01" + data)


def _against_merkletools(leaves: list[bytes], peer: merkletools.MerkleTools, rounds: int) -> Row:
    """From leaf hashes to the same root. It takes leaf hashes as hexadecimal only, which lies ready for it."""
    texts = [leaf.hex() for leaf in leaves]

    def other() -> None:
        peer.reset_tree()
        peer.add_leaf(texts)
        peer.make_tree()

    result = duel(timed(lambda: root_of(leaves)), timed(other), rounds)
    if peer.get_merkle_root() != root_of(leaves).hex():
        raise AssertionError("merkletools and evidence disagree on a root")
    ours, theirs = per_second(len(leaves), result.ours), per_second(len(leaves), result.peer)
    return Row(f"Merkle root, {len(leaves):,} leaves / merkletools, same tree", result.ratio, 1.5, ours, theirs)


def _against_pymerkle(leaves: list[bytes], rounds: int) -> Row:
    """From leaf hashes to the same root, so past the method that hashes entries. A fifth of the leaves, in its favour:
    what a leaf costs it grows with the tree.
    """
    part = leaves[: len(leaves) // 5]
    last: list[bytes] = []

    def other() -> None:
        tree = pymerkle.InmemoryTree(algorithm="sha256")
        for leaf in part:
            tree._store_leaf(leaf, leaf)
        last[:] = [tree.get_root()]

    result = duel(timed(lambda: root_of(part)), timed(other), rounds)
    if last != [root_of(part)]:
        raise AssertionError("pymerkle and evidence disagree on a root")
    ours, theirs = per_second(len(part), result.ours), per_second(len(part), result.peer)
    return Row(f"Merkle root, {len(part):,} leaves / pymerkle, same tree", result.ratio, 10, ours, theirs)


def _memory(count: int) -> Row:
    """Peak above the leaf array, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY.format(count=count)], capture_output=True, text=True, check=True
    )
    peak = int(done.stdout) / 1e6
    return Row("Merkle root: memory above the leaf array (MB)", peak, 50, f"{peak:.1f} MB", "-", at_most=True)


def _proofs(leaves: list[bytes], peer: merkletools.MerkleTools, rounds: int) -> Iterator[Row]:
    """In log order, as a batch's receipts are made, and scattered over the tree, where waiting for memory rules."""
    tree = MerkleTree(leaves)
    count = min(20_000, len(leaves) // 2)
    middle = len(leaves) // 3
    yield _proof_row("in log order", 8, tree, peer, range(middle, middle + count), rounds)
    yield _proof_row("scattered", None, tree, peer, [i * 7_919 % len(leaves) for i in range(count)], rounds)


def _proof_row(
    order: str, goal: float | None, tree: MerkleTree, peer: merkletools.MerkleTools, indices: Sequence[int], rounds: int
) -> Row:
    def own() -> None:
        for index in indices:
            tree.inclusion_proof(index)

    def other() -> None:
        for index in indices:
            peer.get_proof(index)

    if [next(iter(step.values())) for step in peer.get_proof(indices[7])] != [
        item.hex() for item in tree.inclusion_proof(indices[7])
    ]:
        raise AssertionError("merkletools and evidence disagree on a proof")
    result = duel(timed(own), timed(other), rounds)
    return Row(f"inclusion proofs, {order} / merkletools", result.ratio, goal, each(len(indices), result.ours),
               each(len(indices), result.peer))  # fmt: skip


def _verification(rounds: int, count: int) -> Row:
    """Twenty levels: 2^20 leaves, a path through the middle."""
    size, index = 1 << 20, 0b1010_0110_1100_1011_0101
    leaf, proof = sha256(b"leaf").digest(), [sha256(bytes([i])).digest() for i in range(20)]
    root = root_from_inclusion(leaf, index, size, proof)

    def own() -> None:
        for _ in range(count):
            verify_inclusion(leaf, index, size, proof, root)

    result = duel(timed(own), timed(_bare(20 * count)), rounds)
    return Row("verify inclusion, 20 levels / 20 bare hashes", result.ratio, 0.6, each(count, result.ours),
               each(count, result.peer))  # fmt: skip
