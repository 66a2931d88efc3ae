"""A mapping: which column of one kind of export becomes which field of one record type. Data, read from YAML.

    record_type: training_record          what each row becomes
    format: csv | json | ndjson           `rows` names the list in a JSON document
    fields: {person_name: {from: 姓名}, hours: {from: 学时, as: quantity, unit: h}, site: {constant: SH-01}, …}

In JSON a path is dotted (`camera.id`); a leading ^ looks in the enclosing object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evidence.records import RecordTypeInvalid, parse_yaml
from ledger_service.importing.convert import converters
from ledger_service.importing.errors import MappingInvalid

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


@dataclass(frozen=True)
class Rule:
    """How one value comes about: from a path, as a constant, as an object of rules, or as a list of objects."""

    path: str = ""
    kind: str = "text"
    unit: str = ""
    unit_path: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False
    prefix: str = ""
    constant: Any = None
    members: Mapping[str, Rule] = field(default_factory=dict)
    """Of an object; with `is_list`, of each item."""
    is_list: bool = False

    def paths(self) -> Iterator[str]:
        """Every path that this rule reads, relative to the row; what an item reads is `<list>[].<path>`."""
        inner = (path for member in self.members.values() for path in member.paths())
        if self.is_list:
            yield f"{self.path}[]"
            yield from (path[1:] if path.startswith("^") else f"{self.path}[].{path}" for path in inner)
        else:
            yield from (path for path in (self.path, self.unit_path) if path)
            yield from inner


@dataclass(frozen=True)
class AttachmentRule:
    """A column that names a file in `folder` beside the export; an empty cell means none."""

    path: str
    folder: str
    role: str


@dataclass(frozen=True)
class SourceMapping:
    """A parsed mapping. `source_ref` lists the paths that together name a row for ever."""

    id: str
    version: int
    record_type: str
    format: str
    encodings: tuple[str, ...]
    rows: str
    zone: ZoneInfo
    channel: str
    source_system: str
    source_ref: tuple[str, ...]
    device: Rule
    subject: Rule
    occurred_at: Rule
    counter: Rule | None
    fields: Mapping[str, Rule]
    attachments: tuple[AttachmentRule, ...]
    ignored: frozenset[str]

    def known_paths(self) -> frozenset[str]:
        """Every path that is read or expressly ignored; a source with any other would lose data."""
        rules = [
            self.device,
            self.subject,
            self.occurred_at,
            *self.fields.values(),
            *([self.counter] if self.counter else []),
        ]
        read = {path for rule in rules for path in rule.paths()}
        return frozenset(read | set(self.source_ref) | {a.path for a in self.attachments} | self.ignored)

    def column_of(self, field_name: str) -> str:
        """The source's name for a payload field, for messages."""
        if field_name == "subject":
            return self.subject.path
        rule = self.fields.get(field_name)
        return (rule.path if rule else "") or field_name


def parse_mapping(text: str, name: str) -> SourceMapping:
    """A mapping from its YAML text. Raises `MappingInvalid` with file, entry and what is allowed."""
    try:
        source: dict[str, Any] = dict(parse_yaml(text, name))
    except RecordTypeInvalid as error:
        raise MappingInvalid(str(error)) from error
    _keys(source, _REQUIRED, _REQUIRED | _OPTIONAL, name)
    if source["format"] not in FORMATS:
        raise MappingInvalid(f"{name}: format must be one of {', '.join(FORMATS)}")
    if (source["format"] == "json") != ("rows" in source):
        raise MappingInvalid(f"{name}: rows names the list in a JSON document, and only there")
    zone = _zone(source["time_zone"], name)
    kinds = {*converters(zone), "quantity"}

    def rule(entry: str, value: Any) -> Rule:
        return _rule(value, f"{name}: {entry}", kinds)

    return SourceMapping(
        id=str(source["id"]),
        version=int(source["version"]),
        record_type=str(source["record_type"]),
        format=str(source["format"]),
        encodings=tuple(source.get("encodings", ["utf-8-sig"])),
        rows=str(source.get("rows", "")),
        zone=zone,
        channel=str(source["channel"]),
        source_system=str(source["source_system"]),
        source_ref=tuple(source["source_ref"]),
        device=rule("device", source["device"]),
        subject=rule("subject", source["subject"]),
        occurred_at=rule("occurred_at", source["occurred_at"]),
        counter=rule("counter", source["counter"]) if "counter" in source else None,
        fields={field_name: rule(field_name, value) for field_name, value in source["fields"].items()},
        attachments=tuple(_attachment(value, name) for value in source.get("attachments", [])),
        ignored=frozenset(source.get("ignored", [])),
    )


def _rule(value: Any, where: str, kinds: set[str]) -> Rule:
    if not isinstance(value, dict):
        raise MappingInvalid(f"{where}: must say from, constant, object or list")
    _keys(value, set(), _RULE_KEYS, where)
    origins = [key for key in ("from", "constant", "object", "list") if key in value]
    if len(origins) != 1:
        raise MappingInvalid(f"{where}: needs exactly one of from, constant, object, list")
    kind = value.get("as", "text")
    if kind not in kinds:
        raise MappingInvalid(f"{where}: as must be one of {', '.join(sorted(kinds))}")
    if (kind == "quantity") != (("unit" in value) != ("unit_from" in value)):
        raise MappingInvalid(f"{where}: a quantity needs unit or unit_from, and nothing else does")
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
    if not isinstance(value, dict):
        raise MappingInvalid(f"{name}: attachments: each needs from, folder and role")
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
