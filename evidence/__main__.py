"""`python -m evidence verify PATH --policy FILE`: the offline verifier, without the service and without a network.

Exit codes: 0 VALID, 1 INVALID, 2 UNKNOWN, 64 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from evidence.archive import read_file, verify_path
from evidence.errors import EvidenceError
from evidence.policy import MAX_POLICY_BYTES, VerificationPolicy, parse_policy
from evidence.records import load_record_types, validate
from evidence.report import Outcome, Report, verdict_of
from evidence.verify import ReceiptVerifier

EXIT_CODES = {Outcome.VALID: 0, Outcome.INVALID: 1, Outcome.UNKNOWN: 2}
EXIT_USAGE = 64
_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        policy = load_policy(options.policy)
    except EvidenceError as error:
        print(f"policy: {error}", file=sys.stderr)
        return EXIT_USAGE
    if not options.path.exists():
        print(f"{options.path}: no such file or folder", file=sys.stderr)
        return EXIT_USAGE
    verifier = ReceiptVerifier(policy, load_record_types().values(), validate)
    reports = verify_path(options.path, verifier, entry=options.entry)
    verdict = verdict_of(report.verdict for report in reports)
    if options.json:
        value = {"verdict": str(verdict), "reports": [report.to_json() for report in reports]}
        print(json.dumps(value, ensure_ascii=False, indent=2))
    else:
        print("\n".join(render(reports, verdict)))
    return EXIT_CODES[verdict]


def load_policy(path: Path) -> VerificationPolicy:
    """Read and parse the verifier's own policy file. Raises `EvidenceError`."""
    try:
        return parse_policy(read_file(path, MAX_POLICY_BYTES).decode("utf-8"))
    except UnicodeDecodeError:
        return parse_policy("\0")  # Refused as TOML, with the parser's own error.


def render(reports: Sequence[Report], verdict: Outcome) -> list[str]:
    """Lines for a person: the verdict, what failed, what could not be decided, then what is proven."""
    lines = [str(verdict)]
    troubled = sorted((r for r in reports if r.failed), key=lambda report: report.verdict)
    for report in troubled[:_SHOWN]:
        lines.append(f"{report.verdict:<8} {report.subject}")
        lines += [
            f"         {check.number:>2} {check.name}: {check.outcome} ({check.reason}) {check.detail}"
            for check in report.failed
        ]
    if len(troubled) > _SHOWN:
        lines.append(f"         … and {len(troubled) - _SHOWN} more; --json lists all")
    lines += _proven(reports)
    return lines


def _proven(reports: Sequence[Report]) -> list[str]:
    if len(reports) == 1:
        return [
            f"         {c.number:>2} {c.name}: {c.outcome} {c.detail}"
            for c in reports[0].checks
            if c.reason == "Proven"
        ]
    counts = {outcome: sum(report.verdict is outcome for report in reports) for outcome in Outcome}
    return ["", " · ".join(f"{count} {outcome}" for outcome, count in counts.items()) + f" of {len(reports)} subjects"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evidence", description="Verify evidence offline.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="verify a receipt, a .tlog-proof or a folder of evidence")
    verify.add_argument("path", type=Path, help="receipt.json, FILE.tlog-proof, or a folder")
    verify.add_argument("--policy", type=Path, required=True, help="your own trust policy, TOML")
    verify.add_argument("--entry", type=Path, help="entry bytes for a lone .tlog-proof")
    verify.add_argument("--json", action="store_true", help="print the whole report as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
