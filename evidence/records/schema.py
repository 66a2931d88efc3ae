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
from evidence.records.model import RecordType
from evidence.records.node import Node, Path, RecordTypeInvalid

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MAX_PROBLEMS: Final = 20
"""Problems listed in one refusal; the rest is counted. Keeps a hostile payload from filling a log line."""
MAX_SCHEMA_DEPTH: Final = 20
_SCHEMA_KEYS: Final = ("$schema", "type", "properties", "required", "additionalProperties", "$defs")
_DEFS: Final = "#/$defs/"


class PayloadMismatch(SchemaMismatch):
    """A payload does not fit its record type. `problems` holds (JSON Pointer, failed keyword) pairs, no values."""

    def __init__(self, type_id: str, problems: tuple[tuple[str, str], ...], more: int = 0) -> None:
        listed = "; ".join(f"{path or '/'}: {keyword}" for path, keyword in problems)
        super().__init__(f"{type_id}: {listed}" + (f"; and {more} more" if more else ""))
        self.type_id, self.problems, self.more = type_id, problems, more


def assemble(
    properties: Mapping[str, Json],
    required: list[str],
    definitions: Mapping[str, Json],
    paths: Mapping[str, Path],
    conditions: list[Json] | None = None,
) -> dict[str, Json]:
    """One object schema from field schemas, with the definitions that they use. `paths` tells where each one stands.

    Raises `RecordTypeInvalid` where a part is not allowed; the whole is checked by `check_closed`.
    """
    used: dict[str, Json] = {}
    for name, part in properties.items():
        _check_part(part, paths[name], 0)
        _collect(part, definitions, used, paths[name])
    schema: dict[str, Json] = {
        "$schema": DIALECT,
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
        "$defs": {name: used[name] for name in sorted(used)},
    }
    return schema | {"allOf": conditions} if conditions else schema


def check_closed(schema: Mapping[str, Json]) -> None:
    """Require a JSON Schema 2020-12 of a closed object that keeps values exact. Raises `RecordTypeInvalid`."""
    Node(dict(schema), ("schema",)).keys(_SCHEMA_KEYS, {"allOf"})
    _check_part(dict(schema), ("schema",), 0)
    try:
        jsonschema_rs.meta.validate(dict(schema))
        _compile(schema)
    except jsonschema_rs.ValidationError as error:
        place = list(error.instance_path)
        # A field's schema stands at the field, in the file and for the reader.
        path = (
            ("fields", place[1], "schema", *place[2:])
            if place[:1] == ["properties"] and place[1:]
            else ("schema", *place)
        )
        raise RecordTypeInvalid(f"not a JSON Schema 2020-12: {_first_line(error)}", path=path) from error
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        raise RecordTypeInvalid(f"not a JSON Schema 2020-12: {_first_line(error)}", path=("schema",)) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _collect(part: Json, definitions: Mapping[str, Json], used: dict[str, Json], path: Path) -> None:
    """Add to `used` every definition that `part` refers to, directly or through another."""
    if isinstance(part, list):
        for item in part:
            _collect(item, definitions, used, path)
    if not isinstance(part, dict):
        return
    reference = part.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix(_DEFS)
        if name not in definitions:
            known = ", ".join(sorted(definitions))
            raise RecordTypeInvalid(f"$ref {reference} leads nowhere; known are {known}", path=path)
        if name not in used:
            used[name] = definitions[name]
            _collect(definitions[name], definitions, used, path)
    for value in part.values():
        _collect(value, definitions, used, path)


def validate(record_type: RecordType, payload: Mapping[str, Json]) -> None:
    """Check a payload (all its disclosed fields, in clear) against its record type.

    Raises `SchemaMismatch` (as `PayloadMismatch`) with the JSON Pointer and the failed keyword of each problem.
    """
    _hold(record_type, _validator(record_type), payload)


def validate_shown(record_type: RecordType, payload: Mapping[str, Json]) -> None:
    """Check the fields that are shown of a payload while others are withheld: none is missed.

    Raises as `validate` does. What one field demands of another (`requires` of an event) is not asked.
    """
    _hold(record_type, _shown_validator(record_type), payload)


def fits(part: Json, value: Json) -> bool:
    """Whether a value fits one self-contained schema part."""
    return _compile(part).is_valid(value)


def _hold(record_type: RecordType, validator: jsonschema_rs.Draft202012Validator, payload: Mapping[str, Json]) -> None:
    try:
        dumps(dict(payload))  # Lone surrogates and hostile nesting stop here, before another library meets them.
        problems = sorted({_problem(error) for error in validator.iter_errors(dict(payload))})
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


@lru_cache(maxsize=256)
def _shown_validator(record_type: RecordType) -> jsonschema_rs.Draft202012Validator:
    return _compile({key: part for key, part in record_type.schema.items() if key not in ("required", "allOf")})


def _compile(schema: Any) -> jsonschema_rs.Draft202012Validator:
    # The linear-time engine: a pattern in a type file can be clumsy, but it cannot make validation explode.
    return jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, pattern_options=jsonschema_rs.RegexOptions()
    )


def _check_part(part: Json, path: Path, depth: int) -> None:
    """Allow only what keeps payloads exact, closed and checkable offline."""
    if depth > MAX_SCHEMA_DEPTH:
        raise RecordTypeInvalid(f"schema nested deeper than {MAX_SCHEMA_DEPTH}", path=path)
    if isinstance(part, dict):
        for defect in _defects(part):
            raise RecordTypeInvalid(defect, path=path)
        for name, value in part.items():
            _check_part(value, (*path, name), depth + 1)
    elif isinstance(part, list):
        for position, value in enumerate(part):
            _check_part(value, (*path, position), depth + 1)


def _defects(part: dict[str, Json]) -> Iterator[str]:
    kind, reference = part.get("type"), part.get("$ref")
    if kind == "number" or (isinstance(kind, list) and "number" in kind):
        yield "numbers with fractions lose digits: use a decimal string ($defs/decimal) or a quantity"
    if kind == "object" and part.get("additionalProperties") is not False:
        yield "an object must list its properties and set additionalProperties: false"
    if isinstance(reference, str) and not reference.startswith(_DEFS):
        yield "a $ref must stay inside the type (#/$defs/…)"
