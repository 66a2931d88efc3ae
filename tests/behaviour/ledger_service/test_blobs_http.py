"""Attachments: only bytes that are what their name says, and nothing left of the others."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from ledger_service.blobs.service import BlobService
from ledger_service.statements.model import Rejected
from tests.fakes.check_ledger import check_ledger
from tests.fakes.http import Call, call, request
from tests.fakes.plant import LEDGER, Plant

PHOTO = b"\xff\xd8\xff" + b"photo of a seal" * 5000
DIGEST = hashlib.sha256(PHOTO).hexdigest()
PATH = f"/v1/blobs/{DIGEST}"
JPEG = {"content-type": "image/jpeg"}


def files(plant: Plant) -> list[Path]:
    return [path for path in (plant.settings.data_dir / "blobs").rglob("*") if path.is_file()]


def test_a_blob_is_stored_once_and_read_back(plant: Plant) -> None:
    put, again, got = call(plant.services, [Call("PUT", PATH, PHOTO, headers=JPEG)] * 2 + [Call("GET", PATH)])
    assert (put.status_code, again.status_code, got.status_code) == (201, 200, 200)
    assert put.json() == {"sha256": DIGEST, "size": len(PHOTO), "media_type": "image/jpeg"}
    assert got.content == PHOTO
    assert got.headers["content-type"] == "image/jpeg"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert len(files(plant)) == 1


def test_a_wrong_digest_leaves_nothing(plant: Plant) -> None:
    answer = request(plant.services, "PUT", PATH, content=PHOTO + b"!", headers=JPEG)
    assert (answer.status_code, answer.json()["reason"]) == (422, "DigestMismatch")
    assert files(plant) == []
    assert request(plant.services, "GET", PATH).status_code == 404


@pytest.mark.parametrize(
    ("name", "headers", "status"),
    [
        (DIGEST.upper(), JPEG, 400),
        (DIGEST[:-1], JPEG, 400),
        ("..%2f..%2fledger.sqlite", JPEG, 404),
        (DIGEST, {}, 400),
        (DIGEST, {"content-type": "image/jpeg<script>"}, 400),
    ],
)
def test_names_and_media_types_are_strict(plant: Plant, name: str, headers: dict[str, str], status: int) -> None:
    answer = request(plant.services, "PUT", f"/v1/blobs/{name}", content=PHOTO, headers=headers)
    assert answer.status_code == status
    assert files(plant) == []


def test_a_blob_is_bounded_while_it_streams(tmp_path: Path) -> None:
    plant = Plant(tmp_path / "data", open_loopback=True, max_blob_bytes=1000)
    answer = request(plant.services, "PUT", PATH, content=PHOTO, headers=JPEG)
    assert answer.status_code == 413
    assert files(plant) == []
    plant.services.close()


def test_a_full_disk_is_said_plainly_and_leaves_nothing(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with plant.services.blobs.begin(DIGEST, "image/jpeg") as upload:
        upload.write(PHOTO)
        monkeypatch.setattr("ledger_service.blobs.service.os.fsync", full)
        with pytest.raises(Exception, match="cannot grow"):
            upload.finish()
    assert files(plant) == []


def test_a_disk_that_is_full_already_is_said_plainly_too(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ledger_service.blobs.service.make_dirs", full)
    answer = request(plant.services, "PUT", PATH, content=PHOTO, headers=JPEG)
    assert (answer.status_code, answer.json()["type"]) == (507, "urn:safety-ledger:problem:storage-full")


def test_a_small_blob_on_a_full_disk_leaves_nothing(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its bytes still wait in a buffer: flushing fails, and closing tries and fails again.
    real = BlobService.open_temporary

    def full(store: BlobService) -> tuple[Path, BinaryIO]:
        path, file = real(store)
        file.close()
        return path, io.BufferedWriter(FullDisk(), 1 << 20)

    monkeypatch.setattr(BlobService, "open_temporary", full)
    answer = request(plant.services, "PUT", PATH, content=PHOTO, headers=JPEG)
    assert (answer.status_code, answer.json()["type"]) == (507, "urn:safety-ledger:problem:storage-full")
    assert files(plant) == []


class FullDisk(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, _data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def attachment(**changes: Any) -> dict[str, Any]:
    value = {"sha256": DIGEST, "size": len(PHOTO), "media_type": "image/jpeg", "name": "seal.jpg", "role": "photo"}
    return value | changes


def test_a_statement_names_only_attachments_that_are_stored(plant: Plant) -> None:
    missing = plant.submit(plant.statement(attachments=[attachment()]))[0]
    request(plant.services, "PUT", PATH, content=PHOTO, headers=JPEG)
    wrong_size = plant.submit(plant.statement(attachments=[attachment(size=1)]))[0]
    good = plant.submit(plant.statement(attachments=[attachment()]))[0]
    reasons = [item.error.reason if isinstance(item, Rejected) else None for item in (missing, wrong_size, good)]
    assert reasons == ["AttachmentMissing", "AttachmentSize", None]
    assert check_ledger(plant.services.engine, LEDGER) == 3


def test_a_file_without_its_row_is_completed_by_the_same_upload(plant: Plant) -> None:
    # What a crash between the rename and the commit leaves.
    path = plant.services.blobs.path(DIGEST)
    path.parent.mkdir(parents=True)
    path.write_bytes(PHOTO)
    assert request(plant.services, "GET", PATH).status_code == 404
    assert request(plant.services, "PUT", PATH, content=PHOTO, headers=JPEG).status_code == 201
    assert request(plant.services, "GET", PATH).content == PHOTO


def leftover(plant: Plant, name: str, hours: float) -> Path:
    """A file that a crash left among the uploads, last written so many hours ago."""
    path = plant.settings.data_dir / "blobs" / "incoming" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half a photo")
    aged(plant, path, hours)
    return path


def aged(plant: Plant, path: Path, hours: float) -> None:
    written = (plant.clock.now() - timedelta(hours=hours)).timestamp()
    os.utime(path, (written, written))


def test_what_a_crash_left_is_swept_at_the_start_after_a_day(plant: Plant) -> None:
    old, young = leftover(plant, "old", 24.1), leftover(plant, "young", 23.9)
    assert request(plant.services, "GET", "/healthz").status_code == 200
    assert (old.exists(), young.exists()) == (False, True)
    plant.clock.advance(hours=1)
    request(plant.services, "GET", "/healthz")
    assert files(plant) == []


def test_an_upload_under_way_is_never_swept_however_slow(plant: Plant) -> None:
    with plant.services.blobs.begin(DIGEST, "image/jpeg") as upload:
        upload.write(PHOTO)
        aged(plant, upload.temporary, 1000)
        assert plant.services.blobs.sweep() == 0
        assert upload.finish()[1]
    assert [path.name for path in files(plant)] == [DIGEST]


def test_a_store_that_has_no_uploads_yet_is_swept_in_vain(plant: Plant) -> None:
    assert plant.services.blobs.sweep() == 0
