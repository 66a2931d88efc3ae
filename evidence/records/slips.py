"""Slips that a record type can be read with: a name that nothing else has, a state that nothing leads out of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, cast

from evidence.records.catalogue import Catalogue
from evidence.records.lifecycle_definition import LifecycleDef
from evidence.records.model import RecordType
from evidence.records.node import Path
from evidence.records.units import UNITS

ISO_MAP: Final = "iso-45001-2018"
LIMITS: Final = "limits"
_LIMIT: Final = re.compile(r"\blimit\(\s*(['\"])([^'\"]*)\1\s*\)")
Slip = tuple[Path, str]


def slips_of(catalogue: Catalogue, record_type: RecordType) -> Iterator[Slip]:
    """Place and words of each slip of a type within its catalogue."""
    yield from _clauses(catalogue, record_type)
    schemas = cast("Mapping[str, Mapping[str, Any]]", record_type.schema["properties"])
    for name in record_type.fields:
        yield from _kinds(catalogue, record_type, name)
        yield from _options(record_type, name, schemas.get(name, {}))
        yield from _units(name, schemas.get(name, {}))
    if record_type.lifecycle is not None:
        yield from _dead_ends(record_type.lifecycle)


def unknown_limits(catalogue: Catalogue, expression: str) -> Iterator[str]:
    """What an expression asks of the table of limits that no edition of it has."""
    known = {key for table in catalogue.tables.editions() if table.id == LIMITS for key in _keys(table.values)}
    for _, name in _LIMIT.findall(expression):
        if name not in known:
            yield f"the table {LIMITS} has no entry {name}" + ("" if known else f": there is no table {LIMITS}")


def _keys(values: object) -> Collection[str]:
    return values.keys() if isinstance(values, Mapping) else ()


def _clauses(catalogue: Catalogue, record_type: RecordType) -> Iterator[Slip]:
    iso = catalogue.clause_maps.get(ISO_MAP)
    if iso is None:
        return
    numbers = [clause.number for clause in iso.clauses]
    for position, named in enumerate(record_type.clauses):
        if not any(number == named or number.startswith(f"{named}.") for number in numbers):
            yield ("clauses", position), f"ISO 45001:2018 has no clause {named}"


def _kinds(catalogue: Catalogue, record_type: RecordType, name: str) -> Iterator[Slip]:
    """A kind may be new; one that is a letter away from a kind of the catalogue is not meant to be."""
    others = {item.subject_kind for item in catalogue.types.values()}
    for reference in record_type.fields[name].refers_to:
        near = get_close_matches(reference.kind, others, 1, 0.8) if reference.kind not in others else []
        if near:
            yield ("fields", name, "refers_to"), f"nothing is about a {reference.kind}; is {near[0]} meant?"


def _options(record_type: RecordType, name: str, part: Mapping[str, Any]) -> Iterator[Slip]:
    words = part.get("enum", part.get("items", {}).get("enum") if isinstance(part.get("items"), dict) else None)
    unknown = sorted(set(record_type.fields[name].options) - set(words)) if words is not None else []
    if unknown:
        yield ("fields", name, "options"), f"{', '.join(unknown)}: no value of the field; its values are {_list(words)}"


def _units(name: str, part: Mapping[str, Any]) -> Iterator[Slip]:
    properties = part.get("properties")
    unit = properties.get("unit") if isinstance(properties, Mapping) else None
    units = unit.get("enum", ()) if isinstance(unit, Mapping) else ()
    unknown = [item for item in units if item not in UNITS]
    if unknown:
        yield ("fields", name, "schema"), f"{_list(unknown)}: no unit known here; UCUM codes such as kPa, L/min, Cel"


def _dead_ends(lifecycle: LifecycleDef) -> Iterator[Slip]:
    if len(lifecycle.states) == 1:
        # What stays for good, such as a place.
        return
    ways = [(event.from_states, event.to) for event in lifecycle.events.values()]
    ways += [(follow.from_states, follow.to) for follow in lifecycle.follow]
    left = {state for begins, ends in ways if ends for state in begins if state != ends}
    left |= {timed.state for timed in lifecycle.timed}
    for name, state in lifecycle.states.items():
        if not state.final and name not in left:
            words = "nothing leads out of this state: write final: true, or an event from it"
            yield ("lifecycle", "states", name), words


def _list(values: Collection[Any] | None) -> str:
    return ", ".join(map(str, values or ()))
