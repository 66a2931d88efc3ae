"""Trees and proofs against the RFC's recursion: every pair of sizes up to 64, samples up to 300."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import MalformedProof, RootMismatch
from evidence.hashing import EMPTY_ROOT, leaf_hash
from evidence.merkle.proofs import NodeId, compact_nodes, cover, plan_consistency, plan_inclusion
from evidence.merkle.tree import CompactRange, MerkleTree, root_of
from evidence.merkle.verify import root_from_inclusion, verify_consistency, verify_inclusion
from tests.reference import merkle as rfc

SMALL = 64
ENTRIES = tuple(hashlib.sha256(bytes([i >> 8, i & 255])).digest()[: i % 33] for i in range(300))
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
TREE = MerkleTree(LEAVES)
ROOTS = [rfc.mth(ENTRIES[:size]) for size in range(SMALL + 1)]
SIZES = st.integers(0, 300)


def fetch(plan_nodes: tuple[NodeId, ...]) -> list[bytes]:
    """Hashes of planned nodes straight from the entries."""
    return [rfc.mth(ENTRIES[node.index << node.level : (node.index + 1) << node.level]) for node in plan_nodes]


def test_roots_of_all_small_trees() -> None:
    assert [TREE.root(size) for size in range(SMALL + 1)] == ROOTS
    assert [root_of(LEAVES[:size]) for size in range(SMALL + 1)] == ROOTS
    assert ROOTS[0] == EMPTY_ROOT


def test_inclusion_of_every_entry_of_every_small_tree() -> None:
    for size in range(1, SMALL + 1):
        for index in range(size):
            proof = TREE.inclusion_proof(index, size)
            assert proof == rfc.path(index, ENTRIES[:size])
            verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


def test_consistency_of_every_pair_of_small_trees() -> None:
    for new in range(SMALL + 1):
        for old in range(new + 1):
            proof = TREE.consistency_proof(old, new)
            assert proof == (rfc.proof(old, ENTRIES[:new]) if old else [])
            verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)


def test_plans_name_exactly_the_nodes_that_the_reference_hashes() -> None:
    for size in range(1, 41):
        for index in range(size):
            plan = plan_inclusion(index, size)
            assert plan.assemble(fetch(plan.nodes)) == rfc.path(index, ENTRIES[:size])
            plan = plan_consistency(index + 1, size)
            assert plan.assemble(fetch(plan.nodes)) == rfc.proof(index + 1, ENTRIES[:size])
            assert all((node.index + 1) << node.level <= size for node in plan.nodes)


@settings(max_examples=40)
@given(st.data())
def test_sampled_proofs_up_to_300(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    root = TREE.root(size)
    assert root == rfc.mth(ENTRIES[:size])
    proof = TREE.inclusion_proof(index, size)
    assert proof == rfc.path(index, ENTRIES[:size])
    verify_inclusion(LEAVES[index], index, size, proof, root)
    proof = TREE.consistency_proof(index + 1, size)
    assert proof == rfc.proof(index + 1, ENTRIES[:size])
    verify_consistency(index + 1, TREE.root(index + 1), size, root, proof)


@settings(max_examples=30)
@given(SIZES, SIZES)
def test_a_compact_range_grows_the_same_way_in_any_portions(first: int, second: int) -> None:
    middle, end = sorted((first, second))
    one = CompactRange()
    for leaf in LEAVES[:end]:
        one.append(leaf)
    other = CompactRange()
    other.extend(LEAVES[:middle])
    resumed = CompactRange(middle, other.hashes)
    resumed.extend(iter(LEAVES[middle:end]))
    assert (one.size, one.hashes, one.root()) == (resumed.size, resumed.hashes, TREE.root(end))
    assert list(one.hashes) == fetch(compact_nodes(end))


@pytest.mark.parametrize(("cut", "size"), [(0, 65_536), (65_535, 65_537), (65_536, 70_000), (1, 131_073)])
def test_extending_over_chunk_boundaries_equals_the_whole_tree(cut: int, size: int, big: MerkleTree) -> None:
    leaves = big.level(0)
    grown = CompactRange()
    grown.extend(leaves[:cut])
    grown.extend(leaves[cut:size])
    assert grown.size == size
    assert grown.root() == big.root(size)


def test_cover_is_gapless_and_shrinks() -> None:
    for begin, end in [(0, 0), (0, 1), (0, 7), (64, 100), (256, 300), (0, 65_537)]:
        position = begin
        for node in cover(begin, end):
            assert node.index << node.level == position
            position += 1 << node.level
        assert position == end


@pytest.mark.parametrize("where", range(7))
def test_each_flipped_hash_is_noticed(where: int) -> None:
    index, size = 70, 100
    proof = TREE.inclusion_proof(index, size)
    assert len(proof) == 7
    proof[where] = bytes([proof[where][0] ^ 1]) + proof[where][1:]
    with pytest.raises(RootMismatch) as caught:
        verify_inclusion(LEAVES[index], index, size, proof, TREE.root(size))
    assert caught.value.expected == TREE.root(size)
    assert caught.value.calculated == root_from_inclusion(LEAVES[index], index, size, proof)


def test_a_proof_stands_for_one_index_only() -> None:
    for index in range(SMALL):
        proof = TREE.inclusion_proof(index, SMALL)
        for other in set(range(SMALL)) - {index}:
            with pytest.raises(RootMismatch):
                verify_inclusion(LEAVES[index], other, SMALL, proof, ROOTS[SMALL])


def test_an_inner_node_does_not_pass_as_an_entry() -> None:
    left, right = TREE.level(1)[:2]
    with pytest.raises(RootMismatch):
        verify_inclusion(leaf_hash(left + right), 0, 1, [], TREE.root(4))


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (5, 4), (0, 0), (0, 301)])
def test_what_is_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(MalformedProof):
        TREE.inclusion_proof(index, size)


@pytest.mark.parametrize(("old", "new"), [(-1, 4), (5, 4), (0, -1), (0, 301)])
def test_a_tree_does_not_shrink(old: int, new: int) -> None:
    with pytest.raises(MalformedProof):
        TREE.consistency_proof(old, new)


def test_hashes_of_other_lengths_are_refused() -> None:
    for leaves in ([b"x"], [b"x", b"y"], [LEAVES[0], b"x"], [LEAVES[0] + b"\0"] * 4):
        with pytest.raises(MalformedProof):
            root_of(leaves)
        with pytest.raises(MalformedProof):
            MerkleTree(leaves)
    with pytest.raises(MalformedProof):
        CompactRange(2, (b"x",))
    with pytest.raises(MalformedProof):
        CompactRange(3, (LEAVES[0],))
    with pytest.raises(MalformedProof):
        plan_inclusion(0, 5).assemble([])


def test_a_refused_extension_leaves_the_tree_as_it_was() -> None:
    tree = MerkleTree(LEAVES[:3])
    with pytest.raises(MalformedProof):
        tree.extend([LEAVES[3], b"short"])
    assert (tree.size, tree.root()) == (3, ROOTS[3])
