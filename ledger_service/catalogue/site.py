"""The site's own catalogue: files below `<data_dir>/catalogue/`, read once when the services start."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from evidence.records import Catalogue, RecordTypeInvalid, load_catalogue, load_record_types
from evidence.records.loader import FOLDERS
from evidence.records.rules.engine import RuleEngine
from evidence.records.rules.expression import ExpressionInvalid
from ledger_service.errors import CatalogueUnusable

FOLDER: Final = "catalogue"
MAX_FILES: Final = 1000
MAX_FILE_BYTES: Final = 256 * 1024


def site_files(folder: Path) -> dict[str, str]:
    """Text of the YAML files in `types`, `tables` and `maps` below `folder`, by path; none where it does not exist.

    Raises CatalogueUnusable for what cannot be read.
    """
    paths = [path for name in FOLDERS for path in sorted((folder / name).glob("*.yaml"))]
    if len(paths) > MAX_FILES:
        raise CatalogueUnusable(f"{folder}: more than {MAX_FILES} files")
    return {path.relative_to(folder).as_posix(): read_text(path) for path in paths}


def site_catalogue(folder: Path) -> Catalogue:
    """The product's catalogue with the site's files. Raises CatalogueUnusable with file, line and field."""
    try:
        found = load_catalogue(site_files(folder))
        # Read here, where a mistake in the site's own table still has its words.
        _ = found.zone
        _require_usable_rules(found)
        return found
    except RecordTypeInvalid as error:
        raise CatalogueUnusable(str(error)) from error


def _require_usable_rules(catalogue: Catalogue) -> None:
    """A rule that cannot be evaluated would leave every record of its type undecided, and nobody would be told."""
    if not (own := catalogue.types.keys() - load_record_types().keys()):
        return
    rules = RuleEngine(catalogue)
    for name in sorted(own):
        try:
            _ = rules.plan(name).needs, rules.plan(name).display_needs
        except ExpressionInvalid as error:
            problem = f"types/{name}.yaml: {error}; `safety-ledger types check` names the line"
            raise CatalogueUnusable(problem) from error


def read_text(path: Path) -> str:
    """The text of one file; the parser refuses one that is too large. Raises CatalogueUnusable."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CatalogueUnusable(f"{path.name}: must be saved as UTF-8 (choose that coding, not GBK or ANSI)") from error
    except OSError as error:
        raise CatalogueUnusable(f"{path.name}: cannot be read: {error.strerror}") from error
