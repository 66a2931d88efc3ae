"""Verify a folder of evidence: manifest, log, receipts and proofs, each held against the others.

In this order: (1) the log, whose key events tell which keys are good, (2) the manifest's signature and every file's
digest, (3) each receipt and proof, held against the log, (4) the log's own anchor, which a receipt under its head
carries. What is absent is UNKNOWN, never passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from evidence.anchor_checks import CHECKS as ANCHOR_CHECKS
from evidence.archive.cross_checks import Subjects, require_good_key, require_same_history, stray_files
from evidence.archive.files import list_files, read_file
from evidence.archive.manifest_file import verify_manifest_file
from evidence.archive.proof_file import failed_report, verify_proof
from evidence.entry import parse_entry
from evidence.erasures import RECORD_TYPE as ERASURE
from evidence.erasures import ROLE, Erasures
from evidence.errors import EvidenceError, MissingEvidence
from evidence.key_events import RECORD_TYPE
from evidence.log import LogResult, VerifiedLog, verify_log, verify_other_tiles
from evidence.receipt import MAX_RECEIPT_BYTES, Receipt, parse_receipt
from evidence.report import Check, CheckList, CheckStopped, Outcome, Report
from evidence.statement import disclosed, disclosure_digest
from evidence.tlog_proof import parse_tlog_proof
from evidence.verify import ReceiptVerifier

Progress = Callable[[int, int], None]
"""Called with how many receipts and proofs are done, and of how many."""
_LOG = "log/"
_PROVEN = frozenset({"inclusion", "signature", "disclosures"})
"""What must hold of an erasure's receipt: whoever withholds a field could otherwise bring an unsigned one along."""


@dataclass
class _Folder:
    """What is in the folder, and what has been proven about it so far."""

    paths: list[str]
    log: LogResult
    subjects: Subjects = field(default_factory=Subjects)
    erasures: Erasures = field(default_factory=Erasures)
    anchor: tuple[str, list[Check]] | None = None
    """A receipt under the log's own head, and its checks of anchor and finality; the best one seen."""


class FolderVerifier:
    """Verifies a folder with `manifest.json`, `manifest.jws`, `log/`, `receipts/` and `proofs/`."""

    def __init__(self, folder: Path, verifier: ReceiptVerifier, progress: Progress) -> None:
        self._folder = folder
        self._verifier = verifier
        self._progress = progress

    def verify(self) -> list[Report]:
        """All reports: manifest, log, then receipts and proofs by name."""
        try:
            paths = list(list_files(self._folder))
        except EvidenceError as error:
            return [failed_report("folder", "files", error)]
        receipts = [name for name in paths if name.startswith("receipts/") and name.endswith(".json")]
        proofs = [name for name in paths if name.startswith("proofs/") and name.endswith(".tlog-proof")]
        log = verify_log(self._read_log, self._verifier, self._key_events(receipts))
        state, total = _Folder(paths, log), len(receipts) + len(proofs)
        manifest = verify_manifest_file(self._folder, paths, self._verifier, log)
        reports: list[Report] = []
        self._take_erasures(receipts, state)
        for name in receipts + proofs:
            judge = self._verify_receipt if name.startswith("receipts/") else self._verify_proof
            reports.append(judge(name, state))
            self._progress(len(reports), total)
        stray = [failed_report(name, "format", error) for name, error in stray_files(paths)]
        return [manifest, self._finish_log(state), *reports, *stray]

    def _read_log(self, path: str) -> bytes:
        return read_file(self._folder / "log" / path)

    def _key_events(self, names: list[str]) -> dict[int, tuple[str, ...]]:
        """Disclosures of key events by index, from every receipt that shows some; proven only when applied."""
        events: dict[int, tuple[str, ...]] = {}
        for name in names:
            with suppress(EvidenceError):  # The receipt's own report says what is wrong with it.
                for event in _events_of(parse_receipt(read_file(self._folder / name, MAX_RECEIPT_BYTES))):
                    if len(event.disclosures) > len(events.get(event.proof.index, ())):
                        events[event.proof.index] = event.disclosures
        return events

    def _take_erasures(self, names: list[str], state: _Folder) -> None:
        """Note what the ledger erased, from receipts that prove it; the others are judged in their own report."""
        for name in names:
            with suppress(EvidenceError):
                data = read_file(self._folder / name, MAX_RECEIPT_BYTES)
                receipt = parse_receipt(data)
                statement = parse_entry(receipt.entry).statement
                signer = state.log.history.get(statement.kid)
                if statement.claims.type != ERASURE or signer is None or signer.role != ROLE:
                    continue
                if state.log.log is not None and _PROVEN <= _valid(self._verifier.verify(data, name)):
                    self._require_history(receipt.proof.checkpoint, state.log.log)
                    state.erasures.take(receipt.proof.index, disclosed(statement.showing(receipt.disclosures)))

    def _verify_receipt(self, name: str, state: _Folder) -> Report:
        try:
            data = read_file(self._folder / name, MAX_RECEIPT_BYTES)
        except EvidenceError as error:
            return failed_report(name, "format", error)
        report = self._verifier.verify(data, name)
        log = state.log.log
        if log is None or report.verdict is Outcome.INVALID:
            return report
        receipt = parse_receipt(data)
        checks = CheckList(name, list(report.checks))
        with suppress(CheckStopped):
            checks.run("history", lambda: self._require_history(receipt.proof.checkpoint, log), "same log")
            if state.log.complete:
                self._against_log(checks, receipt, state)
        _note_anchor(name, report, self._verifier.checkpoint(receipt.proof.checkpoint) == log.checkpoint, state)
        return checks.report()

    def _against_log(self, checks: CheckList, receipt: Receipt, state: _Folder) -> None:
        entry, history = parse_entry(receipt.entry), state.log.history
        checks.run("key", lambda: require_good_key(receipt.proof.index, entry, history), "good by every key event")
        missing = entry.statement.sd - {disclosure_digest(item) for item in receipt.disclosures}
        if words := state.erasures.words(receipt.proof.index, missing):
            checks.run("erasure", lambda: None, words)
        checks.run("subject", lambda: state.subjects.take(receipt, entry), "no other receipt contradicts it")

    def _verify_proof(self, name: str, state: _Folder) -> Report:
        try:
            data = read_file(self._folder / name)
        except EvidenceError as error:
            return failed_report(name, "format", error)
        log = state.log.log
        report = verify_proof(name, data, self._verifier, lambda index: _leaf(log, index))
        if log is None or report.verdict is Outcome.INVALID:
            return report
        checks = CheckList(name, list(report.checks))
        with suppress(CheckStopped):
            checks.run("history", lambda: self._require_history(parse_tlog_proof(data).checkpoint, log), "same log")
        return checks.report()

    def _require_history(self, note: bytes, log: VerifiedLog) -> None:
        require_same_history(self._verifier.checkpoint(note), log)

    def _finish_log(self, state: _Folder) -> Report:
        """The log's report with what the rest of the folder adds: its older tiles, and the anchor of its head."""
        log, required = state.log.log, self._verifier.policy.require_anchor
        checks = CheckList(state.log.report.subject, list(state.log.report.checks))
        if log is None:
            checks.skip(("files",))
            checks.skip(ANCHOR_CHECKS, required)
            return checks.report()
        others = (path.removeprefix(_LOG) for path in state.paths if path.startswith(_LOG))
        with suppress(CheckStopped):
            checks.run("files", lambda: verify_other_tiles(self._read_log, others, log), lambda words: words)
        if state.anchor is None:
            missing = MissingEvidence(f"no receipt in the folder is under the log's head of size {log.checkpoint.size}")
            checks.add(ANCHOR_CHECKS[0], Outcome.UNKNOWN, missing.reason, str(missing), required)
            checks.skip(ANCHOR_CHECKS[1:], required)
            return checks.report()
        name, found = state.anchor
        for check in found:
            checks.add(check.name, check.outcome, check.reason, f"by {name}: {check.detail}", required)
        return checks.report()


def _events_of(receipt: Receipt) -> Iterator[Receipt]:
    if parse_entry(receipt.entry).statement.claims.type == RECORD_TYPE:
        yield receipt
    yield from receipt.keys


def _note_anchor(name: str, report: Report, is_head: bool, state: _Folder) -> None:
    """Keep the anchor and finality of a receipt under the log's very head: they speak of the log as much."""
    found = [check for check in report.checks if check.name in ANCHOR_CHECKS]
    proven = sum(check.outcome is Outcome.VALID for check in found)
    best = -1 if state.anchor is None else sum(check.outcome is Outcome.VALID for check in state.anchor[1])
    if is_head and proven > best:
        state.anchor = name, found


def _valid(report: Report) -> set[str]:
    return {check.name for check in report.checks if check.outcome is Outcome.VALID}


def _leaf(log: VerifiedLog | None, index: int) -> bytes | None:
    if log is None or index >= len(log.leaf_hashes):
        return None
    return log.leaf_hashes[index]
