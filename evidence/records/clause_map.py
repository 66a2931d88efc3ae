"""Clause maps: which clause of a standard asks for what, and which record types are evidence for it.

Dated data with a source, like tables: standards move. Titles and questions are the product's own short ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final

from evidence.canonical import Json, dumps
from evidence.hashing import sha256
from evidence.records.node import Node, top_of
from evidence.records.rule_definition import CONFIDENCES

ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_NUMBER: Final = re.compile(r"[1-9][0-9]?(\.[1-9][0-9]?){0,3}")
_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
DOCUMENTED: Final = ("M", "R", "A", "MR", "none")
"""Documented information: maintain, retain, available, both, none asked for."""


@dataclass(frozen=True, slots=True)
class ClauseRecord:
    """A record type that is evidence for a clause; primary ones carry it."""

    type: str
    primary: bool


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: number, own short title, the question an auditor asks, and what answers it."""

    number: str
    title: Mapping[str, str]
    documented: str
    question: Mapping[str, str]
    records: tuple[ClauseRecord, ...]


@dataclass(frozen=True, eq=False)
class ClauseMap:
    """One edition of the map of one standard."""

    id: str
    version: int
    labels: Mapping[str, str]
    source: str
    confidence: str
    valid_from: date | None
    valid_to: date | None
    clauses: tuple[Clause, ...]
    data: Mapping[str, Json] = field(repr=False)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the RFC 8785 form of `data`."""
        return sha256(dumps(dict(self.data)))

    @cached_property
    def by_number(self) -> Mapping[str, Clause]:
        """Clauses by number, in the order of the standard."""
        return {clause.number: clause for clause in self.clauses}

    def within(self, number: str) -> tuple[Clause, ...]:
        """The clause of that number and those below it; a map need not have the upper one."""
        return tuple(item for item in self.clauses if f"{item.number}.".startswith(f"{number}."))

    def types_for(self, number: str) -> tuple[ClauseRecord, ...]:
        """The record types that are evidence for a clause and those below it, primary ones first."""
        found: dict[str, bool] = {}
        for clause in self.within(number):
            for record in clause.records:
                found[record.type] = found.get(record.type, False) or record.primary
        ordered = sorted(found.items(), key=lambda item: not item[1])
        return tuple(ClauseRecord(name, primary) for name, primary in ordered)

    def clauses_for(self, record_type: str) -> tuple[Clause, ...]:
        """The clauses for which a record type is evidence, in the order of the standard."""
        return tuple(clause for clause in self.clauses if any(item.type == record_type for item in clause.records))


def parse_clause_map(data: Mapping[str, Json]) -> ClauseMap:
    """A clause map from the data of its file. Raises `RecordTypeInvalid` with the path of the defect."""
    node = top_of(data)
    node.keys({"id", "version", "labels", "source", "confidence", "clauses"}, {"valid_from", "valid_to"})
    valid_from, valid_to = validity(node)
    clauses = tuple(_clause(item) for item in node["clauses"].each())
    numbers = [clause.number for clause in clauses]
    for position, number in enumerate(numbers):
        if number in numbers[:position]:
            Node(None, ("clauses", position)).fail(f"clause {number} is given twice")
    return ClauseMap(
        id=node["id"].text(ID, "lower-case letters, digits and hyphens"),
        version=node["version"].natural(),
        labels=node["labels"].labels(),
        source=node["source"].text(),
        confidence=node["confidence"].choice(CONFIDENCES),
        valid_from=valid_from,
        valid_to=valid_to,
        clauses=clauses,
        data=dict(data),
    )


def validity(node: Node) -> tuple[date | None, date | None]:
    """`valid_from` and `valid_to` of a dated file; null or missing is open. Raises `RecordTypeInvalid`."""
    first, last = _day(node.get("valid_from", None)), _day(node.get("valid_to", None))
    if first is not None and last is not None and last < first:
        node["valid_to"].fail("lies before valid_from")
    return first, last


def _day(node: Node) -> date | None:
    if node.value is None:
        return None
    try:
        return date.fromisoformat(node.text(re.compile(r"\d{4}-\d{2}-\d{2}"), "a date such as 2026-07-01, or null"))
    except ValueError:
        node.fail("is no day of the calendar")


def _clause(node: Node) -> Clause:
    node.keys({"number", "title", "di", "question", "records"})
    records = []
    for item in node["records"].each():
        item.keys({"type"}, {"primary"})
        record_type = item["type"].text(_TYPE, "the id of a record type")
        records.append(ClauseRecord(record_type, item.get("primary", False).flag()))
    return Clause(
        number=node["number"].text(_NUMBER, "a clause number in quotes, such as '8.1.4'"),
        title=node["title"].labels(),
        documented=node["di"].choice(DOCUMENTED),
        question=node["question"].labels(),
        records=tuple(records),
    )
