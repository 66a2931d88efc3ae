"""The form of a record type in one language, as plain data: steps, fields, widgets, options, what is required when.

A client draws it without knowing the type. Validation is not its business: the schema says what is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from evidence.canonical import Json
from evidence.records.compare import resolved
from evidence.records.field_definition import CONTEXT
from evidence.records.model import Field, RecordType
from evidence.records.node import LANGUAGES

_CONTEXT_STEP: Final = {"zh": "记录信息", "en": "About this record"}
_BY_DEFINITION: Final = {
    "time": "datetime",
    "date": "date",
    "decimal": "decimal",
    "quantity": "quantity",
    "attachment": "files",
    "text": "textarea",
}
_BY_KIND: Final = {"integer": "integer", "boolean": "switch", "string": "text", "object": "group", "array": "list"}


def form_of(record_type: RecordType, language: str, event: str | None = None) -> dict[str, Json]:
    """The form for a record that states `event`, or the type's first one. Raises `KeyError` for no such event.

    Fields that only other events need stay in the form, not required. A type without a layout has one step with its
    own fields in the order of its file.
    """
    language = language if language in LANGUAGES else "en"
    lifecycle = record_type.lifecycle
    chosen = None if lifecycle is None else lifecycle.events[event or lifecycle.default_event]
    if lifecycle is None and event:
        raise KeyError(event)
    required = {field.name for field in record_type.fields.values() if field.required}
    required |= set(chosen.requires) if chosen else set()
    steps: list[Json] = [
        {"label": labels.get(language, ""), "fields": [_field(record_type, name, language, required) for name in names]}
        for labels, names in _steps(record_type)
    ]
    form: dict[str, Json] = {
        "type": record_type.id,
        "version": record_type.version,
        "schema": record_type.schema_claim,
        "language": language,
        "label": record_type.labels[language],
        "help": record_type.help.get(language, ""),
        "subject_kind": record_type.subject_kind,
        "steps": steps,
    }
    if lifecycle is not None and chosen is not None:
        form["event"] = chosen.name
        form["events"] = [
            {"name": item.name, "label": item.labels[language], "opens": item.opens, "from": list(item.from_states),
             "to": item.to, "by": list(item.by), "requires": list(item.requires)}
            for item in lifecycle.events.values()
        ]  # fmt: skip
    return form


def _steps(record_type: RecordType) -> Iterator[tuple[Mapping[str, str], tuple[str, ...]]]:
    if record_type.form is None:
        own = tuple(name for name in record_type.fields if name not in CONTEXT)
        yield record_type.labels, own
        placed = set(own)
    else:
        for step in record_type.form.steps:
            yield step.labels, step.fields
        placed = {name for step in record_type.form.steps for name in step.fields}
    yield _CONTEXT_STEP, tuple(name for name in CONTEXT if name in record_type.fields and name not in placed)


def _field(record_type: RecordType, name: str, language: str, required: set[str]) -> dict[str, Json]:
    field = record_type.fields[name]
    properties: Any = record_type.schema["properties"]
    made: dict[str, Json] = {
        "name": name,
        "label": field.labels[language],
        "help": field.help.get(language, ""),
        "required": name in required,
        "personal": str(field.personal),
        **_shape(properties[name], resolved(record_type, name), field, language),
    }
    if events := _events_needing(record_type, name):
        made["required_for"] = list(events)
    if field.refers_to:
        made["refers_to"] = list(dict.fromkeys(reference.kind for reference in field.refers_to))
    return made


def _events_needing(record_type: RecordType, name: str) -> tuple[str, ...]:
    lifecycle = record_type.lifecycle
    return tuple(e.name for e in lifecycle.events.values() if name in e.requires) if lifecycle else ()


def _shape(part: Any, whole: Any, field: Field, language: str) -> dict[str, Json]:
    """Widget of a schema part, with what it needs: options, units, bounds, members or items."""
    definition = str(part.get("$ref", "")).rsplit("/", 1)[-1]
    if "enum" in whole:
        return {"widget": "choice", "options": [_option(value, field, language) for value in whole["enum"]]}
    if definition in _BY_DEFINITION:
        widget = _BY_DEFINITION[definition]
        return {"widget": widget, **(_units(whole) if widget == "quantity" else _bounds(whole))}
    kind = whole.get("type", "string")
    if kind == "array":
        return _list(part, whole, field, language)
    if kind == "object":
        return {"widget": "group", "members": _members(part, whole, field, language)}
    return {"widget": _BY_KIND.get(str(kind), "text"), **_bounds(whole)}


def _list(part: Any, whole: Any, field: Field, language: str) -> dict[str, Json]:
    item = _shape(part.get("items", {}), whole.get("items", {}), field, language)
    limits = {key: whole[key] for key in ("minItems", "maxItems") if key in whole}
    if item["widget"] == "files":
        return {"widget": "files", **limits}
    if item["widget"] == "choice":
        return {"widget": "choices", "options": item["options"], **limits}
    return {"widget": "list", "item": item, **limits}


def _members(part: Any, whole: Any, field: Field, language: str) -> list[Json]:
    required = whole.get("required", [])
    made: list[Json] = []
    for name, schema in whole.get("properties", {}).items():
        labels = field.members.get(name, {})
        shape = _shape(part.get("properties", {}).get(name, schema), schema, field, language)
        label = labels.get(language) or name.replace("_", " ")
        made.append({"name": name, "label": label, "required": name in required, **shape})
    return made


def _option(value: Json, field: Field, language: str) -> Json:
    labels = field.options.get(str(value), {})
    return {"value": value, "label": labels.get(language) or str(value).replace("_", " ")}


def _units(whole: Any) -> dict[str, Json]:
    return {"units": list(whole["properties"]["unit"].get("enum", []))}


def _bounds(whole: Any) -> dict[str, Json]:
    names = ("minLength", "maxLength", "minimum", "maximum", "pattern")
    return {key: whole[key] for key in names if key in whole}
