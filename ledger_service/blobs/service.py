"""Attachments, stored under their SHA-256 and never changed.

An upload goes to a temporary file while its digest is computed; only bytes that are what their name says are flushed,
renamed into place, and then named by a row. A crash leaves a temporary file, which `sweep` takes away,
or a file without a row, which the same upload again completes.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from sqlalchemy import Engine

from ledger_service.blobs import repository
from ledger_service.blobs.incoming import open_new, sweep
from ledger_service.blobs.model import Blob
from ledger_service.errors import (
    BadRequest,
    NotFound,
    Refused,
    RetryLater,
    ServiceError,
    StorageCorrupt,
    StorageFull,
    TooLarge,
)
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read, write
from ledger_service.kit.files import make_dirs, sync_dir
from ledger_service.kit.ids import RandomBytes

SHA256_HEX = re.compile(r"[0-9a-f]{64}")
MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,63}/[A-Za-z0-9!#$&^_.+-]{1,63}")
"""RFC 6838 clause 4.2 names, without parameters."""
INCOMING = "incoming"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class BlobService:
    """The blob store: a folder and a table that says what is complete in it."""

    def __init__(self, engine: Engine, clock: Clock, data_dir: Path, max_bytes: int, random: RandomBytes) -> None:
        self._engine = engine
        self._clock = clock
        self._root = data_dir / "blobs"
        self._max_bytes = max_bytes
        self._random = random

    def begin(self, sha256: str, media_type: str) -> Upload:
        """Start an upload. Raises BadRequest when the name is no SHA-256 or the media type is malformed."""
        self._require_digest(sha256)
        if not MEDIA_TYPE.fullmatch(media_type):
            raise BadRequest("a blob needs a media type such as image/jpeg, without parameters", reason="media-type")
        return Upload(self, sha256, media_type.lower())

    def get(self, sha256: str) -> Blob:
        """A stored blob. Raises NotFound, and StorageCorrupt when its file is gone."""
        self._require_digest(sha256)
        with read(self._engine) as connection:
            found = repository.find(connection, sha256)
            erased = repository.is_erased(connection, sha256)
        if found is None:
            raise NotFound("no blob has this digest")
        if erased:
            raise NotFound("the blob of this digest was erased", reason="erased")
        path = self.path(sha256)
        if not path.is_file():
            raise StorageCorrupt("a blob's file is missing")
        return Blob(sha256, found[0], found[1], path)

    def sizes(self, digests: Iterable[str]) -> dict[str, int]:
        """The sizes of those blobs that are stored."""
        with read(self._engine) as connection:
            return repository.known(connection, digests)

    def path(self, sha256: str) -> Path:
        """Where the blob's bytes lie, stored or not."""
        return self._root / sha256[:2] / sha256

    def complete(self, upload: Upload) -> tuple[Blob, bool]:
        """Move the checked file into place and write its row; True when the blob is new.

        The folder is flushed before the row is written: a row never names a file that a power cut could take away.
        """
        target = self.path(upload.sha256)
        make_dirs(target.parent)
        os.replace(upload.temporary, target)
        sync_dir(target.parent)
        with write(self._engine) as connection:
            found = repository.find(connection, upload.sha256)
            if not target.is_file():
                raise RetryLater("the blob was erased while it was stored again")
            if found is None:
                repository.add(connection, upload.sha256, upload.size, upload.media_type, self._clock.now())
            repository.revive(connection, upload.sha256)
        media_type = upload.media_type if found is None else found[1]
        return Blob(upload.sha256, upload.size, media_type, target), found is None

    def open_temporary(self) -> tuple[Path, BinaryIO]:
        """A new file beside the blobs, on the same file system so that the rename is atomic. Raises StorageFull."""
        folder = self._root / INCOMING
        path = folder / self._random(16).hex()
        try:
            make_dirs(folder)
            return path, open_new(path)
        except OSError as error:
            raise disk_error(error) from error

    def sweep(self) -> int:
        """Remove what crashes left of uploads more than a day ago; returns how many files. For a start, at any time."""
        return sweep(self._root / INCOMING, self._clock.now())

    @property
    def max_bytes(self) -> int:
        """The largest blob accepted."""
        return self._max_bytes

    @staticmethod
    def _require_digest(sha256: str) -> None:
        if not SHA256_HEX.fullmatch(sha256):
            raise BadRequest("a blob's name is its SHA-256 in 64 lower-case hexadecimal digits", reason="digest")


class Upload:
    """One upload in progress. As a context manager it leaves nothing behind unless `finish` succeeded."""

    def __init__(self, store: BlobService, sha256: str, media_type: str) -> None:
        self.sha256 = sha256
        self.media_type = media_type
        self.size = 0
        self._store = store
        self._hash = hashlib.sha256()
        self.temporary, self._file = store.open_temporary()

    def __enter__(self) -> Upload:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The name goes first: on a full disk closing fails too, and would leave the file and hide what went wrong.
        self.temporary.unlink(missing_ok=True)
        with suppress(OSError):
            self._file.close()

    def write(self, data: bytes) -> None:
        """Take the next bytes. Raises TooLarge, StorageFull."""
        self.size += len(data)
        if self.size > self._store.max_bytes:
            raise TooLarge(f"a blob has at most {self._store.max_bytes} bytes")
        self._hash.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise disk_error(error) from error

    def finish(self) -> tuple[Blob, bool]:
        """Check the digest and make the blob durable. Raises Refused on a wrong digest, StorageFull."""
        calculated = self._hash.hexdigest()
        if calculated != self.sha256:
            raise Refused(f"the bytes have the digest {calculated}", reason="DigestMismatch")
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            return self._store.complete(self)
        except OSError as error:
            raise disk_error(error) from error


def disk_error(error: OSError) -> ServiceError:
    """A full disk is the operator's to mend; any other file error is reported as damage."""
    if error.errno in FULL:
        return StorageFull("the blob store cannot grow; nothing was stored")
    return StorageCorrupt("the blob store failed")
