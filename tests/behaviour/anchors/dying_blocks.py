"""Run as a program: a process dies at each write of a block in turn; the chain has to be as before, and go on.

A program of its own, because it forks: a test runner has threads, and threads do not survive a fork.

    python -m tests.behaviour.anchors.dying_blocks CHAIN.sqlite CONTRACT CODE_HASH
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from anchors.evm.deploy import open_ledger
from anchors.evm.embedded import EmbeddedNode
from anchors.evm.kvstore import SqliteKeyValueStore
from anchors.evm.signer import LocalSigner
from anchors.model import AnchorTarget
from anchors.profile import EMBEDDED
from evidence.anchor import keccak256
from tests.fakes.clock import FakeClock

KEY = LocalSigner(keccak256(b"publisher"))
DIED, LIVED = 7, 8


def make_block(path: Path, target: AnchorTarget) -> None:
    """Open a ledger: one transaction, one block."""
    node = EmbeddedNode(path, FakeClock().now)
    open_ledger(node, KEY, EMBEDDED, target, bytes(32), KEY.address)


def die_at_write(at: int, path: Path, target: AnchorTarget) -> None:
    """The process ends, without any clean-up, instead of the `at`-th write."""
    real, count = SqliteKeyValueStore.__setitem__, iter(range(1, 10**6))

    def dying(store: SqliteKeyValueStore, key: bytes, value: bytes) -> None:
        if next(count) == at:
            os._exit(DIED)
        real(store, key, value)

    SqliteKeyValueStore.__setitem__ = dying  # type: ignore[method-assign]
    make_block(path, target)


def in_a_process(work: Callable[[], None]) -> int:
    """Exit code of a forked process that does the work."""
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(LIVED)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def tip_hash(path: Path) -> bytes:
    """Hash of the newest block in the file."""
    node = EmbeddedNode(path, FakeClock().now)
    try:
        return node.tip().hash
    finally:
        node.close()


def main(path: Path, target: AnchorTarget) -> int:
    """Number of writes at which a process died without leaving a trace; the block is made by the last process."""
    before, deaths = tip_hash(path), 0
    while in_a_process(partial(die_at_write, deaths + 1, path, target)) == DIED:
        deaths += 1
        assert tip_hash(path) == before, f"write {deaths} left something behind"
    assert tip_hash(path) != before
    return deaths


if __name__ == "__main__":
    contract, code_hash = map(bytes.fromhex, sys.argv[2:4])
    print(main(Path(sys.argv[1]), AnchorTarget(EMBEDDED.name, EMBEDDED.chain_id, contract, code_hash)))
