"""May this ledger sign a new head? Pure rules over what was read.

Every head that left the house is a witness: the `checkpoint` file, the anchors, the chain itself. A database that does
not contain what a witness saw was restored from a backup, or forged; in both cases a new signature would be a fork.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from evidence.hashing import EMPTY_ROOT
from ledger_service.checkpoints.errors import ForkDetected, LedgerBehindAnchor


@dataclass(frozen=True, slots=True)
class Head:
    """A tree head: `size >= 0` and its 32-byte root."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class WitnessedHead:
    """A head of this ledger as some place outside the rows remembers it."""

    source: str
    head: Head


Witness = Callable[[str], Iterable[WitnessedHead]]
"""The heads that a place remembers of a ledger; empty when it cannot be reached, which proves nothing."""


def require_in_step(
    published: Head, witnessed: Iterable[WitnessedHead], root_at: Callable[[int], bytes | None]
) -> None:
    """Require that the published head extends every witnessed one.

    `root_at(size)` is the root of the checkpoint row of that size, or None. Raises `LedgerBehindAnchor` when a witness
    saw a larger tree, `ForkDetected` when it saw another root or a size that was never published.
    """
    for witness in witnessed:
        seen = witness.head
        if seen.size > published.size:
            raise LedgerBehindAnchor(
                f"{witness.source} holds size {seen.size}, the database has published {published.size}; "
                "restore the newest backup before anything is signed"
            )
        expected = EMPTY_ROOT if seen.size == 0 else root_at(seen.size)
        if expected != seen.root:
            found = "no checkpoint" if expected is None else f"root {expected.hex()}"
            raise ForkDetected(f"{witness.source} holds root {seen.root.hex()} at size {seen.size}, the rows {found}")


def require_dense(expected: int, found: int) -> None:
    """Require that the entry read is the next one. Raises `ForkDetected` for a gap or a repetition."""
    if found != expected:
        raise ForkDetected(f"expected entry {expected}, storage has {found}: the log has a gap")
