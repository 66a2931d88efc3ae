"""Assemble a record type's JSON Schema 2020-12 and hold payloads to it.

A refusal names places and keywords only, never a value: values may be personal data and messages end up in logs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs

from evidence.canonical import Json, dumps
from evidence.errors import Malformed, SchemaMismatch
from evidence.records.model import RecordType, RecordTypeInvalid

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MAX_PROBLEMS: Final = 20
"""Problems listed in one refusal; the rest is counted. Keeps a hostile payload from filling a log line."""
MAX_SCHEMA_DEPTH: Final = 16


class PayloadMismatch(SchemaMismatch):
    """A payload does not fit its record type. `problems` holds (JSON Pointer, failed keyword) pairs, no values."""

    def __init__(self, type_id: str, problems: tuple[tuple[str, str], ...], more: int = 0) -> None:
        listed = "; ".join(f"{path or '/'}: {keyword}" for path, keyword in problems)
        super().__init__(f"{type_id}: {listed}" + (f"; and {more} more" if more else ""))
        self.type_id, self.problems, self.more = type_id, problems, more


def assemble(
    properties: Mapping[str, Json], required: list[str], definitions: Mapping[str, Json], where: str
) -> dict[str, Json]:
    """One self-contained object schema from field schemas. Raises `RecordTypeInvalid` where a part is not allowed."""
    schema: dict[str, Json] = {
        "$schema": DIALECT,
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
        "$defs": dict(definitions),
    }
    for name, part in [*properties.items(), *definitions.items()]:
        _check_part(part, f"{where}: {name}", 0)
    try:
        jsonschema_rs.meta.validate(schema)
        _compile(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise RecordTypeInvalid(f"{where}: not a JSON Schema 2020-12: {str(error).splitlines()[0]}") from error
    return schema


def validate(record_type: RecordType, payload: Mapping[str, Json]) -> None:
    """Check a payload (all its disclosed fields, in clear) against its record type.

    Raises `SchemaMismatch` (as `PayloadMismatch`) with the JSON Pointer and the failed keyword of each problem.
    """
    try:
        dumps(dict(payload))  # Lone surrogates and hostile nesting stop here, before another library meets them.
        problems = sorted({_problem(error) for error in _validator(record_type).iter_errors(dict(payload))})
    except (Malformed, ValueError, TypeError) as error:
        raise PayloadMismatch(record_type.id, (("", "not JSON"),)) from error
    if problems:
        raise PayloadMismatch(record_type.id, tuple(problems[:MAX_PROBLEMS]), max(0, len(problems) - MAX_PROBLEMS))


def _problem(error: jsonschema_rs.ValidationError) -> tuple[str, str]:
    path = "".join(f"/{part}" for part in error.instance_path)
    keyword = str(error.kind.name)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        path += f"/{error.kind.property}"  # a name out of the schema, not out of the payload
    return path, keyword


@lru_cache(maxsize=256)
def _validator(record_type: RecordType) -> jsonschema_rs.Draft202012Validator:
    return _compile(dict(record_type.schema))


def _compile(schema: Any) -> jsonschema_rs.Draft202012Validator:
    # The linear-time engine: a pattern in a type file can be clumsy, but it cannot make validation explode.
    return jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, pattern_options=jsonschema_rs.RegexOptions()
    )


def _check_part(part: Json, where: str, depth: int) -> None:
    """Allow only what keeps payloads exact, closed and checkable offline."""
    if depth > MAX_SCHEMA_DEPTH:
        raise RecordTypeInvalid(f"{where}: schema nested deeper than {MAX_SCHEMA_DEPTH}")
    if isinstance(part, dict):
        for defect in _defects(part):
            raise RecordTypeInvalid(f"{where}: {defect}")
        for name, value in part.items():
            _check_part(value, f"{where}.{name}", depth + 1)
    elif isinstance(part, list):
        for value in part:
            _check_part(value, where, depth + 1)


def _defects(part: dict[str, Json]) -> Iterator[str]:
    kind, reference = part.get("type"), part.get("$ref")
    if kind == "number" or (isinstance(kind, list) and "number" in kind):
        yield "numbers with fractions lose digits: use a decimal string ($defs/decimal) or a quantity"
    if kind == "object" and part.get("additionalProperties") is not False:
        yield "an object must list its properties and set additionalProperties: false"
    if isinstance(reference, str) and not reference.startswith("#/$defs/"):
        yield "a $ref must stay inside the type (#/$defs/…)"
