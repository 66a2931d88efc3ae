"""Files that are there after a power cut, or not at all.

A name is durable only when the file *and* its folder were flushed: rename first without the folder's fsync and a crash
may bring the old name back.
"""

from __future__ import annotations

import os
from pathlib import Path


def sync_dir(folder: Path) -> None:
    """Flush the names in `folder` to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_dirs(folder: Path, mode: int = 0o777) -> None:
    """Create `folder` with `mode` and its parents, each name durable before the next is made below it.

    The umask is taken from the mode; a folder that is there keeps its own.
    """
    if folder.is_dir():
        return
    make_dirs(folder.parent)
    folder.mkdir(mode, exist_ok=True)
    sync_dir(folder.parent)


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file that does not exist yet and flush its bytes; its name is durable after `sync_dir(path.parent)`.

    Raises FileExistsError when the name is taken, OSError when the disk refuses.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
