"""Write docs/openapi.json from the application, or with --check tell whether it is fresh."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ledger_service.app import create_app
from ledger_service.config import Settings
from ledger_service.context import build_services
from scripts.generated import ROOT, write_or_check


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
    text = json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return write_or_check(ROOT / "docs" / "openapi.json", text, arguments, __doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
