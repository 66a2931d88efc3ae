"""Write a seeded sample month of a hazmat warehouse: CSV, JSON, NDJSON and photos such as a plant exports.

python scripts/make_sample_site.py FOLDER [--seed 7] [--month 2026-09]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ledger_service.demo.sample import Month, write_month


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when everything is written, 64 for arguments that make no sense."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--month", default="2026-09", help="YYYY-MM")
    options = parser.parse_args(arguments)
    year, _, month = options.month.partition("-")
    if not (year.isdecimal() and month.isdecimal() and 1 <= int(month) <= 12 and 2000 <= int(year) <= 2100):
        parser.exit(64, f"not a month: {options.month!r}, expected YYYY-MM\n")
    counts = write_month(options.folder, Month(options.seed, int(year), int(month)))
    for name, count in counts.items():
        sys.stdout.write(f"{count:>6}  {name}\n")
    sys.stdout.write(f"{sum(counts.values()):>6}  records in {options.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
