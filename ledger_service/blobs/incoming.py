"""Uploads under way, one file each, and the leftovers among them.

A live upload holds a lock on its file that ends with its process. What a crash left is unlocked, and no longer written.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

KEPT = timedelta(days=1)
"""How long a leftover stays for somebody to look at. Also covers the instant between a file's birth and its lock."""


def open_new(path: Path) -> BinaryIO:
    """A new file for an upload, locked while it is open. Raises OSError."""
    file = path.open("xb")
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
    except OSError:
        path.unlink(missing_ok=True)
        file.close()
        raise
    return file


def sweep(folder: Path, now: datetime) -> int:
    """Remove the leftovers in `folder` that nobody wrote to for `KEPT`; returns how many. Never raises OSError."""
    before = (now - KEPT).timestamp()
    swept = 0
    with suppress(OSError):
        for path in list(folder.iterdir()):
            swept += _removed(path, before)
    return swept


def _removed(path: Path, before: float) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False  # Finished meanwhile, or nothing of ours.
    try:
        if os.fstat(descriptor).st_mtime >= before:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except OSError:
        return False  # A live upload, however slow.
    finally:
        os.close(descriptor)
    return True
