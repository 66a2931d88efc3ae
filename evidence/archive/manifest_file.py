"""Verify the manifest of a folder: its signature by the key history of the log beside it, and every file's digest."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from evidence.archive.cross_checks import require_same_history
from evidence.archive.files import read_file
from evidence.errors import DigestMismatch, KeyNotTrusted, Malformed, MissingEvidence, VerificationFailed
from evidence.hashing import sha256
from evidence.log import LogResult
from evidence.package.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SIGNATURE_NAME,
    Manifest,
    manifest_signer,
    parse_manifest,
    verify_manifest,
)
from evidence.report import CheckList, CheckStopped, Report
from evidence.verify import ReceiptVerifier

MANIFEST_ROLES = frozenset({"service", "package"})
"""Roles whose keys may vouch for a package; a device's key vouches for its own records only."""


def verify_manifest_file(folder: Path, paths: Iterable[str], verifier: ReceiptVerifier, result: LogResult) -> Report:
    """The report on `manifest.json`; `paths` are all files of the folder, `result` is the log beside it."""
    checks = CheckList(MANIFEST_NAME)
    try:
        data = checks.run("format", lambda: read_file(folder / MANIFEST_NAME, MAX_MANIFEST_BYTES), "present")
        manifest = checks.run("manifest", lambda: parse_manifest(data), lambda m: f"{len(m.files)} files listed")
    except CheckStopped:
        checks.skip(("format", "manifest", "signature", "files")[len(checks.report().checks) :])
        return checks.report()
    with suppress(CheckStopped):
        checks.run(
            "signature",
            lambda: _verify_signature(folder, data, manifest, verifier, result),
            "signed by an enrolled key",
        )
    # Whoever signed the list: a file that differs from it is named.
    with suppress(CheckStopped):
        checks.run("files", lambda: _verify_files(folder, manifest, paths), "every file has its listed digest")
    return checks.report()


def _verify_signature(
    folder: Path, data: bytes, manifest: Manifest, verifier: ReceiptVerifier, result: LogResult
) -> None:
    try:
        jws = read_file(folder / SIGNATURE_NAME, 4096).decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed(f"{SIGNATURE_NAME} is not ASCII") from error
    kid = manifest_signer(jws)
    checkpoint = verifier.checkpoint(manifest.checkpoint.encode("utf-8"))
    if checkpoint.origin != manifest.origin:
        raise VerificationFailed("the manifest's origin is not that of its checkpoint")
    if result.log is None or not result.complete:
        raise MissingEvidence(f"whether key {kid} was good is told by the log, and the log beside it did not verify")
    require_same_history(checkpoint, result.log)
    # The package holds this log, so it was made after the log's head, whatever older head the manifest names.
    jwk = result.history.require_valid(kid, result.log.checkpoint.size, manifest.created_at)
    state = result.history.get(kid)
    if state is None or state.role not in MANIFEST_ROLES:
        raise KeyNotTrusted(f"key {kid} has no role that may sign a package")
    verify_manifest(data, jws, jwk)


def _verify_files(folder: Path, manifest: Manifest, paths: Iterable[str]) -> None:
    listed = {item.path: item for item in manifest.files}
    extra = sorted(set(paths) - listed.keys() - {MANIFEST_NAME, SIGNATURE_NAME})
    if extra:
        raise VerificationFailed(f"{len(extra)} file(s) that the manifest does not list, first {extra[0]}")
    for path, item in listed.items():
        data = read_file(folder / path)
        if len(data) != item.size:
            raise VerificationFailed(f"{path} has {len(data)} bytes, {item.size} are listed")
        if sha256(data) != item.sha256:
            raise DigestMismatch(path, item.sha256, sha256(data))
