"""Proofs as plans: which perfect subtrees a proof needs, and how to fold their hashes into it.

A plan maps integers to integers, so it can be tested without a hash, and its nodes can be fetched from memory, tiles or
another machine in one go. At the right edge of a tree a proof element may cover several perfect subtrees; their hashes
are fetched separately and folded by `ProofPlan.assemble`.

    plan = plan_inclusion(index, size)
    proof = plan.assemble(reader.hashes(plan.nodes))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from evidence.errors import MalformedProof
from evidence.hashing import node_hash


class NodeId(NamedTuple):
    """The perfect subtree over leaves `[index·2^level, (index+1)·2^level)`."""

    level: int
    index: int  # type: ignore[assignment]  # Hides tuple.index, which a node has no use for.


@dataclass(frozen=True, slots=True)
class ProofPlan:
    """The nodes of a proof, left to right within an element, and how many of them make each element."""

    nodes: tuple[NodeId, ...]
    widths: tuple[int, ...]
    """For each proof element the number of consecutive nodes that fold into it, at least 1."""

    def assemble(self, hashes: Sequence[bytes]) -> list[bytes]:
        """Fold the hashes of `nodes`, in the same order, into the proof. Raises `MalformedProof` for another count."""
        if len(hashes) != len(self.nodes):
            raise MalformedProof(f"the plan needs {len(self.nodes)} hashes, got {len(hashes)}")
        proof, begin = [], 0
        for width in self.widths:
            proof.append(fold(hashes[begin : begin + width]))
            begin += width
        return proof


def fold(hashes: Sequence[bytes]) -> bytes:
    """Hash of a range from the hashes of its perfect subtrees, left (largest) to right; at least one."""
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


def compact_nodes(size: int) -> tuple[NodeId, ...]:
    """The perfect subtrees that cover `[0, size)`, largest first: one per set bit of `size >= 0`."""
    return cover(0, size)


def cover(begin: int, end: int) -> tuple[NodeId, ...]:
    """The perfect subtrees that cover `[begin, end)`, left to right.

    `begin` must be aligned so that the subtrees only shrink to the right, as every range in a proof is: a multiple of
    the largest power of two that is not above `end - begin`.
    """
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append(NodeId(level, begin >> level))
        begin += 1 << level
    return tuple(nodes)


def plan_inclusion(index: int, size: int) -> ProofPlan:
    """Plan of the audit path of leaf `index` in a tree of `size` leaves, lowest level first.

    Requires `0 <= index < size`, else raises `MalformedProof`. RFC 6962 2.1.1, RFC 9162 2.1.3.1.
    """
    if not 0 <= index < size:
        raise MalformedProof(f"leaf index {index} is not within [0, {size})")
    return _plan(_path(index, 0, 0, size))


def plan_consistency(old: int, new: int) -> ProofPlan:
    """Plan of the consistency proof between trees of `old` and `new` leaves.

    Requires `0 <= old <= new`, else raises `MalformedProof`. Empty for `old == new` and for the explicitly empty old
    tree (`old == 0`), which every tree extends. RFC 6962 2.1.2, RFC 9162 2.1.4.1.
    """
    if not 0 <= old <= new:
        raise MalformedProof(f"no consistency from size {old} to {new}")
    if old in (0, new):
        return ProofPlan((), ())
    # The walk starts at the largest perfect subtree that ends exactly at `old`: both trees have it.
    level = (old & -old).bit_length() - 1
    start = NodeId(level, (old >> level) - 1)
    path = _path(start.index, level, 0, new)
    # The verifier knows that subtree already where it is the whole old tree (a power of two).
    return _plan(path if start.index == 0 else [(start,), *path])


def _path(index: int, level: int, begin: int, end: int) -> list[tuple[NodeId, ...]]:
    """Sibling ranges from node `(level, index)` up to the root of `[begin, end)`, lowest first."""
    siblings: list[tuple[NodeId, ...]] = []
    target = index << level
    while end - begin > 1 << level:
        split = begin + (1 << (end - begin - 1).bit_length() - 1)
        if target < split:
            siblings.append(cover(split, end))
            end = split
        else:
            siblings.append(cover(begin, split))
            begin = split
    siblings.reverse()
    return siblings


def _plan(elements: list[tuple[NodeId, ...]]) -> ProofPlan:
    return ProofPlan(tuple(node for element in elements for node in element), tuple(map(len, elements)))
