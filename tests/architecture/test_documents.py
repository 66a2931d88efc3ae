"""The documents point at things that exist, and the pins name no host."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("contracts/*.md")])
_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
_MAKE = re.compile(r"^make ([a-z-]+)", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    missing = [link for link in _LINK.findall(document.read_text()) if not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_make_target_named_exists(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(_MAKE.findall(document.read_text()))
    assert {target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs/adr/README.md").read_text()
    pages = [page.name for page in (ROOT / "docs/adr").glob("0*.md")]
    assert pages
    assert [name for name in pages if f"({name})" not in index] == []


@pytest.mark.parametrize("pins", sorted(ROOT.glob("requirements/*.txt")), ids=lambda path: path.name)
def test_pins_have_hashes_and_name_no_host(pins: Path) -> None:
    text = pins.read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text


def _tracked(pattern: str) -> list[Path]:
    listing = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / path for path in listing.split() if (ROOT / path).exists()]


def test_npm_locks_have_digests_and_name_no_host() -> None:
    locks = _tracked("*package-lock.json")
    assert locks
    assert [lock for lock in locks if '"integrity"' not in lock.read_text() or '"resolved"' in lock.read_text()] == []


def test_modules_stay_small() -> None:
    sizes = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines())
        for path in _tracked("*.py")
        if path.relative_to(ROOT).parts[0] in ("evidence", "anchors", "ledger_service")
    }
    assert sizes
    assert {path: size for path, size in sizes.items() if size > 300} == {}
