"""`python -m evidence verify PATH --policy FILE`: the offline verifier, without the service and without a network.

Exit codes: 0 VALID, 1 INVALID, 2 UNKNOWN, 64 wrong usage, 70 a fault of the verifier itself, which is no answer.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from evidence.archive import read_file, verify_path
from evidence.errors import EvidenceError
from evidence.policy import MAX_POLICY_BYTES, VerificationPolicy, parse_policy
from evidence.records import Catalogue, RecordTypeInvalid, load_catalogue, validate, validate_shown
from evidence.records.loader import FOLDERS, MAX_BYTES
from evidence.report import Outcome, Report, verdict_of
from evidence.verify import ReceiptVerifier

EXIT_CODES = {Outcome.VALID: 0, Outcome.INVALID: 1, Outcome.UNKNOWN: 2}
EXIT_USAGE = 64
EXIT_FAULT = 70
_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A console that lacks a character shows its number: the answer must not depend on the console.
        sys.stdout.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        policy, catalogue = load_policy(options.policy), own_catalogue(options.catalogue)
    except EvidenceError as error:
        what = "catalogue" if isinstance(error, RecordTypeInvalid) else "policy"
        print(f"{what}: {str(error).removeprefix('policy: ')}", file=sys.stderr)
        return EXIT_USAGE
    if not os.path.exists(options.path):
        print(f"{options.path}: no such file or folder", file=sys.stderr)
        return EXIT_USAGE
    verifier = ReceiptVerifier(policy, catalogue.all_types(), validate, validate_shown)
    reports = verify_path(options.path, verifier, entry=options.entry)
    verdict = verdict_of(report.verdict for report in reports)
    if options.json:
        value = {"verdict": str(verdict), "reports": [report.to_json() for report in reports]}
        print(json.dumps(value, indent=2))
    else:
        print("\n".join(render(reports, verdict)))
    return EXIT_CODES[verdict]


def load_policy(path: Path) -> VerificationPolicy:
    """Read and parse the verifier's own policy file. Raises `EvidenceError`."""
    try:
        return parse_policy(read_file(path, MAX_POLICY_BYTES).decode("utf-8"))
    except UnicodeDecodeError:
        return parse_policy("\0")  # Refused as TOML, with the parser's own error.


def own_catalogue(folder: Path | None) -> Catalogue:
    """The product's catalogue, with the files of a site below `folder`. Raises `EvidenceError`."""
    paths = [path for name in FOLDERS for path in sorted((folder / name).glob("*.yaml"))] if folder else []
    try:
        texts = {f"{path.parent.name}/{path.name}": read_file(path, MAX_BYTES).decode("utf-8") for path in paths}
    except UnicodeDecodeError as error:
        raise RecordTypeInvalid("a file is not saved as UTF-8") from error
    return load_catalogue(texts)


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
    return [_printable(line) for line in lines]


def _proven(reports: Sequence[Report]) -> list[str]:
    if len(reports) == 1:
        return _proven_checks(reports[0])
    # Of many subjects the first two, manifest and log, say what the whole rests on; receipts are counted.
    lines = [line for report in reports[:2] for line in ("", report.subject, *_proven_checks(report))]
    counts = {outcome: sum(report.verdict is outcome for report in reports) for outcome in Outcome}
    total = " · ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return [*lines, "", f"{total} of {len(reports)} subjects"]


def _proven_checks(report: Report) -> list[str]:
    return [f"         {c.number:>2} {c.name}: {c.outcome} {c.detail}" for c in report.checks if c.reason == "Proven"]


def _printable(line: str) -> str:
    """Names come with the evidence: one with control characters must not write its own verdict on a terminal."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in line
    )


def _own_path(text: str) -> Path:
    """A path of the verifier's own choice, links followed; links inside a folder of evidence are refused."""
    return Path(os.path.realpath(text))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # The library would end with 2, which is UNKNOWN here.
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m evidence", description="Verify evidence offline.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="verify a receipt, a .tlog-proof or a folder of evidence")
    verify.add_argument("path", type=_own_path, help="receipt.json, FILE.tlog-proof, or a folder")
    verify.add_argument("--policy", type=_own_path, required=True, help="your own trust policy, TOML")
    verify.add_argument("--entry", type=_own_path, help="entry bytes for a lone .tlog-proof")
    verify.add_argument("--catalogue", type=_own_path, help="folder with a site's own record types, in types/*.yaml")
    verify.add_argument("--json", action="store_true", help="print the whole report as JSON")
    return parser


def guarded(run: Callable[[], int]) -> int:
    """The exit code of `run`; Python's own for an uncaught error is 1, which is INVALID here."""
    try:
        return run()
    except Exception:
        traceback.print_exc()
        return EXIT_FAULT


if __name__ == "__main__":
    sys.exit(guarded(main))
