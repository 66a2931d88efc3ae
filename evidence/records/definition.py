"""Turn the data of a record type file into a `RecordType`, or say which field of which file is wrong.

There is one way in: `define` expands a file to the type's canonical data, `from_data` reads such data, whether it was
just expanded or was frozen with an older release.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from evidence.canonical import Json
from evidence.records.deadline_definition import parse_deadlines
from evidence.records.field_definition import field_data, parse_fields, parse_form, parse_unique
from evidence.records.hints import hint
from evidence.records.lifecycle_definition import LifecycleDef, parse_lifecycle
from evidence.records.model import ANY_SUBJECT, RecordType
from evidence.records.node import Node, Path, top_of
from evidence.records.rule_definition import parse_measures, parse_rules
from evidence.records.schema import assemble, check_closed

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
NAMED: Final = "lower-case letters, digits and underscores"
CLAUSE: Final = re.compile(r"[1-9][0-9]?(\.[1-9][0-9]?){0,3}")
LEGAL_BASES: Final = ("statutory_duty", "hr_management", "contract", "consent", "emergency", "public_interest")
EVENT: Final = "event"
_OPTIONAL: Final = ("help", "legal_basis", "unique", "lifecycle", "deadlines", "rules", "measures", "form")
_FILE_KEYS: Final = ("id", "version", "labels", "subject", "retention", "clauses", "required", "fields")
_DATA_KEYS: Final = ("id", "version", "labels", "subject_kind", "clauses", "retention", "fields", "schema")


def define(source: Mapping[str, Json], common: Mapping[str, Json]) -> RecordType:
    """A record type from the data of its file and of the common file.

    Raises `RecordTypeInvalid` with the path of the defect.
    """
    shared = Node(dict(common))
    shared.keys({"defs", "fields"})
    top = top_of(source)
    top.keys(_FILE_KEYS, _OPTIONAL)
    top["subject"].keys({"kind", "personal"})
    kind = _kind(top["subject"]["kind"])
    fields = _merged(top, kind, shared)
    required = ["subject", *top["required"].texts()]
    if unknown := [field for field in required if field not in fields]:
        top["required"].fail(f"names a field that does not exist: {', '.join(unknown)}{hint(''.join(unknown))}")
    lifecycle = parse_lifecycle(top["lifecycle"], fields) if "lifecycle" in top else None
    data: dict[str, Json] = {
        "id": top["id"].text(NAME, NAMED),
        "version": top["version"].natural(),
        "labels": dict(top["labels"].labels()),
        "subject_kind": kind,
        "clauses": list(_clauses(top["clauses"])),
        "retention": _retention(top["retention"]),
        "fields": {name: field_data(node) for name, node in fields.items()},
        "schema": _schema(fields, required, lifecycle, shared["defs"]),
    }
    data |= {key: top[key].value for key in _OPTIONAL if key in top}
    if lifecycle is not None:
        data["lifecycle"] = {**top["lifecycle"].mapping(), "default": lifecycle.default_event}
    return from_data(data)


def from_data(data: Mapping[str, Json]) -> RecordType:
    """A record type from its canonical data. Raises `RecordTypeInvalid` with the path of the defect."""
    top = top_of(data)
    top.keys(_DATA_KEYS, _OPTIONAL)
    schema = top["schema"].mapping()
    check_closed(schema)
    required = top["schema"]["required"].texts()
    fields = parse_fields(top["fields"], required)
    if set(fields) != set(top["schema"]["properties"].mapping()):
        top["fields"].fail("are not those of the schema")
    lifecycle = parse_lifecycle(top["lifecycle"], fields) if "lifecycle" in top else None
    _retention(top["retention"])
    return RecordType(
        id=top["id"].text(NAME, NAMED),
        version=top["version"].natural(),
        labels=top["labels"].labels(),
        subject_kind=_kind(top["subject_kind"]),
        clauses=_clauses(top["clauses"]),
        retention_class=top["retention"]["class"].text(),
        fields=fields,
        schema=schema,
        data=dict(data),
        help=top["help"].labels() if "help" in top else {},
        legal_basis=top.get("legal_basis", LEGAL_BASES[0]).choice(LEGAL_BASES),
        unique=parse_unique(top.get("unique", []), fields),
        lifecycle=lifecycle,
        deadlines=parse_deadlines(top.get("deadlines", []), lifecycle, fields),
        rules=parse_rules(top.get("rules", []), lifecycle),
        measures=parse_measures(top.get("measures", [])),
        form=parse_form(top["form"], fields, lifecycle) if "form" in top else None,
    )


def _merged(top: Node, kind: str, shared: Node) -> dict[str, Node]:
    """Subject first, then event and the type's own fields, then the common ones; defining one of those is an error."""
    own, common = dict(top["fields"].members()), dict(shared["fields"].members())
    pattern = "[a-z][a-z0-9_]{0,39}" if kind == ANY_SUBJECT else kind
    first: dict[str, Json] = {
        "labels": {"zh": "对象", "en": "Subject"},
        "personal": top["subject"]["personal"].value,
        "schema": {"type": "string", "pattern": f"^{pattern}/[A-Za-z0-9._-]{{1,80}}$"},
    }
    added = {"subject": Node(first, ("subject",))}
    if "lifecycle" in top:
        top["lifecycle"].keys({"initial", "states", "events"}, {"follow", "timed", "default"})
        added[EVENT] = Node(_event_field(top["lifecycle"]["events"]), ("lifecycle", "events"))
    for name in own:
        if name in added or name in common:
            own[name].fail(f"{name} is common to all types and cannot be defined again")
        if not NAME.fullmatch(name):
            own[name].fail(f"a field name is {NAMED}")
    return {**added, **own, **common}


def _event_field(events: Node) -> dict[str, Json]:
    options: dict[str, Json] = {name: node["labels"].value for name, node in events.members() if "labels" in node}
    return {"labels": {"zh": "事件", "en": "Event"}, "schema": {"enum": list(events.mapping())}, "options": options}


def _schema(
    fields: Mapping[str, Node], required: list[str], lifecycle: LifecycleDef | None, definitions: Node
) -> dict[str, Json]:
    parts: dict[str, Json] = {name: node["schema"].value for name, node in fields.items()}
    paths: dict[str, Path] = {name: (*node.path, "schema") for name, node in fields.items()}
    conditions: list[Json] = []
    for event in lifecycle.events.values() if lifecycle is not None else ():
        if event.requires:
            condition: dict[str, Json] = {"properties": {EVENT: {"const": event.name}}}
            # Without `required` it holds where no event is named, too: then the first one is meant.
            if lifecycle is not None and event.name != lifecycle.default_event:
                condition["required"] = [EVENT]
            conditions.append({"if": condition, "then": {"required": list(event.requires)}})
    return assemble(parts, required, definitions.mapping(), paths, conditions)


def _kind(node: Node) -> str:
    if node.value == ANY_SUBJECT:
        return ANY_SUBJECT
    return node.text(NAME, NAMED)


def _retention(node: Node) -> dict[str, Json]:
    node.keys({"class", "source"})
    return {"class": node["class"].text(), "source": node["source"].text()}


def _clauses(node: Node) -> tuple[str, ...]:
    clauses = node.texts()
    for clause in clauses:
        if not CLAUSE.fullmatch(clause):
            node.fail(f"{clause!r} is not a clause number such as '8.1.4'")
    return clauses
