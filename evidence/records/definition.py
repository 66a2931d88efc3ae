"""Turn the data of a record type file into a `RecordType`, or say which field of which file is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from evidence.canonical import Json
from evidence.records.model import Field, PersonalData, RecordType, RecordTypeInvalid
from evidence.records.schema import assemble

LANGUAGES: Final = ("zh", "en")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CLAUSE: Final = re.compile(r"[1-9][0-9]?(\.[1-9][0-9]?){0,3}")
_TYPE_KEYS: Final = frozenset({"id", "version", "labels", "subject", "retention", "clauses", "required", "fields"})
_FIELD_KEYS: Final = frozenset({"labels", "schema", "personal", "clauses", "help"})


def define(source: Mapping[str, Json], name: str, common: Mapping[str, Json]) -> RecordType:
    """A record type from the data of its file `name` and of the common file.

    Raises `RecordTypeInvalid` with file, field and what is allowed.
    """
    _exact_keys(common, {"defs", "fields"}, {"defs", "fields"}, "common fields")
    _exact_keys(source, _TYPE_KEYS, _TYPE_KEYS, name)
    type_id, version = source["id"], source["version"]
    if not (isinstance(type_id, str) and _NAME.fullmatch(type_id)):
        raise RecordTypeInvalid(f"{name}: id must be lower-case letters, digits and underscores")
    if type(version) is not int or version < 1:
        raise RecordTypeInvalid(f"{name}: version must be a whole number from 1")
    subject = _mapping(source["subject"], f"{name}: subject")
    retention = _mapping(source["retention"], f"{name}: retention")
    _exact_keys(subject, {"kind", "personal"}, {"kind", "personal"}, f"{name}: subject")
    _exact_keys(retention, {"class", "source"}, {"class", "source"}, f"{name}: retention")
    sources = _merged_fields(source, subject, common, name)
    required = ["subject", *_texts(source["required"], f"{name}: required")]
    fields = {field: _field(field, value, field in required, name) for field, value in sources.items()}
    if unknown := sorted(set(required) - set(fields)):
        raise RecordTypeInvalid(f"{name}: required names a field that does not exist: {', '.join(unknown)}")
    schemas = {field: value["schema"] for field, value in sources.items()}
    schema = assemble(schemas, required, _mapping(common["defs"], "defs"), name)
    labels, clauses = _labels(source["labels"], name), _clauses(source["clauses"], name)
    return RecordType(
        id=type_id,
        version=version,
        labels=labels,
        subject_kind=str(subject["kind"]),
        clauses=clauses,
        retention_class=str(retention["class"]),
        fields=fields,
        schema=schema,
        data={
            "id": type_id,
            "version": version,
            "labels": dict(labels),
            "subject_kind": subject["kind"],
            "clauses": list(clauses),
            "retention": dict(retention),
            "fields": {field.name: _field_data(field) for field in fields.values()},
            "schema": schema,
        },
    )


def _merged_fields(
    source: Mapping[str, Json], subject: Mapping[str, Json], common: Mapping[str, Json], name: str
) -> dict[str, dict[str, Json]]:
    """Subject first, then the type's own fields, then the common ones; redefining one of those is an error."""
    kind = subject["kind"]
    if not (isinstance(kind, str) and _NAME.fullmatch(kind)):
        raise RecordTypeInvalid(f"{name}: subject: kind must be lower-case letters, digits and underscores")
    own = _mapping(source["fields"], f"{name}: fields")
    shared = _mapping(common["fields"], "fields")
    if clash := sorted({"subject", *shared} & set(own)):
        raise RecordTypeInvalid(f"{name}: {', '.join(clash)} is common to all types and cannot be defined again")
    first: dict[str, Json] = {
        "labels": {"zh": "对象", "en": "Subject"},
        "personal": subject["personal"],
        "schema": {"type": "string", "pattern": f"^{kind}/[A-Za-z0-9._-]{{1,80}}$"},
    }
    merged: dict[str, Json] = {"subject": first, **own, **shared}
    return {field: _mapping(value, f"{name}: {field}") for field, value in merged.items()}


def _field(field: str, value: Mapping[str, Json], required: bool, name: str) -> Field:
    where = f"{name}: {field}"
    if not _NAME.fullmatch(field):
        raise RecordTypeInvalid(f"{where}: a field name is lower-case letters, digits and underscores")
    _exact_keys(value, {"labels", "schema"}, _FIELD_KEYS, where)
    _mapping(value["schema"], f"{where}: schema")
    personal = value.get("personal", "none")
    if personal not in list(PersonalData):
        raise RecordTypeInvalid(f"{where}: personal must be one of none, personal, sensitive")
    return Field(
        name=field,
        labels=_labels(value["labels"], where),
        personal=PersonalData(str(personal)),
        required=required,
        clauses=_clauses(value.get("clauses", []), where),
        help=_labels(value["help"], where) if "help" in value else {},
    )


def _field_data(field: Field) -> Json:
    data: dict[str, Json] = {"labels": dict(field.labels), "personal": str(field.personal)}
    if field.clauses:
        data["clauses"] = list(field.clauses)
    if field.help:
        data["help"] = dict(field.help)
    return data


def _labels(value: Json, where: str) -> dict[str, str]:
    labels = _mapping(value, f"{where}: labels")
    _exact_keys(labels, set(LANGUAGES), set(LANGUAGES), f"{where}: labels")
    if not all(isinstance(text, str) and text.strip() for text in labels.values()):
        raise RecordTypeInvalid(f"{where}: labels must be text in every language ({', '.join(LANGUAGES)})")
    return {language: str(labels[language]) for language in LANGUAGES}


def _clauses(value: Json, where: str) -> tuple[str, ...]:
    clauses = _texts(value, f"{where}: clauses")
    for clause in clauses:
        if not _CLAUSE.fullmatch(clause):
            raise RecordTypeInvalid(f"{where}: clauses: {clause!r} is not a clause number such as '8.1.4'")
    return tuple(clauses)


def _texts(value: Json, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RecordTypeInvalid(f"{where}: must be a list of texts (put numbers such as '7.2' in quotes)")
    texts = [str(item) for item in value]
    if len(set(texts)) != len(texts):
        raise RecordTypeInvalid(f"{where}: lists something twice")
    return texts


def _mapping(value: Json, where: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise RecordTypeInvalid(f"{where}: must be a mapping of names to values")
    return value


def _exact_keys(value: Mapping[str, Json], required: Iterable[str], allowed: Iterable[str], where: str) -> None:
    if missing := sorted(set(required) - set(value)):
        raise RecordTypeInvalid(f"{where}: {', '.join(missing)} is missing")
    if unknown := sorted(set(value) - set(allowed)):
        raise RecordTypeInvalid(f"{where}: unknown entry {', '.join(unknown)}; known are {', '.join(sorted(allowed))}")
