"""Break the disk under the published log at a chosen call: fail before it takes effect, or right after it did."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ledger_service.checkpoints import log_files, tile_batch
from ledger_service.kit import files
from tests.fakes.faults import Trap

WRITING = ("open", "write", "fsync", "link", "replace")


def medium_error() -> None:
    """What the kernel says when the medium fails."""
    raise OSError(errno.EIO, "Input/output error")


def disk_full() -> None:
    """What the kernel says when there is no space."""
    raise OSError(errno.ENOSPC, "No space left on device")


class _Os:
    """`os` with a trap under the calls that write."""

    def __init__(self, trap: Trap, persisted: bool) -> None:
        self._trap, self._persisted = trap, persisted

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in WRITING:
            return real
        return lambda *args: self._trap.pass_by(lambda: real(*args), self._persisted)


@contextmanager
def breaking_disk(step: int, *, persisted: bool, spring: Callable[[], None] = medium_error) -> Iterator[Trap]:
    """Break the `step`-th writing call. `Trap.sprung` is False when there were fewer."""
    trap = Trap(step, spring)
    broken = _Os(trap, persisted)
    modules = (log_files, tile_batch, files)
    for module in modules:
        vars(module)["os"] = broken
    try:
        yield trap
    finally:
        for module in modules:
            vars(module)["os"] = os
