"""`python -m ledger_service.demo`: the demo without the command line tool."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ledger_service.demo.run import SEED, run_demo
from ledger_service.demo.texts import LANGUAGES


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when all is proven and every alteration was found, 1 when not, 64 for folders that are taken."""
    parser = argparse.ArgumentParser(prog="python -m ledger_service.demo", description="Run the demo end to end.")
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="the evidence folder")
    parser.add_argument("--data", type=Path, help="the ledger's data folder; a second run continues it")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--lang", choices=LANGUAGES, help="default: from LANG")
    parser.add_argument("--percent", type=int, default=100, help="how much of a full month, 1 to 100")
    parser.add_argument("--json", action="store_true", help="facts as JSON instead of the table")
    options = parser.parse_args(arguments)
    return run_demo(
        options.output,
        data=options.data,
        seed=options.seed,
        language=options.lang,
        as_json=options.json,
        percent=options.percent,
    )


if __name__ == "__main__":
    sys.exit(main())
