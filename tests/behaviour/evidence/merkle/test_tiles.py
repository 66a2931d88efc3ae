"""Tiles: the layout against a naive builder, paths, growth, and reading proofs back at the edges of tiles."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import EvidenceError, LimitExceeded, Malformed, MalformedProof
from evidence.hashing import leaf_hash
from evidence.merkle.proofs import NodeId, plan_consistency, plan_inclusion
from evidence.merkle.tiles import (
    ENTRIES,
    TileHashReader,
    TileId,
    decode_entries,
    encode_entries,
    entry_bundles_between,
    parse_tile_path,
    tile_of,
    tiles_between,
)
from evidence.merkle.tree import MerkleTree
from evidence.merkle.verify import verify_consistency, verify_inclusion
from tests.reference import merkle as rfc
from tests.support import own_cases

DATA = [i.to_bytes(2, "big") * (i % 5) for i in range(600)]
EDGES = (1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000)


def reader(tree: MerkleTree) -> Callable[[str], bytes]:
    """Tiles of a whole tree, as a store would answer."""

    def read(path: str) -> bytes:
        tile = parse_tile_path(path)
        begin = tile.index * 256
        return b"".join(tree.level(8 * tile.level)[begin : begin + tile.width])

    return read


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 600])
def test_layout_is_that_of_the_naive_builder(size: int) -> None:
    expected = rfc.tiles(DATA[:size])
    tree = MerkleTree(map(leaf_hash, DATA[:size]))
    read = reader(tree)
    built = {tile.path: read(tile.path) for tile in tiles_between(0, size)}
    for bundle in entry_bundles_between(0, size):
        begin = bundle.index * 256
        built[bundle.path] = encode_entries(DATA[begin : begin + bundle.width])
    assert built == expected


def test_seventy_thousand_leaves_as_the_standard_counts_them() -> None:
    tiles = tiles_between(0, 70_000)
    count = {level: [t.width for t in tiles if t.level == level] for level in (0, 1, 2)}
    assert count == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    assert [(t.level, t.width) for t in tiles_between(0, 256)] == [(0, 256), (1, 1)]


def test_growth_names_each_new_or_longer_tile_once() -> None:
    for old in (0, 1, 200, 255, 256, 257, 300, 512):
        for new in (old, old + 1, 256, 257, 600):
            if new < old:
                continue
            before, after = rfc.tiles(DATA[:old]), rfc.tiles(DATA[:new])
            grown = [t.path for t in [*tiles_between(old, new), *entry_bundles_between(old, new)]]
            assert sorted(grown) == sorted(path for path in after if path not in before)


@pytest.mark.parametrize("size", EDGES)
def test_proofs_read_from_tiles_at_the_edges(size: int, big: MerkleTree) -> None:
    tiles = TileHashReader(reader(big), size)
    root = big.root(size)
    for index in sorted({0, 1, 254, 255, 256, 65_534, 65_535, 65_536, size // 2, size - 2, size - 1}):
        if not 0 <= index < size:
            continue
        plan = plan_inclusion(index, size)
        proof = plan.assemble(tiles.hashes(plan.nodes))
        assert proof == big.inclusion_proof(index, size)
        verify_inclusion(big.level(0)[index], index, size, proof, root)
        plan = plan_consistency(index + 1, size)
        proof = plan.assemble(tiles.hashes(plan.nodes))
        verify_consistency(index + 1, big.root(index + 1), size, root, proof)


def test_a_partial_tile_may_have_been_replaced_by_a_longer_one(big: MerkleTree) -> None:
    longer = {f"tile/0/000.p/{width}": reader(big)("tile/0/000") for width in (3, 200)}
    plan = plan_inclusion(2, 3)
    assert plan.assemble(TileHashReader(longer.__getitem__, 3).hashes(plan.nodes)) == big.inclusion_proof(2, 3)


def test_a_short_tile_is_refused(big: MerkleTree) -> None:
    tiles = TileHashReader(lambda path: reader(big)(path)[:-1], 300)
    with pytest.raises(Malformed):
        tiles.hashes([NodeId(0, 299)])


def test_a_node_beyond_the_tree_has_no_tile() -> None:
    for node in (NodeId(0, 300), NodeId(9, 0), NodeId(0, -1), NodeId(8, 1)):
        with pytest.raises(MalformedProof):
            tile_of(node, 300)


@given(st.integers(-1, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_paths_round_trip(level: int, index: int, width: int) -> None:
    tile = TileId(level, index, width)
    assert parse_tile_path(tile.path) == tile


def test_paths_of_the_standard() -> None:
    assert TileId(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert TileId(ENTRIES, 67, 3).path == "tile/entries/067.p/3"


@pytest.mark.parametrize("case", own_cases("tile_paths"))
def test_refused_paths(case: dict[str, str]) -> None:
    with pytest.raises(EvidenceError) as caught:
        parse_tile_path(case["input"])
    assert caught.value.reason == case["expected"]


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_bundles_round_trip(entries: list[bytes]) -> None:
    data = encode_entries(entries)
    assert decode_entries(data, len(entries)) == entries
    for count in {0, len(entries) + 1} - {len(entries)}:
        with pytest.raises(Malformed):
            decode_entries(data, count)


@given(st.binary(max_size=80), st.integers(0, 256))
def test_any_bundle_is_read_or_refused(data: bytes, count: int) -> None:
    try:
        assert encode_entries(decode_entries(data, count)) == data
    except Malformed:
        return


def test_an_entry_too_long_for_its_prefix() -> None:
    assert len(encode_entries([bytes(65_535)])) == 65_537
    with pytest.raises(LimitExceeded):
        encode_entries([bytes(65_536)])
