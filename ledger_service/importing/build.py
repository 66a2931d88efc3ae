"""From a row to a draft: the payload, its times and its attachments, checked against the record type. Pure."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from evidence.canonical import Json
from evidence.hashing import sha256
from evidence.records import PayloadMismatch, RecordType, validate
from ledger_service.importing import convert
from ledger_service.importing.errors import CellProblem, RowRejected
from ledger_service.importing.model import AttachmentRule, Rule, SourceMapping
from ledger_service.importing.rows import Row

ReadFile = Callable[[str], bytes]
"""Reads a file beside the export by its relative path; raises OSError or ValueError when it may not or cannot."""
_MISSING: Final = object()


@dataclass(frozen=True)
class Attachment:
    """A file that the payload refers to, to be stored under its SHA-256 before the statement is sent."""

    sha256: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Draft:
    """All that a statement says, before a key signs it."""

    line: int
    source_ref: str
    device: str
    occurred_at: datetime
    channel: str
    counter: int | None
    payload: Mapping[str, Json]
    attachments: tuple[Attachment, ...]


class Builder:
    """Turns rows of one source into drafts of one record type."""

    def __init__(self, mapping: SourceMapping, record_type: RecordType, read_file: ReadFile) -> None:
        self._mapping = mapping
        self._type = record_type
        self._read_file = read_file
        self._convert = convert.converters(mapping.zone)

    def build(self, row: Row) -> Draft:
        """The draft of one row. Raises `RowRejected` with line, column and problem, never with a value."""
        mapping, scopes = self._mapping, (row.cells, row.outer)
        payload = {name: self._value(row, rule, scopes) for name, rule in mapping.fields.items()}
        payload["subject"] = self._value(row, mapping.subject, scopes)
        attachments = [found for rule in mapping.attachments if (found := self._attachment(row, rule))]
        if attachments:
            payload["attachments"] = [described for described, _ in attachments]
        source_ref = "/".join(str(self._value(row, Rule(path=path), scopes)) for path in mapping.source_ref)
        payload |= {"source_system": mapping.source_system, "source_ref": source_ref}
        payload = {name: value for name, value in payload.items() if value is not _MISSING}
        self._check(row, payload)
        return Draft(
            line=row.line,
            source_ref=source_ref,
            device=str(self._value(row, mapping.device, scopes)),
            occurred_at=self._instant(row, mapping.occurred_at),
            channel=mapping.channel,
            counter=None if mapping.counter is None else self._counter(row, mapping.counter),
            payload=payload,
            attachments=tuple(attachment for _, attachment in attachments),
        )

    def _check(self, row: Row, payload: Mapping[str, Json]) -> None:
        try:
            validate(self._type, payload)
        except PayloadMismatch as error:
            path, keyword = error.problems[0]
            column = self._mapping.column_of(path.split("/")[1]) if path else ""
            raise RowRejected(row.line, column, f"does not fit {self._type.id}{path}: {keyword}") from error

    def _value(self, row: Row, rule: Rule, scopes: tuple[dict[str, Any], ...]) -> Any:
        if rule.constant is not None:
            return rule.constant
        if rule.is_list:
            return self._list(row, rule, scopes)
        if rule.members:
            members = {name: self._value(row, inner, scopes) for name, inner in rule.members.items()}
            return {name: value for name, value in members.items() if value is not _MISSING}
        cell = _look_up(rule.path, scopes)
        if cell is None or cell == "":
            if rule.optional:
                return _MISSING
            raise RowRejected(row.line, rule.path, "is empty")
        try:
            return self._converted(rule, cell, scopes)
        except CellProblem as error:
            raise RowRejected(row.line, rule.path, str(error)) from None

    def _converted(self, rule: Rule, cell: Any, scopes: tuple[dict[str, Any], ...]) -> Any:
        if rule.values:
            word = convert.text(cell)
            if word not in rule.values:
                raise CellProblem("is not one of the words that the mapping knows")
            return rule.values[word]
        if rule.kind == "quantity":
            unit = rule.unit or convert.text(_look_up(rule.unit_path, scopes))
            return {"value": convert.decimal(cell), "unit": unit}
        value = self._convert[rule.kind](cell)
        return rule.prefix + value if rule.prefix and isinstance(value, str) else value

    def _list(self, row: Row, rule: Rule, scopes: tuple[dict[str, Any], ...]) -> list[Any]:
        items = _look_up(rule.path, scopes)
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise RowRejected(row.line, rule.path, "must be a list of objects")
        member = Rule(members=rule.members)
        return [self._value(row, member, (item, *scopes)) for item in items]

    def _instant(self, row: Row, rule: Rule) -> datetime:
        try:
            return convert.instant(_look_up(rule.path, (row.cells, row.outer)), self._mapping.zone)
        except CellProblem as error:
            raise RowRejected(row.line, rule.path, str(error)) from None

    def _counter(self, row: Row, rule: Rule) -> int:
        value = self._value(row, rule, (row.cells, row.outer))
        if type(value) is not int or value < 0:
            raise RowRejected(row.line, rule.path, "must be a whole number, not negative")
        return value

    def _attachment(self, row: Row, rule: AttachmentRule) -> tuple[dict[str, Json], Attachment] | None:
        cell = _look_up(rule.path, (row.cells, row.outer))
        if cell is None or cell == "":
            return None
        try:
            name = convert.text(cell)
            data = self._read_file(f"{rule.folder}/{name}")
        except (CellProblem, OSError, ValueError) as error:
            raise RowRejected(row.line, rule.path, "names a file that is missing or may not be read") from error
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        attachment = Attachment(sha256(data).hex(), media_type, data)
        described: dict[str, Json] = {
            "sha256": attachment.sha256,
            "size": len(data),
            "media_type": media_type,
            "name": name,
            "role": rule.role,
        }
        return described, attachment


def _look_up(path: str, scopes: tuple[dict[str, Any], ...]) -> Any:
    """The value at a dotted path; each leading ^ starts one enclosing object further out."""
    outward = len(path) - len(path.lstrip("^"))
    if outward >= len(scopes):
        return None
    value: Any = scopes[outward]
    name = path[outward:]
    if isinstance(value, dict) and name in value:  # a CSV column may have a dot in its name
        return value[name]
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
