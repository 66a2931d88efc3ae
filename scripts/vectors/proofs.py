"""Vectors of Merkle proofs, by the reference recursion of RFC 6962: sound ones, and each way to bend one."""

from __future__ import annotations

import hashlib
from typing import Any

from scripts.vectors import Cases, b64
from tests.reference import merkle as rfc

_ENTRIES = [bytes([i]) * (i % 7) for i in range(130)]


def _leaf(index: int) -> bytes:
    return rfc.mth([_ENTRIES[index]])


def _inclusion(index: int, size: int) -> dict[str, Any]:
    return {
        "index": index, "size": size, "leaf_hash": _leaf(index), "root": rfc.mth(_ENTRIES[:size]),
        "proof": rfc.path(index, _ENTRIES[:size]),
    }  # fmt: skip


def inclusion() -> Cases:
    """`root_from_inclusion` and `verify_inclusion`."""
    for index, size in [(0, 1), (0, 2), (1, 2), (6, 7), (5, 100), (99, 100), (127, 128), (128, 129), (64, 130)]:
        yield f"sound-{index}-of-{size}", _case("an audit path by the RFC's recursion", _inclusion(index, size), None)
    good = _inclusion(70, 100)
    path: list[bytes] = good["proof"]
    bent: dict[str, tuple[dict[str, Any], str]] = {
        "index-equals-size": ({"index": 100}, "MalformedProof"),
        "index-above-size": ({"index": 5, "size": 4}, "MalformedProof"),
        "index-negative": ({"index": -1}, "MalformedProof"),
        "size-zero": ({"index": 0, "size": 0, "proof": []}, "MalformedProof"),
        "size-negative": ({"index": 0, "size": -1}, "MalformedProof"),
        "path-truncated": ({"proof": path[:-1]}, "MalformedProof"),
        "path-truncated-at-leaf": ({"proof": path[1:]}, "MalformedProof"),
        "path-extended": ({"proof": [*path, path[-1]]}, "MalformedProof"),
        "path-empty": ({"proof": []}, "MalformedProof"),
        "hash-short": ({"proof": [*path[:-1], path[-1][:-1]]}, "MalformedProof"),
        "hash-long": ({"proof": [path[0] + b"\0", *path[1:]]}, "MalformedProof"),
        "leaf-hash-short": ({"leaf_hash": good["leaf_hash"][:-1]}, "MalformedProof"),
        "leaf-hash-empty": ({"leaf_hash": b""}, "MalformedProof"),
        "siblings-swapped": ({"proof": [path[1], path[0], *path[2:]]}, "RootMismatch"),
        "path-reversed": ({"proof": path[::-1]}, "RootMismatch"),
        "index-of-sibling": ({"index": 71}, "RootMismatch"),
        "index-of-other-half": ({"index": 6}, "RootMismatch"),
        "leaf-of-other-entry": ({"leaf_hash": _leaf(71)}, "RootMismatch"),
        "root-of-other-size": ({"root": rfc.mth(_ENTRIES[:99])}, "RootMismatch"),
        "mixed-sizes": ({"size": 101, "root": rfc.mth(_ENTRIES[:101])}, "RootMismatch"),
        "root-short": ({"root": good["root"][:-1]}, "RootMismatch"),
        "root-empty": ({"root": b""}, "RootMismatch"),
        "entry-without-prefix": ({"leaf_hash": _h(_ENTRIES[70])}, "RootMismatch"),
    }
    for name, (change, expected) in bent.items():
        yield name, _case(f"an audit path bent: {name}", good | change, expected)
    node = {
        "index": 0,
        "size": 1,
        "leaf_hash": _h(b"\0" + _leaf(0) + _leaf(1)),
        "root": rfc.mth(_ENTRIES[:2]),
        "proof": [],
    }
    yield "inner-node-as-entry", _case("two leaf hashes passed off as one entry", node, "RootMismatch")


def consistency() -> Cases:
    """`verify_consistency`; the size-0 rule: only an empty proof from an explicitly empty tree."""
    for old, new in [(0, 0), (0, 5), (1, 1), (1, 2), (4, 8), (6, 8), (64, 100), (70, 100), (99, 100), (128, 130)]:
        yield f"sound-{old}-to-{new}", _case("a consistency proof by the RFC's recursion", _consistency(old, new), None)
    good, power = _consistency(70, 100), _consistency(64, 100)
    proof: list[bytes] = good["proof"]
    bent: dict[str, tuple[dict[str, Any], str]] = {
        "shrinking": ({"old_size": 100, "new_size": 70}, "MalformedProof"),
        "old-negative": ({"old_size": -1}, "MalformedProof"),
        "truncated": ({"proof": proof[:-1]}, "MalformedProof"),
        "truncated-at-seed": ({"proof": proof[1:]}, "MalformedProof"),
        "extended": ({"proof": [*proof, proof[0]]}, "MalformedProof"),
        "empty": ({"proof": []}, "MalformedProof"),
        "hash-short": ({"proof": [proof[0][:-1], *proof[1:]]}, "MalformedProof"),
        "old-root-short": ({"old_root": good["old_root"][:-1]}, "MalformedProof"),
        "new-root-long": ({"new_root": good["new_root"] + b"\0"}, "MalformedProof"),
        "swapped": ({"proof": [proof[1], proof[0], *proof[2:]]}, "RootMismatch"),
        "old-root-of-other-tree": ({"old_root": rfc.mth(_ENTRIES[1:71])}, "RootMismatch"),
        "new-root-of-other-tree": ({"new_root": rfc.mth(_ENTRIES[1:101])}, "RootMismatch"),
        "roots-exchanged": ({"old_root": good["new_root"], "new_root": good["old_root"]}, "RootMismatch"),
        "mixed-sizes": ({"old_size": 68}, "MalformedProof"),
        "forked-last-entry": ({"old_root": rfc.mth([*_ENTRIES[:69], b"other"])}, "RootMismatch"),
        "equal-sizes-other-roots": (_consistency(70, 70) | {"new_root": good["new_root"]}, "RootMismatch"),
        "equal-sizes-with-proof": (_consistency(70, 70) | {"proof": proof[:1]}, "MalformedProof"),
        "empty-tree-with-proof": (_consistency(0, 100) | {"proof": proof}, "MalformedProof"),
        "empty-tree-with-a-root": (_consistency(0, 100) | {"old_root": good["old_root"]}, "RootMismatch"),
        "empty-to-empty-with-a-root": (_consistency(0, 0) | {"new_root": good["new_root"]}, "RootMismatch"),
        "power-of-two-with-seed": (power | {"proof": [power["old_root"], *power["proof"]]}, "MalformedProof"),
        "power-of-two-other-root": (power | {"old_root": good["old_root"]}, "RootMismatch"),
    }
    for name, (change, expected) in bent.items():
        yield name, _case(f"a consistency proof bent: {name}", good | change, expected)


def _consistency(old: int, new: int) -> dict[str, Any]:
    return {
        "old_size": old, "old_root": rfc.mth(_ENTRIES[:old]), "new_size": new, "new_root": rfc.mth(_ENTRIES[:new]),
        "proof": rfc.proof(old, _ENTRIES[:new]) if old else [],
    }  # fmt: skip


def _h(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _case(desc: str, parts: dict[str, Any], expected: str | None) -> dict[str, Any]:
    shown = {name: b64(value) if isinstance(value, bytes) else value for name, value in parts.items()}
    shown["proof"] = [b64(item) for item in parts["proof"]]
    return {"desc": desc, **shown, "expected": expected}
