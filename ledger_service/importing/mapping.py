"""A mapping: which column of one kind of export becomes which field of one record type. Data, read from YAML.

    record_type: training_record          what each row becomes
    format: csv | json | ndjson           `rows` names the list in a JSON document
    fields: {person_name: {from: 姓名}, hours: {from: 学时, as: quantity, unit: h}, site: {constant: SH-01}, …}

In JSON a path is dotted (`camera.id`); a leading ^ looks in the enclosing object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evidence.records import RecordTypeInvalid, parse_yaml
from ledger_service.importing.convert import converters
from ledger_service.importing.errors import MappingInvalid
from ledger_service.importing.model import AttachmentRule, Rule, SourceMapping

FORMATS: Final = ("csv", "json", "ndjson")
_REQUIRED: Final = {"id", "version", "record_type", "format", "time_zone", "channel", "source_system", "source_ref",
                    "device", "subject", "occurred_at", "fields"}  # fmt: skip
_OPTIONAL: Final = {"encodings", "rows", "counter", "attachments", "ignored"}
_RULE_KEYS: Final = {
    "from",
    "as",
    "unit",
    "unit_from",
    "values",
    "optional",
    "prefix",
    "constant",
    "object",
    "list",
    "item",
}


def parse_mapping(text: str, name: str) -> SourceMapping:
    """A mapping from its YAML text. Raises `MappingInvalid` with file, entry and what is allowed."""
    try:
        source: dict[str, Any] = dict(parse_yaml(text, name))
    except RecordTypeInvalid as error:
        raise MappingInvalid(str(error)) from error
    _keys(source, _REQUIRED, _REQUIRED | _OPTIONAL, name)
    if not isinstance(source["format"], str) or source["format"] not in FORMATS:
        raise MappingInvalid(f"{name}: format must be one of {', '.join(FORMATS)}")
    if (source["format"] == "json") != ("rows" in source):
        raise MappingInvalid(f"{name}: rows names the list in a JSON document, and only there")
    zone = _zone(source["time_zone"], name)
    kinds = {*converters(zone), "quantity"}

    def rule(entry: str, value: Any) -> Rule:
        return _rule(value, f"{name}: {entry}", kinds)

    def texts(entry: str, default: list[str]) -> tuple[str, ...]:
        items = source.get(entry, default)
        if not isinstance(items, list) or not items or not all(isinstance(item, str) for item in items):
            raise MappingInvalid(f"{name}: {entry} must be a list of texts")
        return tuple(items)

    return SourceMapping(
        id=_text(source["id"], f"{name}: id"),
        version=_version(source["version"], name),
        record_type=_text(source["record_type"], f"{name}: record_type"),
        format=source["format"],
        encodings=texts("encodings", ["utf-8-sig"]),
        rows=_text(source.get("rows", "-"), f"{name}: rows"),
        zone=zone,
        channel=_text(source["channel"], f"{name}: channel"),
        source_system=_text(source["source_system"], f"{name}: source_system"),
        source_ref=texts("source_ref", []),
        device=rule("device", source["device"]),
        subject=rule("subject", source["subject"]),
        occurred_at=rule("occurred_at", source["occurred_at"]),
        counter=rule("counter", source["counter"]) if "counter" in source else None,
        fields={field_name: rule(field_name, value) for field_name, value in _fields(source["fields"], name)},
        attachments=tuple(_attachment(value, name) for value in source.get("attachments") or []),
        ignored=frozenset(texts("ignored", []) if source.get("ignored") else ()),
    )


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise MappingInvalid(f"{where} must be text")
    return value


def _version(value: Any, name: str) -> int:
    if type(value) is not int or value < 1:
        raise MappingInvalid(f"{name}: version must be a whole number from 1")
    return value


def _fields(value: Any, name: str) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        raise MappingInvalid(f"{name}: fields must map payload fields to rules")
    return value.items()


def _rule(value: Any, where: str, kinds: set[str]) -> Rule:
    if not isinstance(value, dict):
        raise MappingInvalid(f"{where}: must say from, constant, object or list")
    _keys(value, set(), _RULE_KEYS, where)
    origins = [key for key in ("from", "constant", "object", "list") if key in value]
    if len(origins) != 1:
        raise MappingInvalid(f"{where}: needs exactly one of from, constant, object, list")
    kind = value.get("as", "text")
    if not isinstance(kind, str) or kind not in kinds:
        raise MappingInvalid(f"{where}: as must be one of {', '.join(sorted(kinds))}")
    if (kind == "quantity") != (("unit" in value) != ("unit_from" in value)):
        raise MappingInvalid(f"{where}: a quantity needs unit or unit_from, and nothing else does")
    if not isinstance(value.get("values", {}), dict):
        raise MappingInvalid(f"{where}: values must map the source's words to ours")
    members = value.get("object", value.get("item", {}))
    if not isinstance(members, dict) or (origins == ["list"]) != ("item" in value):
        raise MappingInvalid(f"{where}: a list needs an item, which maps names to rules")
    return Rule(
        path=str(value.get("from", value.get("list", ""))),
        kind=kind,
        unit=str(value.get("unit", "")),
        unit_path=str(value.get("unit_from", "")),
        values=value.get("values", {}),
        optional=bool(value.get("optional", False)),
        prefix=str(value.get("prefix", "")),
        constant=value.get("constant"),
        members={member: _rule(inner, f"{where}.{member}", kinds) for member, inner in members.items()},
        is_list=origins == ["list"],
    )


def _attachment(value: Any, name: str) -> AttachmentRule:
    keys = {"from", "folder", "role"}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise MappingInvalid(f"{name}: attachments: each needs from, folder and role, as text")
    _keys(value, keys, keys, f"{name}: attachments")
    return AttachmentRule(str(value["from"]), str(value["folder"]), str(value["role"]))


def _zone(value: Any, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise MappingInvalid(f"{name}: time_zone: no such zone; use a name such as Asia/Shanghai") from error


def _keys(value: Mapping[str, Any], required: set[str], allowed: set[str], where: str) -> None:
    if missing := sorted(required - set(value)):
        raise MappingInvalid(f"{where}: {', '.join(missing)} is missing")
    if unknown := sorted(set(value) - allowed):
        raise MappingInvalid(f"{where}: unknown entry {', '.join(unknown)}; known are {', '.join(sorted(allowed))}")
