"""Write a seeded sample month of a hazmat warehouse: XLSX, CSV, JSON, NDJSON and photos such as a plant exports.

python scripts/make_sample_site.py FOLDER [--seed 7] [--month 2026-09]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ledger_service.demo.sample import Month, sample_month, write_month


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
    sample = sample_month(Month(options.seed, int(year), int(month)))
    write_month(options.folder, sample)
    for name, data in sample.files.items():
        if not name.startswith("photos/"):
            sys.stdout.write(f"{len(data):>9,}  {name}\n")
    sys.stdout.write(f"{len(sample.files):>9,}  files in {options.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
