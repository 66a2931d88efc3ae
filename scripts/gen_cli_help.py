"""Write docs/cli.md from the commands' own help, or with --check tell whether it is fresh."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from typer.main import get_command
from typer.testing import CliRunner

from evidence.__main__ import EXIT_CODES, EXIT_USAGE
from ledger_service.cli.main import NAME, app
from scripts.generated import ROOT, write_or_check

_WIDTH = "100"
_HEAD = """# Command line

`safety-ledger COMMAND --help` prints what stands here. Exit codes: 0 done, VALID or sound; 1 INVALID, findings, or
refused; 2 UNKNOWN; 64 wrong usage; 75 busy, try again later. Results go to standard output, everything else to standard
error; `--json` prints one JSON value.

The same verifier without the service is `python -m evidence verify PATH --policy FILE`; its exit codes are {codes}.
"""


def document() -> str:
    """The page: one section for each command, in alphabetical order."""
    codes = ", ".join(f"{code} {outcome}" for outcome, code in EXIT_CODES.items()) + f", {EXIT_USAGE} wrong usage"
    sections = [f"## {NAME} {' '.join(path)}\n\n```text\n{_help(path)}\n```\n" for path in _paths()]
    return _HEAD.format(codes=codes) + "\n" + "\n".join(sections)


def _paths() -> list[tuple[str, ...]]:
    paths: list[tuple[str, ...]] = []
    for name, command in sorted(get_command(app).commands.items()):  # type: ignore[attr-defined]
        inner = sorted(getattr(command, "commands", {}))
        paths += [(name, item) for item in inner] if inner else [(name,)]
    return paths


def _help(path: tuple[str, ...]) -> str:
    # A terminal's width would otherwise decide where the lines break.
    os.environ["TERMINAL_WIDTH"] = os.environ["COLUMNS"] = _WIDTH
    result = CliRunner().invoke(app, [*path, "--help"], prog_name=NAME, terminal_width=int(_WIDTH), color=False)
    if result.exit_code != 0:
        raise RuntimeError(f"{' '.join(path)} --help ends with {result.exit_code}")
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def main(arguments: Sequence[str]) -> int:
    """Exit status 0 when written or fresh, 1 when stale."""
    return write_or_check(ROOT / "docs" / "cli.md", document(), arguments, __doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
