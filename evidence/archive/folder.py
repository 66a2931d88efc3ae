"""Verify a folder of evidence: manifest, log, receipts and proofs, each held against the others.

In this order: (1) the log, whose key events tell which keys are good, (2) the manifest's signature and every file's
digest, (3) each receipt and proof, held against the log. What is absent is UNKNOWN, never passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from evidence.archive.files import list_files, read_file
from evidence.archive.proof_file import failed_report, verify_proof
from evidence.entry import parse_entry
from evidence.errors import (
    DigestMismatch,
    EvidenceError,
    KeyNotTrusted,
    Malformed,
    MissingEvidence,
    RootMismatch,
    VerificationFailed,
)
from evidence.hashing import sha256
from evidence.key_events import RECORD_TYPE, KeyHistory
from evidence.log import VerifiedLog, verify_log
from evidence.package.manifest import (
    MANIFEST_NAME,
    SIGNATURE_NAME,
    Manifest,
    manifest_signer,
    parse_manifest,
    verify_manifest,
)
from evidence.receipt import Receipt, parse_receipt
from evidence.report import CheckList, CheckStopped, Outcome, Report
from evidence.verify import ReceiptVerifier

MANIFEST_ROLES = frozenset({"service", "package"})
"""Roles whose keys may vouch for a package; a device's key vouches for its own records only."""
Progress = Callable[[int, int], None]
"""Called with how many receipts and proofs are done, and of how many."""


class FolderVerifier:
    """Verifies a folder with `manifest.json`, `manifest.jws`, `log/`, `receipts/` and `proofs/`."""

    def __init__(self, folder: Path, verifier: ReceiptVerifier, progress: Progress) -> None:
        self._folder = folder
        self._verifier = verifier
        self._progress = progress
        self._receipts: dict[str, bytes] = {}

    def verify(self) -> list[Report]:
        """All reports: manifest, log, then receipts and proofs by name."""
        try:
            paths = list(list_files(self._folder))
            self._receipts = {
                name: read_file(self._folder / name)
                for name in paths
                if name.startswith("receipts/") and name.endswith(".json")
            }
        except EvidenceError as error:
            return [failed_report("folder", "files", error)]
        result = verify_log(self._read_log, self._verifier, self._key_events())
        reports = [self._verify_manifest(paths, result.history), result.report]
        proofs = [name for name in paths if name.startswith("proofs/") and name.endswith(".tlog-proof")]
        total = len(self._receipts) + len(proofs)
        for name, data in self._receipts.items():
            reports.append(self._held_against_log(self._verifier.verify(data, name), data, result.log))
            self._progress(len(reports) - 2, total)
        for name in proofs:
            reports.append(self._verify_proof_file(name, result.log))
            self._progress(len(reports) - 2, total)
        return reports

    def _read_log(self, path: str) -> bytes:
        return read_file(self._folder / "log" / path)

    def _key_events(self) -> dict[int, tuple[str, ...]]:
        """Disclosures of key events by index, from every receipt that shows some; proven only when applied."""
        events: dict[int, tuple[str, ...]] = {}
        for data in self._receipts.values():
            try:
                receipt = parse_receipt(data)
                entry = parse_entry(receipt.entry)
            except EvidenceError:
                continue  # The receipt's own report says what is wrong with it.
            own = (receipt,) if entry.statement.claims.type == RECORD_TYPE else ()
            for event in (*own, *receipt.keys):
                if len(event.disclosures) > len(events.get(event.proof.index, ())):
                    events[event.proof.index] = event.disclosures
        return events

    def _verify_manifest(self, paths: list[str], history: KeyHistory) -> Report:
        checks = CheckList(MANIFEST_NAME)
        try:
            data = checks.run("format", lambda: read_file(self._folder / MANIFEST_NAME), "present")
            manifest = checks.run("manifest", lambda: parse_manifest(data), lambda m: f"{len(m.files)} files listed")
            checks.run(
                "signature", lambda: self._verify_signature(data, manifest, history), "signed by an enrolled key"
            )
            checks.run("files", lambda: self._verify_files(manifest, paths), "every file has its listed digest")
        except CheckStopped:
            checks.skip(("format", "manifest", "signature", "files")[len(checks.report().checks) :])
        return checks.report()

    def _verify_signature(self, data: bytes, manifest: Manifest, history: KeyHistory) -> None:
        try:
            jws = read_file(self._folder / SIGNATURE_NAME, 4096).decode("ascii")
        except UnicodeDecodeError as error:
            raise Malformed(f"{SIGNATURE_NAME} is not ASCII") from error
        checkpoint = self._verifier.checkpoint(manifest.checkpoint.encode("utf-8"))
        if checkpoint.origin != manifest.origin:
            raise VerificationFailed("the manifest's origin is not that of its checkpoint")
        # The package is made after its checkpoint, so its key must be good at the next index.
        kid = manifest_signer(jws)
        jwk = history.require_valid(kid, checkpoint.size, manifest.created_at)
        state = history.get(kid)
        if state is None or state.role not in MANIFEST_ROLES:
            raise KeyNotTrusted(f"key {kid} has no role that may sign a package")
        verify_manifest(data, jws, jwk)

    def _verify_files(self, manifest: Manifest, paths: list[str]) -> None:
        listed = {item.path: item for item in manifest.files}
        extra = sorted(set(paths) - listed.keys() - {MANIFEST_NAME, SIGNATURE_NAME})
        if extra:
            raise VerificationFailed(f"{len(extra)} file(s) that the manifest does not list, first {extra[0]}")
        for path, item in listed.items():
            data = read_file(self._folder / path)
            if len(data) != item.size:
                raise VerificationFailed(f"{path} has {len(data)} bytes, {item.size} are listed")
            if sha256(data) != item.sha256:
                raise DigestMismatch(path, item.sha256, sha256(data))

    def _held_against_log(self, report: Report, data: bytes, log: VerifiedLog | None) -> Report:
        """Add the check that the receipt speaks of the same history as the log beside it."""
        if log is None or report.verdict is Outcome.INVALID:
            return report
        checks = CheckList(report.subject, list(report.checks))
        with suppress(CheckStopped):
            checks.run("history", lambda: _verify_same_history(parse_receipt(data), log, self._verifier), "same log")
        return checks.report()

    def _verify_proof_file(self, name: str, log: VerifiedLog | None) -> Report:
        try:
            data = read_file(self._folder / name)
        except EvidenceError as error:
            return failed_report(name, "format", error)
        return verify_proof(name, data, self._verifier, lambda index: _leaf(log, index))


def _verify_same_history(receipt: Receipt, log: VerifiedLog, verifier: ReceiptVerifier) -> None:
    """Two signed heads of one log must not tell different histories: the sign of a split view."""
    checkpoint = verifier.checkpoint(receipt.proof.checkpoint)
    if checkpoint.origin != log.checkpoint.origin or checkpoint.size > log.checkpoint.size:
        raise MissingEvidence("the receipt's checkpoint is of another log, or newer than the log beside it")
    root = log.tree.root(checkpoint.size)
    if root != checkpoint.root:
        raise RootMismatch(root, checkpoint.root)


def _leaf(log: VerifiedLog | None, index: int) -> bytes | None:
    return log.leaf_hashes[index] if log is not None and index < len(log.leaf_hashes) else None
