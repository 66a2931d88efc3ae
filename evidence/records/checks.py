"""What can be said about a catalogue only as a whole: expressions against fields and predicates, names across files.

    for problem in check_catalogue(load_catalogue(site), predicates()):
        print(problem.type_id, problem.path, problem.problem)

Needs the rules engine; reading a catalogue does not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from evidence.canonical import Json
from evidence.records.catalogue import Catalogue
from evidence.records.model import RecordType
from evidence.records.node import Path, RecordTypeInvalid, place_of
from evidence.records.rules.cel import check_expression
from evidence.records.rules.expression import ExpressionInvalid
from evidence.records.slips import slips_of, unknown_limits


@dataclass(frozen=True, slots=True)
class Problem:
    """A defect of a type: where in its file, and what to do."""

    type_id: str
    path: Path
    problem: str


@dataclass(frozen=True, slots=True)
class Source:
    """An expression of a type, the place where it stands, and the type whose payload it speaks of."""

    path: Path
    text: str
    about: str


def check_catalogue(
    catalogue: Catalogue, predicates: Collection[str], only: Collection[str] | None = None
) -> tuple[Problem, ...]:
    """Every defect of the current types, or of those in `only`, in the order of the files."""
    found: list[Problem] = []
    for type_id in sorted(catalogue.types if only is None else only):
        record_type = catalogue.types[type_id]
        found += _follows(catalogue, record_type)
        found += _tables(catalogue, record_type)
        found += [Problem(type_id, path, words) for path, words in slips_of(catalogue, record_type)]
        for source in sources_of(record_type):
            found += _expression(catalogue, record_type, source, predicates)
    return tuple(found)


def require_sound(catalogue: Catalogue, predicates: Collection[str]) -> None:
    """Raise `RecordTypeInvalid` for the first defect, where there is one."""
    for item in check_catalogue(catalogue, predicates):
        place = place_of(item.path, dict(catalogue.types[item.type_id].data))
        raise RecordTypeInvalid(item.problem, path=item.path, place=place, file=f"{item.type_id}.yaml")


def sources_of(record_type: RecordType) -> Iterator[Source]:
    """The CEL expressions of a type."""
    lifecycle = record_type.lifecycle
    if lifecycle is not None:
        for event in lifecycle.events.values():
            yield Source(("lifecycle", "events", event.name, "when"), event.when, record_type.id)
        for position, follow in enumerate(lifecycle.follow):
            yield Source(("lifecycle", "follow", position, "when"), follow.when, follow.record)
        for position, timed in enumerate(lifecycle.timed):
            yield Source(("lifecycle", "timed", position, "when"), timed.when, record_type.id)
    for position, rule in enumerate(record_type.rules):
        yield Source(("rules", position, "applies"), rule.applies, record_type.id)
        yield Source(("rules", position, "check"), rule.check, record_type.id)


def _expression(
    catalogue: Catalogue, record_type: RecordType, source: Source, predicates: Collection[str]
) -> Iterator[Problem]:
    about = catalogue.types.get(source.about)
    if not source.text or about is None:
        return
    try:
        check_expression(source.text, about.fields, predicates)
    except ExpressionInvalid as error:
        yield Problem(record_type.id, source.path, str(error))
    for words in unknown_limits(catalogue, source.text):
        yield Problem(record_type.id, source.path, words)


def _follows(catalogue: Catalogue, record_type: RecordType) -> Iterator[Problem]:
    for position, follow in enumerate(record_type.lifecycle.follow if record_type.lifecycle else ()):
        path = ("lifecycle", "follow", position, "record")
        other = catalogue.types.get(follow.record)
        if other is None:
            yield Problem(record_type.id, path, f"there is no record type {follow.record}")
        elif other.subject_kind not in (record_type.subject_kind, "*"):
            kinds = f"{follow.record} is about {other.subject_kind}, this type about {record_type.subject_kind}"
            yield Problem(record_type.id, path, f"{kinds}: they never meet in one stream")


def _tables(catalogue: Catalogue, record_type: RecordType) -> Iterator[Problem]:
    for position, deadline in enumerate(record_type.deadlines):
        if not deadline.due.table:
            continue
        name, _, key = deadline.due.table.partition(".")
        path = ("deadlines", position, "due", "table")
        editions = [table for table in catalogue.tables.editions() if table.id == name]
        if not editions:
            yield Problem(record_type.id, path, f"there is no table {name}")
        for table in editions:
            if not isinstance(_member(table.values, key), dict):
                yield Problem(record_type.id, path, f"table {name}, version {table.version}, has no durations {key}")


def _member(values: object, key: str) -> Json:
    found: Json = values.get(key) if isinstance(values, dict) else None
    return found
