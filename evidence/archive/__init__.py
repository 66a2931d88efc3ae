"""Reading evidence from disk: one receipt, one tlog-proof, or a folder. The thin adapter above the pure core."""

from __future__ import annotations

from pathlib import Path

from evidence.archive.files import list_files, read_file
from evidence.archive.folder import FolderVerifier, Progress
from evidence.archive.proof_file import failed_report, verify_proof
from evidence.errors import EvidenceError, MissingEvidence
from evidence.hashing import leaf_hash
from evidence.report import CheckList, Outcome, Report
from evidence.verify import ReceiptVerifier

__all__ = ["FolderVerifier", "Progress", "list_files", "read_file", "verify_path"]
_NO_ANCHOR = MissingEvidence("a tlog-proof carries no anchor: verify the receipt, or the folder with the log")


def verify_path(
    path: Path, verifier: ReceiptVerifier, *, entry: Path | None = None, progress: Progress | None = None
) -> list[Report]:
    """Verify a receipt, a tlog-proof or a folder; one report per subject, in the order of checking.

    A lone tlog-proof carries no anchor: where the policy requires one, the answer is UNKNOWN at best.
    """
    if path.is_dir():
        return FolderVerifier(path, verifier, progress or (lambda done, total: None)).verify()
    try:
        data = read_file(path)
        if path.suffix != ".tlog-proof":
            return [verifier.verify(data, path.name)]
        leaf = None if entry is None else leaf_hash(read_file(entry))
    except EvidenceError as error:
        return [failed_report(path.name, "format", error)]
    checks = CheckList(path.name, list(verify_proof(path.name, data, verifier, lambda index: leaf).checks))
    checks.add("anchor", Outcome.UNKNOWN, _NO_ANCHOR.reason, str(_NO_ANCHOR), verifier.policy.require_anchor)
    return [checks.report()]
