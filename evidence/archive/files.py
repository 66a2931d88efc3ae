"""Bounded reading of evidence files. Links are refused: what they point to is not part of the evidence."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from evidence.errors import LimitExceeded, Malformed, MissingEvidence
from evidence.package.manifest import MAX_FILES, check_path

MAX_FILE_BYTES = 256 * 1024 * 1024


def read_file(path: Path, limit: int = MAX_FILE_BYTES) -> bytes:
    """Read a regular file of at most `limit` bytes. Raises `MissingEvidence`, `Malformed` or `LimitExceeded`."""
    try:
        info = os.lstat(path)
        if not stat.S_ISREG(info.st_mode):
            raise Malformed(f"{path.name} is not a regular file")
        if info.st_size > limit:
            raise LimitExceeded(f"{path.name} has {info.st_size} bytes, at most {limit} allowed")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingEvidence(f"{path.name} is not there") from error
    except OSError as error:
        # A disk that cannot be read says nothing about the evidence on it.
        raise MissingEvidence(f"{path.name} cannot be read: {error.strerror}") from error


def list_files(folder: Path) -> Iterator[str]:
    """Paths of all files below `folder`, with `/`, sorted.

    Raises `Malformed` for links, special files and names that no package path may have.
    """
    found: list[str] = []
    for directory, folders, names in os.walk(folder):
        for name in [*names, *folders]:
            full = Path(directory, name)
            # Before the name stands in any message: it comes from whoever made the folder.
            check_path(full.relative_to(folder).as_posix())
            if full.is_symlink() or (name in names and not full.is_file()):
                raise Malformed(f"{full.relative_to(folder).as_posix()} is a link or a special file")
        found += [Path(directory, name).relative_to(folder).as_posix() for name in names]
        if len(found) > MAX_FILES:
            raise LimitExceeded(f"more than {MAX_FILES} files in the folder")
    yield from sorted(found)
