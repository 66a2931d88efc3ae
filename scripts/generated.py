"""What every generator of one committed file shares: write it, or tell whether it is fresh."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def write_or_check(target: Path, text: str, arguments: Sequence[str], words: str | None) -> int:
    """Write `text` to `target`, or with `--check` change nothing. Exit status 0 when written or fresh, 1 when stale."""
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when the file is stale")
    if not parser.parse_args(arguments).check:
        target.write_text(text, encoding="utf-8")
        return 0
    if target.is_file() and target.read_text(encoding="utf-8") == text:
        return 0
    print(f"{target.relative_to(ROOT)} is stale: run `make vectors`", file=sys.stderr)
    return 1
