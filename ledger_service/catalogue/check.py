"""Check catalogue files as their author has them, and say everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from evidence.canonical import Json
from evidence.records import Catalogue, RecordType, RecordTypeInvalid, load_catalogue
from evidence.records.catalogue import parse_type
from evidence.records.checks import check_catalogue
from evidence.records.clause_map import parse_clause_map
from evidence.records.loader import Document, read_document
from evidence.records.node import place_of
from evidence.records.table_definition import parse_table

Parser = Callable[[Mapping[str, Json]], object]


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file: what it is, or what is wrong with it."""

    file: str
    summary: str
    problems: tuple[str, ...] = ()


def check_files(files: Mapping[str, str], predicates: Collection[str], base: Catalogue) -> tuple[FileReport, ...]:
    """Check files by path. A type of the product among them stands for that type's next edition."""
    reports: list[FileReport] = []
    types: dict[str, RecordType] = {}
    for path, text in files.items():
        try:
            found = _read(path, text)
        except RecordTypeInvalid as error:
            reports.append(FileReport(path, "", (str(error),)))
            continue
        if isinstance(found, RecordType):
            types[path] = found
        reports.append(FileReport(path, _summary(found)))
    whole = replace(base, types={**base.types, **{item.id: item for item in types.values()}})
    return tuple(
        replace(report, problems=_problems(report.file, files[report.file], types[report.file], whole, predicates))
        if report.file in types
        else report
        for report in reports
    )


def check_site(files: Mapping[str, str], predicates: Collection[str]) -> tuple[FileReport, ...]:
    """Check a site's files, and that they go with the product's catalogue."""
    base = load_catalogue()
    reports = check_files(files, predicates, base)
    if any(report.problems for report in reports):
        return reports
    try:
        _ = load_catalogue(files).zone
    except RecordTypeInvalid as error:
        return (*reports, FileReport(error.file, "", (str(error),)))
    return reports


def _read(path: str, text: str) -> object:
    """The type, table or clause map in a file: told apart by what only one of them has."""
    document = read_document(text, path)
    if "fields" in document.value or "subject" in document.value:
        return parse_type(text, path)
    if "values" in document.value or "schema" in document.value:
        return _parsed(document, parse_table)
    return _parsed(document, parse_clause_map)


def _parsed(document: Document, parse: Parser) -> object:
    with document.errors():
        return parse(document.value)


def _summary(found: object) -> str:
    if isinstance(found, RecordType):
        return f"{found.id} {found.version}: {len(found.fields)} fields, {len(found.rules)} rules"
    return f"{getattr(found, 'id', '')} {getattr(found, 'version', '')}"


def _problems(
    path: str, text: str, record_type: RecordType, whole: Catalogue, predicates: Collection[str]
) -> tuple[str, ...]:
    found = check_catalogue(whole, predicates, [record_type.id])
    document = read_document(text, path)
    return tuple(str(_located(document, item.problem, item.path)) for item in found)


def _located(document: Document, problem: str, path: Sequence[str | int]) -> RecordTypeInvalid:
    place = tuple(path)
    words, line = place_of(place, document.value), document.line_of(place)
    return RecordTypeInvalid(problem, path=place, place=words, file=document.name, line=line)
