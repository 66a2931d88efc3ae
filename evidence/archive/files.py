"""Bounded reading of evidence files. Links are refused: what they point to is not part of the evidence."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator
from contextlib import closing
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

    Raises `Malformed` for links, special files and names that no manifest could list, `LimitExceeded` for too many
    files or folders, and `MissingEvidence` for a folder that cannot be read: nothing in it may go unseen.
    """
    found: list[str] = []
    pending, folders = [""], 0
    # A list of folders to visit and no recursion: the depth of a folder is the sender's choice.
    while pending:
        prefix = pending.pop()
        with closing(_scan(folder, prefix)) as members:
            for name, is_folder in members:
                (pending if is_folder else found).append(f"{name}/" if is_folder else name)
                folders += is_folder
                if max(len(found), folders) > MAX_FILES:
                    raise LimitExceeded(f"more than {MAX_FILES} files or folders in the folder")
    yield from sorted(found)


def _scan(folder: Path, prefix: str) -> Generator[tuple[str, bool], None, None]:
    """Path of each member of one folder, and whether it is a folder itself."""
    try:
        with os.scandir(folder / prefix) as members:
            for member in members:
                # Before the name stands in any message: it comes from whoever made the folder.
                name = check_path(prefix + member.name)
                is_folder = member.is_dir(follow_symlinks=False)
                if not is_folder and not member.is_file(follow_symlinks=False):
                    raise Malformed(f"{name} is a link or a special file")
                yield name, is_folder
    except OSError as error:
        raise MissingEvidence(f"folder {prefix or '.'} cannot be read: {error.strerror}") from error
