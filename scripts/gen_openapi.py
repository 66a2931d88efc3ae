"""Write docs/openapi.json from the application, or with --check tell whether it is fresh."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ledger_service.app import create_app
from ledger_service.config import Settings
from ledger_service.context import build_services

TARGET = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


def document() -> dict[str, Any]:
    """The OpenAPI document of a fresh service."""
    with TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder)))
        try:
            return create_app(services).openapi()
        finally:
            services.close()


def main(arguments: Sequence[str]) -> int:
    """Exit status 0 when written or fresh, 1 when stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when the file is stale")
    check = parser.parse_args(arguments).check
    text = json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if not check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    print("docs/openapi.json is stale: run python -m scripts.gen_openapi", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
