"""Every setting is documented, and nothing else is."""

from __future__ import annotations

import re

from ledger_service.config import Settings
from tests.support import REPOSITORY


def test_the_operations_page_lists_exactly_the_settings() -> None:
    page = (REPOSITORY / "docs/operations.md").read_text("utf-8")
    table = page.split("## Settings")[1].split("\n## ")[0]
    variables = " ".join(row.split("|")[1] for row in table.splitlines() if row.startswith("| `"))
    assert sorted(re.findall(r"`([A-Z_]+)`", variables)) == sorted(name.upper() for name in Settings.model_fields)
