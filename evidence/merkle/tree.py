"""Roots of growing trees.

`CompactRange` appends with O(log n) state. `MerkleTree` keeps every level in memory and answers proofs at once; it is
for packages, tests and benchmarks, while the ledger reads nodes from tiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice

from evidence.errors import MalformedProof
from evidence.hashing import EMPTY_ROOT, HASH_SIZE, NODE_PREFIX, node_hash
from evidence.merkle.proofs import NodeId, compact_nodes, plan_consistency

_SIZES = frozenset({HASH_SIZE})
_CHUNK = 1 << 16
"""Leaves folded at a time by `root_of`: bounds memory to the chunk and keeps the inner loop long."""


def parents(level: Sequence[bytes]) -> list[bytes]:
    """Hash neighbouring pairs of one level into the next; an odd last node is left out, as it has no sibling yet."""
    pairs = iter(level)
    return [sha256(NODE_PREFIX + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]


class CompactRange:
    """The minimal perfect subtrees covering `[0, size)`, largest first: all that is needed to append.

    `hashes` has one 32-byte hash per set bit of `size`. Raises `MalformedProof` if they do not fit together.
    """

    __slots__ = ("_hashes", "_size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(hashes) != size.bit_count() or any(len(item) != HASH_SIZE for item in hashes):
            raise MalformedProof(f"a compact range of size {size} does not have {len(hashes)} subtrees of 32 bytes")
        self._size = size
        self._hashes = list(hashes)

    @property
    def size(self) -> int:
        """Number of leaves covered."""
        return self._size

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """Subtree hashes, largest subtree first."""
        return tuple(self._hashes)

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf hash (32 bytes) at index `size`."""
        self._push(leaf_hash, 0)

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaf hashes in order; whole aligned chunks are folded level by level, which is much faster.

        Raises `MalformedProof` for a hash that is not 32 bytes; what came before it may have been added.
        """
        leaves = iter(leaf_hashes)
        # Up to the next chunk boundary leaf by leaf: only then may a whole chunk be folded on its own.
        for leaf in islice(leaves, -self._size % _CHUNK):
            self._push(leaf, 0)
        while chunk := list(islice(leaves, _CHUNK)):
            if not _SIZES.issuperset(map(len, chunk)):
                raise MalformedProof("a leaf hash has 32 bytes")
            if len(chunk) == _CHUNK:
                self._push(perfect_root(chunk), _CHUNK.bit_length() - 1)
            else:
                self._extend_short(chunk)

    def root(self) -> bytes:
        """Root of the tree of `size` leaves (RFC 6962 section 2.1); `EMPTY_ROOT` for size 0."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            root = node_hash(left, root)
        return root

    def _extend_short(self, chunk: list[bytes]) -> None:
        """Add fewer than a chunk of leaves, at a chunk boundary, as perfect subtrees from large to small."""
        begin = 0
        for level in reversed(range(len(chunk).bit_length())):
            if len(chunk) >> level & 1:
                self._push(perfect_root(chunk[begin : begin + (1 << level)]), level)
                begin += 1 << level

    def _push(self, subtree: bytes, level: int) -> None:
        if len(subtree) != HASH_SIZE:
            raise MalformedProof(f"a leaf hash has 32 bytes, got {len(subtree)}")
        position = self._size >> level
        while position & 1:
            subtree = node_hash(self._hashes.pop(), subtree)
            position >>= 1
        self._hashes.append(subtree)
        self._size += 1 << level


def perfect_root(level: list[bytes]) -> bytes:
    """Root of a perfect subtree: `level` has a power of two many hashes."""
    while len(level) > 1:
        level = parents(level)
    return level[0]


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Root of the tree with these leaf hashes, in O(log n) memory beside the iterable."""
    tree = CompactRange()
    tree.extend(leaf_hashes)
    return tree.root()


class MerkleTree:
    """A whole tree in memory: `levels[k][i]` is the hash of the perfect subtree `NodeId(k, i)`."""

    __slots__ = ("_latest", "_levels")

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        self._latest: tuple[int, list[bytes], int, list[bytes]] = (0, [], 0, [])
        """Size, last nodes, index and path of the latest inclusion proof."""
        self.extend(leaf_hashes)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0])

    def level(self, height: int) -> Sequence[bytes]:
        """Hashes of all perfect subtrees of `2^height` leaves, left to right; empty above the tree."""
        return self._levels[height] if height < len(self._levels) else ()

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf hash (32 bytes) at index `size`."""
        self.extend((leaf_hash,))

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaf hashes in order. Raises `MalformedProof` for a hash that is not 32 bytes; nothing is added then."""
        added = list(leaf_hashes)
        if not _SIZES.issuperset(map(len, added)):
            raise MalformedProof("a leaf hash has 32 bytes")
        level, depth = self._levels[0], 0
        level += added
        while len(level) > 1:
            if depth + 1 == len(self._levels):
                self._levels.append([])
            above = self._levels[depth + 1]
            above += parents(level[2 * len(above) :])
            level, depth = above, depth + 1

    def root(self, size: int | None = None) -> bytes:
        """Root at `size` leaves, `0 <= size <= self.size`; of the whole tree if left out."""
        size = self._checked(size)
        return CompactRange(size, list(self._hashes(compact_nodes(size)))).root()

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Audit path of leaf `index` in the tree of `size` leaves, lowest level first; `0 <= index < size`.

        Two paths are the same from the node on that covers both leaves; asked in log order, a proof costs little more
        than what it does not share with the one before.
        """
        size = self.size if size is None else self._checked(size)
        if not 0 <= index < size:
            raise MalformedProof(f"leaf index {index} is not within [0, {size})")
        known_size, last, previous, path = self._latest
        shared = (index ^ previous).bit_length()
        # Within a perfect subtree every level has its sibling, so that levels and path elements correspond.
        if size == known_size and (index >> shared) + 1 << shared <= size:
            path = path.copy()
            for depth in range(shared):
                path[depth] = self._levels[depth][index >> depth ^ 1]
        else:
            last = last if size == known_size else self._last_nodes(size)
            path = self._path(index, size, last)
        self._latest = size, last, index, path
        return path.copy()

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """Consistency proof from `old` to `new` leaves; `0 <= old <= new <= self.size`."""
        plan = plan_consistency(old, self._checked(new))
        return plan.assemble(list(self._hashes(plan.nodes)))

    def _path(self, index: int, size: int, last: Sequence[bytes]) -> list[bytes]:
        """Audit path from scratch; `last` are the `_last_nodes` at this size."""
        levels = self._levels
        # Below the level where the path meets the right edge every sibling is perfect; above, only those to the left.
        inner = (index ^ (size - 1)).bit_length()
        path = [level[index >> depth ^ 1] for depth, level in zip(range(inner - 1), levels, strict=False)]
        if inner:
            path.append(last[inner - 1])
        path += [levels[depth][(index >> depth) - 1] for depth in range(inner, len(last)) if index >> depth & 1]
        return path

    def _last_nodes(self, size: int) -> list[bytes]:
        """At each level below the root the hash of the last node at `size` leaves, which covers leaf `size - 1`."""
        last = self._levels[0][size - 1]
        nodes: list[bytes] = []
        for depth in range((size - 1).bit_length()):
            nodes.append(last)
            index = (size - 1) >> depth
            # A left child without a sibling stands for its parent too (RFC 6962 section 2.1).
            last = node_hash(self._levels[depth][index - 1], last) if index & 1 else last
        return nodes

    def _hashes(self, nodes: Iterable[NodeId]) -> Iterator[bytes]:
        return (self._levels[node.level][node.index] for node in nodes)

    def _checked(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise MalformedProof(f"tree size {size} is not within [0, {self.size}]")
        return size
