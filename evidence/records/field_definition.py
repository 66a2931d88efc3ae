"""The fields of a record type's file: labels, class of personal data, references, place in the form."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from evidence.canonical import Json
from evidence.records.hints import hint
from evidence.records.lifecycle_definition import LifecycleDef
from evidence.records.model import ANY_SUBJECT, PERSON, Field, Form, FormStep, PersonalData, Reference
from evidence.records.node import Node

_CLAUSE: Final = re.compile(r"[1-9][0-9]?(\.[1-9][0-9]?){0,3}")
_KIND: Final = re.compile(r"\*|[a-z][a-z0-9_]{0,39}")
_PATH: Final = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){0,3}")
_OPTIONAL: Final = ("clauses", "help", "refers_to", "concerns", "options", "members")
CONTEXT: Final = ("subject", "event", "site", "area", "attachments", "submitted_by", "source_system", "source_ref")
"""Fields that a form need not place: they come with the occasion, or every type has them."""


def field_data(node: Node) -> dict[str, Json]:
    """The canonical data of a field from its entry in a file. Raises `RecordTypeInvalid`."""
    node.keys({"labels", "schema"}, {"personal", *_OPTIONAL})
    node["schema"].mapping()
    data: dict[str, Json] = {"labels": node["labels"].value, "personal": node.get("personal", "none").value}
    data |= {key: node[key].value for key in _OPTIONAL if key in node and node[key].value not in ([], {})}
    return data


def parse_fields(node: Node, required: Collection[str]) -> dict[str, Field]:
    """The fields of a type from its canonical data. Raises `RecordTypeInvalid`."""
    fields = {}
    for name, item in node.members():
        item.keys({"labels", "personal"}, _OPTIONAL)
        fields[name] = parse_field(name, item, name in required)
    for field in fields.values():
        if field.concerns and field.concerns != "subject":
            _check_concerns(node[field.name]["concerns"], fields.get(field.concerns))
    return fields


def parse_field(name: str, node: Node, required: bool) -> Field:
    """One field; its schema is not looked at. Raises `RecordTypeInvalid`."""
    clauses = node.get("clauses", []).texts()
    for clause in clauses:
        if not _CLAUSE.fullmatch(clause):
            node["clauses"].fail(f"{clause!r} is not a clause number such as '8.1.4'")
    return Field(
        name=name,
        labels=node["labels"].labels(),
        personal=PersonalData(node.get("personal", "none").choice(tuple(str(item) for item in PersonalData))),
        required=required,
        clauses=clauses,
        help=node["help"].labels() if "help" in node else {},
        refers_to=_references(node["refers_to"]) if "refers_to" in node else (),
        concerns=node["concerns"].text() if "concerns" in node else "",
        options={value: item.labels() for value, item in node.get("options", {}).members()},
        members={value: item.labels() for value, item in node.get("members", {}).members()},
    )


def parse_unique(node: Node, fields: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of fields. Raises `RecordTypeInvalid`."""
    groups = []
    for item in node.each():
        group = item.texts()
        if not group:
            item.fail("names no field")
        if unknown := [name for name in group if name not in fields]:
            item.fail(f"names a field that does not exist: {', '.join(unknown)}{hint(''.join(unknown))}")
        groups.append(group)
    return tuple(groups)


def parse_form(node: Node, fields: Mapping[str, Field], lifecycle: LifecycleDef | None) -> Form:
    """The form's layout: every field in one place, and none left out that some record needs."""
    node.keys({"steps"})
    steps: list[FormStep] = []
    placed: set[str] = set()
    for item in node["steps"].each():
        item.keys({"labels", "fields"})
        names = item["fields"].texts()
        if unknown := [name for name in names if name not in fields]:
            item["fields"].fail(f"names a field that does not exist: {', '.join(unknown)}{hint(''.join(unknown))}")
        if twice := [name for name in names if name in placed]:
            item["fields"].fail(f"places a field that an earlier step has: {', '.join(twice)}")
        placed.update(names)
        steps.append(FormStep(item["labels"].labels(), names))
    needed = {field.name for field in fields.values() if field.required}
    needed |= {name for event in (lifecycle.events.values() if lifecycle else ()) for name in event.requires}
    if missing := sorted(needed - placed - set(CONTEXT)):
        node["steps"].fail(f"leave out a field that a record needs: {', '.join(missing)}")
    return Form(tuple(steps))


def _references(node: Node) -> tuple[Reference, ...]:
    if isinstance(node.value, list):
        return tuple(_reference(item) for item in node.each())
    return (_reference(node),)


def _reference(node: Node) -> Reference:
    meaning = f"a subject kind such as {PERSON}, or '{ANY_SUBJECT}'"
    if isinstance(node.value, str):
        return Reference(node.text(_KIND, meaning))
    node.keys({"kind"}, {"path"})
    path = node["path"].text(_PATH, "member names joined by dots") if "path" in node else ""
    return Reference(node["kind"].text(_KIND, meaning), tuple(path.split(".")) if path else ())


def _check_concerns(node: Node, named: Field | None) -> None:
    if named is None:
        node.fail(f"names a field that does not exist: {node.value}")
    if not any(reference.kind in (PERSON, ANY_SUBJECT) for reference in named.refers_to):
        node.fail(f"the field {named.name} names no person: it needs refers_to: {PERSON}")
