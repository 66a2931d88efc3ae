"""What an import would make of a file's columns, and where mapping, file and record type do not fit. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from evidence.records import RecordType
from ledger_service.importing.errors import RowRejected
from ledger_service.importing.json_rows import leaf_paths
from ledger_service.importing.model import Rule, SourceMapping
from ledger_service.importing.rows import open_source

SAMPLE_ROWS: Final = 1000


@dataclass(frozen=True)
class ColumnUse:
    """A column of the file and the fields that it becomes: `<mapping>: <field>`, `ignored`, or nothing at all."""

    column: str
    becomes: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """The columns of a file and every misfit, each one a sentence."""

    columns: tuple[ColumnUse, ...]
    problems: tuple[str, ...]
    rows_seen: int

    def to_value(self) -> dict[str, Any]:
        """For printing."""
        columns = {use.column: list(use.becomes) for use in self.columns}
        return {"columns": columns, "problems": list(self.problems), "rows_seen": self.rows_seen}


def explain(path: Path, mappings: Sequence[SourceMapping], types: Mapping[str, RecordType]) -> Explanation:
    """Hold file, mappings and record types against each other; looks at the first thousand rows of JSON for names.

    Raises `SourceUnreadable`, `MappingInvalid`.
    """
    uses: dict[str, list[str]] = {}
    for mapping in mappings:
        for name, target in _targets(mapping):
            uses.setdefault(name, []).append(f"{mapping.id}: {target}")
        for name in mapping.ignored:
            uses.setdefault(name, []).append("ignored")
    with open_source(path, mappings, strict=False) as source:
        rows = list(islice(source.rows, SAMPLE_ROWS))
        names = _names(source.header, rows, uses)
    problems = [f"column {name} would be lost: map it or list it under ignored" for name in names if name not in uses]
    needed = {name for mapping in mappings for name in mapping.read_paths()}
    if source.header:
        problems += [f"column {name} is missing" for name in sorted(needed) if name.removeprefix("^") not in names]
    for mapping in mappings:
        problems += _type_problems(mapping, types.get(mapping.record_type))
    listed = [ColumnUse(name, tuple(uses.get(name, ()))) for name in names]
    return Explanation(tuple(listed), tuple(problems), len(rows))


def _names(header: Sequence[str], rows: Sequence[Any], uses: Mapping[str, Any]) -> list[str]:
    if header:
        # Rows carry the mapping's own spelling of a column, where it has one.
        first = next((row.cells for row in rows if not isinstance(row, RowRejected)), None)
        return list(header) if first is None else list(first)
    found: dict[str, None] = {}
    for row in rows:
        if isinstance(row, RowRejected):
            found.update({row.column: None} if row.column else {})
        else:
            found.update(dict.fromkeys(leaf_paths(row.cells)))
    return list(found)


def _targets(mapping: SourceMapping) -> Iterator[tuple[str, str]]:
    rules: dict[str, Rule] = {**mapping.fields, "subject": mapping.subject, "(device)": mapping.device}
    rules["(occurred_at)"] = mapping.occurred_at
    if mapping.counter is not None:
        rules["(counter)"] = mapping.counter
    for target, rule in rules.items():
        for name in rule.paths():
            yield name, target
    for name in mapping.source_ref:
        yield name, "source_ref"
    for name in mapping.where:
        yield name, "(where)"
    for attachment in mapping.attachments:
        yield attachment.path, "attachments"
    for position in mapping.positions:
        yield position.latitude, position.fields["latitude"]
        yield position.longitude, position.fields["longitude"]
        for name in position.datum.paths():
            yield name, "(datum)"


def _type_problems(mapping: SourceMapping, record_type: RecordType | None) -> Iterator[str]:
    """Where a mapping cannot give what its record type asks for."""
    if record_type is None:
        yield f"{mapping.id}: there is no record type {mapping.record_type}"
        return
    given = {*mapping.fields, "subject", "source_system", "source_ref"}
    for position in mapping.positions:
        given |= {place.partition(".")[0] for place in position.fields.values()}
    if mapping.attachments:
        given.add("attachments")
    for name in sorted(given - set(record_type.fields)):
        yield f"{mapping.id}: {record_type.id} has no field {name}"
    for name, field in record_type.fields.items():
        if field.required and name not in given:
            yield f"{mapping.id}: {record_type.id} requires {name}"
    for name, rule in mapping.fields.items():
        yield from _word_problems(mapping, record_type, name, rule)


def _word_problems(mapping: SourceMapping, record_type: RecordType, name: str, rule: Rule) -> Iterator[str]:
    properties = record_type.schema["properties"]
    part = properties.get(name) if isinstance(properties, dict) else None
    allowed = part.get("enum") if isinstance(part, dict) else None
    if not isinstance(allowed, list):
        return
    words = rule.values.values() if rule.values else [] if rule.constant is None else [rule.constant]
    for word in words:
        if word not in allowed:
            yield f"{mapping.id}: {name} of {record_type.id} cannot be {word}"
