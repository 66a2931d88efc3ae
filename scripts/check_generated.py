"""Prove that every generated file in the repository is what its generator makes today; `--write` makes them anew.

Each generator is a module with `main(["--check"])` or `main([])` that returns an exit code and names what is stale.
The contract artifacts have their own target, because they need a compiler: `make check-contracts`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

GENERATORS = (
    "scripts.gen_vectors",
    "scripts.gen_anchor_vectors",
    "scripts.gen_openapi",
    "scripts.gen_cli_help",
    "scripts.gen_catalogue_lock",
    "scripts.gen_catalogue_docs",
)


def main(arguments: Sequence[str]) -> int:
    """Run every generator; the exit code is 1 if any file is stale."""
    options = [] if "--write" in arguments else ["--check"]
    failed = [name for name in GENERATORS if importlib.import_module(name).main(options) != 0]
    for name in failed:
        print(f"stale: run `make vectors` ({name})", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
