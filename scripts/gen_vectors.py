"""Write the project's own vectors under `tests/vectors/`; `--check` proves that they are what this makes today."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scripts.vectors import Cases, notes, policies, proofs, receipts, statements, texts

ROOT = Path(__file__).parents[1] / "tests" / "vectors"
AREAS: dict[str, Callable[[], Cases]] = {
    "decimals": texts.decimals,
    "encodings": texts.encodings,
    "json": texts.json_texts,
    "tile_paths": texts.tile_paths,
    "jwks": texts.jwks,
    "policies": policies.policies,
    "inclusion": proofs.inclusion,
    "consistency": proofs.consistency,
    "notes": notes.notes,
    "checkpoints": notes.checkpoints,
    "verifier_keys": notes.verifier_keys,
    "tlog_proofs": notes.tlog_proofs,
    "statements": statements.statements,
    "entries": statements.entries,
    "receipts": receipts.receipts,
}


def render(case: dict[str, Any]) -> str:
    """One spelling of a case. Escapes keep lone surrogates and control characters visible and the file UTF-8."""
    return json.dumps(case, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def make() -> dict[Path, str]:
    """Every vector file with its text."""
    files: dict[Path, str] = {}
    for area, cases in AREAS.items():
        for name, case in cases():
            path = ROOT / area / f"{name}.json"
            assert path not in files, path
            files[path] = render(case)
    return files


def main(arguments: Sequence[str]) -> int:
    """Write the vectors, or with `--check` name the stale ones; the exit code is 1 if any is."""
    files = make()
    present = {path for area in AREAS for path in (ROOT / area).glob("*.json")}
    stale = [path for path, text in files.items() if path not in present or path.read_text("utf-8") != text]
    stale += sorted(present - files.keys())
    if "--check" not in arguments:
        for path in present - files.keys():
            path.unlink()
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print(f"{len(files)} vectors, {len(stale)} changed")
        return 0
    for path in stale:
        print(f"stale: {path.relative_to(ROOT)}", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
