"""A mapping: which column of one kind of export becomes which field of one record type. Data, read from YAML.

    record_type: training_record          what each row becomes
    format: xlsx | csv | json | ndjson    `rows` names the list in a JSON document
    fields: {person_name: {from: 姓名}, hours: {from: 学时, as: quantity, unit: h}, site: {constant: SH-01}, …}

In JSON a path is dotted (`camera.id`); a leading ^ looks in the enclosing object. docs/import.md is the reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evidence.records import RecordTypeInvalid, parse_yaml
from ledger_service.importing.errors import MappingInvalid
from ledger_service.importing.mapping_rules import keys, parse_rule, text_of
from ledger_service.importing.model import AttachmentRule, Layout, PositionRule, Rule, SourceMapping

FORMATS: Final = ("csv", "json", "ndjson", "xlsx")
DELIMITERS: Final = {",": ",", ";": ";", "tab": "\t", "|": "|"}
MAX_HEADER_ROW: Final = 100
_REQUIRED: Final = {"id", "version", "record_type", "format", "time_zone", "channel", "source_system", "source_ref",
                    "device", "subject", "occurred_at", "fields"}  # fmt: skip
_OPTIONAL: Final = {"encodings", "rows", "counter", "attachments", "ignored", "delimiter", "sheet", "header_row",
                    "formula", "positions", "where"}  # fmt: skip
_ONLY: Final = {"encodings": ("csv",), "delimiter": ("csv",), "header_row": ("csv", "xlsx"), "sheet": ("xlsx",),
                "formula": ("xlsx",)}  # fmt: skip
_DATUM: Final = {"wgs84": "wgs84", "gcj02": "gcj02"}


def parse_mapping(text: str, name: str) -> SourceMapping:
    """A mapping from its YAML text. Raises `MappingInvalid` with file, entry and what is allowed."""
    try:
        source: dict[str, Any] = dict(parse_yaml(text, name))
    except RecordTypeInvalid as error:
        raise MappingInvalid(str(error)) from error
    keys(source, _REQUIRED, _REQUIRED | _OPTIONAL, name)

    def rule(entry: str, value: Any) -> Rule:
        return parse_rule(value, f"{name}: {entry}")

    return SourceMapping(
        id=text_of(source["id"], f"{name}: id"),
        version=_natural(source["version"], f"{name}: version", 1_000_000),
        record_type=text_of(source["record_type"], f"{name}: record_type"),
        layout=_layout(source, name),
        zone=_zone(source["time_zone"], name),
        channel=text_of(source["channel"], f"{name}: channel"),
        source_system=text_of(source["source_system"], f"{name}: source_system"),
        source_ref=_texts(source["source_ref"], f"{name}: source_ref"),
        device=rule("device", source["device"]),
        subject=rule("subject", source["subject"]),
        occurred_at=rule("occurred_at", source["occurred_at"]),
        counter=rule("counter", source["counter"]) if "counter" in source else None,
        fields={field_name: rule(field_name, value) for field_name, value in _fields(source["fields"], name)},
        attachments=tuple(_attachment(value, name) for value in source.get("attachments") or []),
        ignored=frozenset(_texts(source["ignored"], f"{name}: ignored") if source.get("ignored") else ()),
        positions=tuple(_position(value, name) for value in _list(source.get("positions", []), f"{name}: positions")),
        where=_where(source.get("where", {}), name),
    )


def _layout(source: dict[str, Any], name: str) -> Layout:
    kind = source["format"]
    if not isinstance(kind, str) or kind not in FORMATS:
        raise MappingInvalid(f"{name}: format must be one of {', '.join(FORMATS)}")
    if (kind == "json") != ("rows" in source):
        raise MappingInvalid(f"{name}: rows names the list in a JSON document, and only there")
    for entry, formats in _ONLY.items():
        if entry in source and kind not in formats:
            raise MappingInvalid(f"{name}: {entry} belongs to {' or '.join(formats)} only")
    if source.get("delimiter", ",") not in DELIMITERS:
        raise MappingInvalid(f"{name}: delimiter must be one of {' '.join(DELIMITERS)}")
    if source.get("formula", "refused") not in ("refused", "cached"):
        raise MappingInvalid(f"{name}: formula must be refused or cached")
    return Layout(
        format=kind,
        encodings=_texts(source.get("encodings", ["utf-8-sig"]), f"{name}: encodings"),
        rows=text_of(source.get("rows", "-"), f"{name}: rows"),
        delimiter=DELIMITERS[source.get("delimiter", ",")],
        sheet=text_of(source["sheet"], f"{name}: sheet") if "sheet" in source else "",
        header_row=_natural(source.get("header_row", 1), f"{name}: header_row", MAX_HEADER_ROW),
        cached_formulas=source.get("formula") == "cached",
    )


def _texts(items: Any, where: str) -> tuple[str, ...]:
    if not isinstance(items, list) or not items or not all(isinstance(item, str) for item in items):
        raise MappingInvalid(f"{where} must be a list of texts")
    return tuple(items)


def _natural(value: Any, where: str, largest: int) -> int:
    if type(value) is not int or not 1 <= value <= largest:
        raise MappingInvalid(f"{where} must be a whole number from 1")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise MappingInvalid(f"{where} must be a list")
    return value


def _fields(value: Any, name: str) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        raise MappingInvalid(f"{name}: fields must map payload fields to rules")
    return value.items()


def _attachment(value: Any, name: str) -> AttachmentRule:
    wanted = {"from", "folder", "role"}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise MappingInvalid(f"{name}: attachments: each needs from, folder and role, as text")
    keys(value, wanted, wanted, f"{name}: attachments")
    return AttachmentRule(str(value["from"]), str(value["folder"]), str(value["role"]))


def _position(value: Any, name: str) -> PositionRule:
    where = f"{name}: positions"
    if not isinstance(value, dict):
        raise MappingInvalid(f"{where}: each needs latitude, longitude, as and to")
    wanted = {"latitude", "longitude", "as", "to"}
    keys(value, wanted, wanted, where)
    target = value["to"]
    if not isinstance(target, dict) or not all(isinstance(item, str) for item in target.values()):
        raise MappingInvalid(f"{where}: to must name payload fields")
    keys(target, {"latitude", "longitude"}, {"latitude", "longitude", "datum", "source"}, where)
    datum = {"constant": value["as"]} if isinstance(value["as"], str) else value["as"]
    rule = parse_rule(datum, where)
    if not set(rule.values.values() if rule.values else [rule.constant]) <= set(_DATUM):
        raise MappingInvalid(f"{where}: as must give wgs84 or gcj02")
    return PositionRule(text_of(value["latitude"], where), text_of(value["longitude"], where), rule, dict(target))


def _where(value: Any, name: str) -> dict[str, frozenset[str]]:
    if not isinstance(value, dict):
        raise MappingInvalid(f"{name}: where must map columns to lists of words")
    return {str(column): frozenset(_texts(words, f"{name}: where: {column}")) for column, words in value.items()}


def _zone(value: Any, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise MappingInvalid(f"{name}: time_zone: no such zone; use a name such as Asia/Shanghai") from error
