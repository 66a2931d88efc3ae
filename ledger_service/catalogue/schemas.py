"""Answers of the catalogue's routes."""

from __future__ import annotations

from typing import Any

from evidence.records import Catalogue, RecordType


def summary(record_type: RecordType) -> dict[str, Any]:
    """What a list of types says about one."""
    return {
        "id": record_type.id,
        "version": record_type.version,
        "schema": record_type.schema_claim,
        "labels": dict(record_type.labels),
        "help": dict(record_type.help),
        "subject_kind": record_type.subject_kind,
        "clauses": list(record_type.clauses),
    }


def types_json(catalogue: Catalogue) -> dict[str, Any]:
    """The current version of every type, by id."""
    return {"items": [summary(catalogue.types[name]) for name in sorted(catalogue.types)]}


def type_json(catalogue: Catalogue, record_type: RecordType) -> dict[str, Any]:
    """One version of a type: its data as statements commit to it, and the clauses for which it is evidence."""
    current = catalogue.types.get(record_type.id)
    return {
        **summary(record_type),
        "current": current is not None and current.schema_claim == record_type.schema_claim,
        "versions": sorted(item.version for item in catalogue.all_types() if item.id == record_type.id),
        "data": dict(record_type.data),
        "evidence_for": evidence_for(catalogue, record_type),
    }


def evidence_for(catalogue: Catalogue, record_type: RecordType) -> list[dict[str, Any]]:
    """By clause map: the clauses that the map, or the type itself, ties to the type."""
    found = []
    for name, clause_map in sorted(catalogue.clause_maps.items()):
        tied = {clause.number for clause in clause_map.clauses_for(record_type.id)}
        for number in record_type.clauses if clause_map.id == ISO_45001 else ():
            tied.update(clause.number for clause in clause_map.within(number))
        for clause in clause_map.clauses:
            if clause.number in tied:
                found.append({"map": name, "number": clause.number, "title": dict(clause.title)})
    return found


ISO_45001 = "iso-45001-2018"
"""The map whose numbers the `clauses` of a type are."""
