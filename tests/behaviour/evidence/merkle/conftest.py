"""A tree that reaches over the edges of tiles and chunks."""

from __future__ import annotations

import hashlib

import pytest

from evidence.merkle.tree import MerkleTree


@pytest.fixture(scope="session")
def big() -> MerkleTree:
    """A tree of 131,073 leaves."""
    return MerkleTree(hashlib.sha256(i.to_bytes(4, "big")).digest() for i in range(131_073))
