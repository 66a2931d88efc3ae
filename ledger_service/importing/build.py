"""From a row to a draft: the payload, its times and its attachments, checked against the record type. Pure."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from evidence.canonical import Json
from evidence.hashing import sha256
from evidence.records import PayloadMismatch, RecordType, validate
from ledger_service.importing import convert
from ledger_service.importing.cells import fold
from ledger_service.importing.compiling import MISSING, Misfit, Scopes, compile_position, compile_rule, lookup
from ledger_service.importing.errors import CellProblem, Problem, RowRejected
from ledger_service.importing.model import AttachmentRule, Rule, SourceMapping
from ledger_service.importing.rows import Row

ReadFile = Callable[[str], bytes]
"""Reads a file beside the export by its relative path; raises OSError or ValueError when it may not or cannot."""


@dataclass(frozen=True)
class Attachment:
    """A file that the payload refers to, to be stored under its SHA-256 before the statement is sent.

    It is read again when it is sent: the files of hundreds of rows would not fit into memory together.
    """

    sha256: str
    media_type: str
    read: Callable[[], bytes]

    @property
    def data(self) -> bytes:
        """The file's content. Raises OSError, ValueError where it is gone since."""
        return self.read()


@dataclass(frozen=True, slots=True)
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
        zone = mapping.zone
        self.mapping, self.record_type, self._read_file = mapping, record_type, read_file
        rules = {**mapping.fields, "subject": mapping.subject}
        self._fields = {name: compile_rule(rule, zone) for name, rule in rules.items()}
        self._positions = [compile_position(rule, zone) for rule in mapping.positions]
        self._source_ref = [compile_rule(Rule(path=path), zone) for path in mapping.source_ref]
        self._device = compile_rule(mapping.device, zone)
        self._occurred_at = compile_rule(replace(mapping.occurred_at, kind="time"), zone)
        self._counter = None if mapping.counter is None else compile_rule(mapping.counter, zone)
        self._where = [(path, lookup(path), {fold(word) for word in words}) for path, words in mapping.where.items()]

    def takes(self, row: Row) -> bool:
        """Whether the mapping's `where` takes this row. Raises `RowRejected`."""
        try:
            return all(_word(path, look((row.cells, row.outer))) in words for path, look, words in self._where)
        except Misfit as error:
            raise RowRejected(row.line, error.path, error.problem) from None

    def build(self, row: Row) -> Draft:
        """The draft of one row. Raises `RowRejected` with line, column and problem, never with a value."""
        try:
            draft = self._draft(row, (row.cells, row.outer))
        except Misfit as error:
            raise RowRejected(row.line, error.path, error.problem) from None
        self._check(row, draft.payload)
        return draft

    def _draft(self, row: Row, scopes: Scopes) -> Draft:
        mapping = self.mapping
        values = ((name, read(scopes)) for name, read in self._fields.items())
        payload: dict[str, Any] = {name: value for name, value in values if value is not MISSING}
        for position in self._positions:
            _place(payload, position(scopes))
        attachments = [found for rule in mapping.attachments if (found := self._attachment(row, rule))]
        if attachments:
            payload["attachments"] = [described for described, _ in attachments]
        source_ref = "/".join(str(read(scopes)) for read in self._source_ref)
        payload["source_system"], payload["source_ref"] = mapping.source_system, source_ref
        return Draft(
            line=row.line,
            source_ref=source_ref,
            device=str(self._device(scopes)),
            occurred_at=self._moment(scopes),
            channel=mapping.channel,
            counter=None if self._counter is None else self._count(scopes),
            payload=payload,
            attachments=tuple(attachment for _, attachment in attachments),
        )

    def _moment(self, scopes: Scopes) -> datetime:
        value = self._occurred_at(scopes)
        if value is MISSING:
            raise Misfit(self.mapping.occurred_at.path, _EMPTY)
        moment = datetime.fromisoformat(value)
        if moment.year < _FIRST_YEAR:
            raise Misfit(self.mapping.occurred_at.path, _TOO_OLD)
        return moment

    def _check(self, row: Row, payload: Mapping[str, Json]) -> None:
        try:
            validate(self.record_type, payload)
        except PayloadMismatch as error:
            path, keyword = error.problems[0]
            column = self.mapping.column_of(path.split("/")[1]) if path else ""
            place = f"{self.record_type.id}{path}: {keyword}"
            problem = Problem(f"does not fit {place}", f"不符合 {place}")
            raise RowRejected(row.line, column, problem) from error

    def _count(self, scopes: Scopes) -> int:
        value = self._counter(scopes) if self._counter is not None else None
        if type(value) is not int or value < 0:
            path = self.mapping.counter.path if self.mapping.counter is not None else ""
            raise Misfit(path, Problem("must be a whole number, not negative", "应为非负整数"))
        return value

    def _attachment(self, row: Row, rule: AttachmentRule) -> tuple[dict[str, Json], Attachment] | None:
        cell = lookup(rule.path)((row.cells, row.outer))
        if cell is None or cell == "":
            return None
        try:
            name = convert.text(cell)
            data = self._read_file(f"{rule.folder}/{name}")
        except (CellProblem, OSError, ValueError) as error:
            raise RowRejected(row.line, rule.path, _NO_FILE) from error
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        attachment = Attachment(sha256(data).hex(), media_type, partial(self._read_file, f"{rule.folder}/{name}"))
        described: dict[str, Json] = {
            "sha256": attachment.sha256,
            "size": len(data),
            "media_type": media_type,
            "name": name,
            "role": rule.role,
        }
        return described, attachment


def _place(payload: dict[str, Any], values: Mapping[str, Any]) -> None:
    for place, value in values.items():
        name, _, member = place.partition(".")
        if member:
            payload.setdefault(name, {})[member] = value
        else:
            payload[name] = value


def _word(path: str, cell: Any) -> str:
    if cell is None or cell == "":
        return ""
    try:
        return fold(convert.text(cell))
    except CellProblem as error:
        raise Misfit(path, error.problem) from None


_EMPTY: Final = Problem("is empty", "为空")
_FIRST_YEAR: Final = 1971
"""A record id holds milliseconds since 1970; an earlier time is an empty date that a spreadsheet filled in."""
_TOO_OLD: Final = Problem(f"must not lie before {_FIRST_YEAR}", f"不得早于 {_FIRST_YEAR} 年")
_NO_FILE: Final = Problem("names a file that is missing or may not be read", "所指文件不存在或不可读取")
