"""Verify everything offline, with `evidence` and the policy file alone: no service, no database, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from evidence.archive import FolderVerifier, read_file
from evidence.policy import MAX_POLICY_BYTES, parse_policy
from evidence.records import load_catalogue, validate, validate_shown
from evidence.report import Outcome, Report
from evidence.verify import ReceiptVerifier
from ledger_service.demo.facts import CheckFact

Progress = Callable[[int, int], None]
Timer = Callable[[], float]


def verifier_of(policy: Path) -> ReceiptVerifier:
    """A verifier that trusts what the policy file says. Raises `EvidenceError`."""
    text = read_file(policy, MAX_POLICY_BYTES).decode("utf-8")
    return ReceiptVerifier(parse_policy(text), load_catalogue().all_types(), validate, validate_shown)


def check_folder(folder: Path, timer: Timer, progress: Progress) -> tuple[Sequence[Report], list[CheckFact]]:
    """Verify the folder as `python -m evidence verify` does: the reports, and a fact for manifest, log, receipts and
    proofs each.
    """
    begun = timer()
    reports = FolderVerifier(folder, verifier_of(folder / "policy.toml"), progress).verify()
    seconds = timer() - begun
    groups = {
        "manifest": [r for r in reports if r.subject == "manifest.json"],
        "log": [r for r in reports if r.subject == "log"],
        "receipts": [r for r in reports if r.subject.startswith("receipts/")],
        "proofs": [r for r in reports if r.subject.startswith("proofs/")],
    }
    stray = [r for r in reports if not any(r in group for group in groups.values())]
    groups["manifest"] += stray
    return reports, [_fact(name, group, seconds if name == "log" else 0.0) for name, group in groups.items()]


def check_every_entry(
    receipts: Iterable[bytes], count: int, policy: Path, timer: Timer, progress: Progress
) -> CheckFact:
    """Verify a receipt of every single entry, ten checks each, anchors included."""
    begun = timer()
    verifier, valid, problem = verifier_of(policy), 0, ""
    for done, data in enumerate(receipts, start=1):
        report = verifier.verify(data, f"entry {done - 1}")
        valid += report.verdict is Outcome.VALID
        if report.verdict is not Outcome.VALID and not problem:
            problem = words(report)
        if done % 100 == 0 or done == count:
            progress(done, count)
    return CheckFact("entries", count, valid, timer() - begun, problem)


def words(report: Report) -> str:
    """What a report found wrong, in a line: subject, check, reason."""
    found = [f"{check.name}: {check.reason}" for check in report.failed if check.reason != "NotRun"]
    return f"{report.subject} {report.verdict} ({'; '.join(found)})"


def _fact(name: str, reports: Sequence[Report], seconds: float) -> CheckFact:
    valid = [report for report in reports if report.verdict is Outcome.VALID]
    bad = next((report for report in reports if report.verdict is not Outcome.VALID), None)
    return CheckFact(name, len(reports), len(valid), seconds, words(bad) if bad else "")
