"""types: record types as files: check, show, new, diff. None of them needs a ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_service.cli.output import EXIT_REFUSED, DataDir, Json, say, show

if TYPE_CHECKING:
    from evidence.records import Catalogue, RecordType
    from ledger_service.catalogue.check import FileReport

app = typer.Typer(help="Record types as files: check, show, begin a new one, compare two.", no_args_is_help=True)
TypeId = Annotated[str, typer.Argument(help="Id of a record type.", metavar="ID")]
Either = Annotated[str, typer.Argument(help="A file, or ID, or ID@VERSION.")]


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(exists=True, dir_okay=False, help="Files of types, tables or clause maps.")
    ] = None,
    site: Annotated[
        Path | None, typer.Option(help="Folder with types/, tables/ and maps/.", show_default=False)
    ] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> int:
    """Say what is wrong with catalogue files: file, line, field. 1 when anything is.

    Without files: the product's own catalogue and the site's below the data folder.
    """
    from evidence.records import load_catalogue
    from evidence.records.predicates import predicates
    from ledger_service.catalogue.check import check_files, check_site
    from ledger_service.catalogue.site import site_files

    if files:
        texts, unread = _texts(files)
        reports = (*unread, *check_files(texts, predicates(), load_catalogue()))
    else:
        folder = site or _site_folder(data)
        if site is not None and not site.is_dir():
            raise typer.BadParameter("no such folder", param_hint="--site")
        reports = check_site(site_files(folder), predicates())
        if site is None:
            reports = (*_shipped(), *reports)
    value = [{"file": item.file, "summary": item.summary, "problems": list(item.problems)} for item in reports]

    def lines(item: FileReport) -> list[str]:
        return list(item.problems) or [f"{item.file}: sound ({item.summary})"]

    show(value, as_json, lambda: [line for item in reports for line in lines(item)])
    return EXIT_REFUSED if any(item.problems for item in reports) else 0


@app.command("show")
def show_type(
    type_id: TypeId,
    version: Annotated[int | None, typer.Option(min=1, help="An older version; default: the current one.")] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> int:
    """Show a record type: fields, states, rules, clauses; with --json the data that statements commit to."""
    from ledger_service.catalogue.describe import committed, describe

    found = _by_name(_catalogue(data), type_id, version)
    if found is None:
        say(f"there is no record type {type_id}" + (f" of version {version}" if version else ""))
        return EXIT_REFUSED
    show(committed(found) if as_json else None, as_json, lambda: describe(found))
    return 0


@app.command()
def new(
    type_id: TypeId,
    folder: Annotated[Path, typer.Option(help="Where to write the file.")] = Path(),
) -> int:
    """Write ID.yaml, a commented record type that passes the check, to be made your own."""
    from evidence.records import RecordTypeInvalid, load_record_types, parse_type
    from ledger_service.catalogue.template import new_type

    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", type_id):
        raise typer.BadParameter(
            "an id is lower-case letters, digits and underscores, such as eyewash_check", param_hint="ID"
        )
    text = new_type(type_id)
    try:
        parse_type(text, f"{type_id}.yaml")
    except RecordTypeInvalid as error:
        raise typer.BadParameter(str(error), param_hint="ID") from error
    path = folder / f"{type_id}.yaml"
    if type_id in load_record_types() or path.exists():
        say(f"{path.name} is there already" if path.exists() else f"the product has a record type {type_id}")
        return EXIT_REFUSED
    path.write_text(text, encoding="utf-8")
    say(f"wrote {path}")
    return 0


@app.command()
def diff(old: Either, new: Either, data: DataDir = None, as_json: Json = False) -> int:
    """Compare two record types: what was added, removed, changed, and whether old data still fit. 0 when they do."""
    from evidence.records.compare import compare

    catalogue = _catalogue(data)
    pair = [_either(catalogue, text) for text in (old, new)]
    result = compare(*pair)
    value = {
        "differences": [
            {"part": item.part, "name": item.name, "change": item.change, "what": item.what}
            for item in result.differences
        ],
        "old_data_fit": result.old_data_fit,
        "misfits": list(result.misfits),
    }
    show(value, as_json, lambda: list(_diff_lines(value)))
    return 0 if result.old_data_fit else EXIT_REFUSED


def _diff_lines(value: dict[str, Any]) -> Iterator[str]:
    for item in value["differences"]:
        yield f"{item['change']:<8}  {item['part']} {item['name']}" + (f": {item['what']}" if item["what"] else "")
    if not value["differences"]:
        yield "no difference"
    yield "old data fit" if value["old_data_fit"] else "old data may not fit:"
    yield from (f"  {reason}" for reason in value["misfits"])


def _texts(files: list[Path]) -> tuple[dict[str, str], list[FileReport]]:
    """Text by path, and a report for each file that cannot be read."""
    from ledger_service.catalogue.check import FileReport
    from ledger_service.catalogue.site import read_text
    from ledger_service.errors import CatalogueUnusable

    texts: dict[str, str] = {}
    unread: list[FileReport] = []
    for path in files:
        try:
            texts[str(path)] = read_text(path)
        except CatalogueUnusable as error:
            unread.append(FileReport(str(path), "", (error.detail,)))
    return texts, unread


def _site_folder(data: Path | None) -> Path:
    from ledger_service.catalogue.site import FOLDER
    from ledger_service.config import Settings

    return (Settings().data_dir if data is None else data) / FOLDER


def _catalogue(data: Path | None) -> Catalogue:
    from ledger_service.catalogue.site import site_catalogue

    return site_catalogue(_site_folder(data))


def _shipped() -> tuple[Any, ...]:
    from evidence.records import load_catalogue
    from evidence.records.loader import FOLDERS, shipped
    from evidence.records.predicates import predicates
    from ledger_service.catalogue.check import check_files

    names = {f"{folder}/{name}": text for folder in FOLDERS for name, text in sorted(shipped(folder).items())}
    own = {path: text for path, text in names.items() if not path.endswith("/_common.yaml")}
    return check_files(own, predicates(), load_catalogue())


def _by_name(catalogue: Catalogue, type_id: str, version: int | None) -> RecordType | None:
    fitting = [item for item in catalogue.all_types() if item.id == type_id and version in (None, item.version)]
    return fitting[0] if fitting else None


def _either(catalogue: Catalogue, text: str) -> RecordType:
    from evidence.records import RecordTypeInvalid, parse_type
    from ledger_service.catalogue.site import read_text

    if text.endswith(".yaml"):
        if not Path(text).is_file():
            raise typer.BadParameter(f"{text}: no such file")
        try:
            return parse_type(read_text(Path(text)), text)
        except RecordTypeInvalid as error:
            raise typer.BadParameter(str(error)) from error
    name, _, version = text.partition("@")
    if version and not (version.isascii() and version.isdigit()):
        raise typer.BadParameter(f"{text}: a version is a whole number")
    found = _by_name(catalogue, name, int(version) if version else None)
    if found is None:
        raise typer.BadParameter(f"there is no record type {text}; a file ends in .yaml")
    return found
