"""Gas of an anchor, from the snapshot that the contract tests keep true (`contracts/gas.json`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Row

_SNAPSHOT = Path(__file__).parents[1] / "contracts" / "gas.json"


def rows(_quick: bool) -> Iterator[Row]:
    """The dearest steady anchor with a proof among the ordinary batches."""
    snapshot = json.loads(_SNAPSHOT.read_text(encoding="utf-8"))
    cases = {name: int(gas) for name, gas in snapshot["gas"].items() if name.startswith("steady, with proof")}
    name = max(cases, key=lambda item: cases[item])
    dearest = max(int(gas) for case, gas in snapshot["gas"].items() if case.startswith("dearest proof"))
    title = f"gas of an anchor with proof at {snapshot['size']:,} leaves ({name.removeprefix('steady, with proof, ')})"
    yield Row(title, cases[name], 62_000, f"{cases[name]:,} gas", f"{dearest:,} at worst", at_most=True)
