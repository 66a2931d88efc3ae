"""`python -m bench [--quick] [--json] [--only WORD]`: measure and print the table; the exit code is 0 either way."""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
from dataclasses import asdict

from bench.measure import Row

AREAS = ("merkle", "canonical_json", "rules", "ingest", "imports", "chains", "publish", "gas")


def main(arguments: list[str]) -> int:
    """Run the areas in turn; an area whose parts are not installed is named and left out."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that everything runs, proves no speed")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--only", action="append", choices=AREAS, help="measure this area only; may be repeated")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    for area in options.only or AREAS:
        try:
            found = importlib.import_module(f"bench.{area}").rows(options.quick)
        except ImportError as error:
            print(f"{area}: not measured, {error}", file=sys.stderr)
            continue
        for row in found:
            rows.append(row)
            if not options.json:
                print(_line(row), flush=True)
    if options.json:
        machine = {"python": platform.python_version(), "machine": platform.machine()}
        print(json.dumps({**machine, "rows": [asdict(row) | {"met": row.met} for row in rows]}, indent=1))
    else:
        short = [row.name for row in rows if not row.met]
        print(f"\n{len(rows) - len(short)} of {len(rows)} goals met" + "".join(f"\nshort: {name}" for name in short))
    return 0


def _line(row: Row) -> str:
    if row.goal is None and row.at_most:
        figures = f"{row.ratio:>10,.1f}  no goal         "
    elif row.goal is None:
        figures = f"{row.ratio:>9.2f}x  no goal         "
    elif row.at_most:
        figures = f"{row.ratio:>10,.1f}  goal <= {row.goal:>8,.0f}"
    else:
        figures = f"{row.ratio:>9.2f}x  goal >= {row.goal:>7.1f}x"
    mark = "ok   " if row.met else "SHORT"
    return f"{mark} {figures}  {row.ours:>12} against {row.peer:<16}  {row.name}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
