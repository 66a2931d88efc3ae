"""What a mapping says once it is read: rules that turn a row's cells into payload fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from ledger_service.importing.convert import PLAIN_DATE


@dataclass(frozen=True)
class Rule:
    """How one value comes about: from a path, as a constant, as an object of rules, or as a list of objects."""

    path: str = ""
    kind: str = "text"
    unit: str = ""
    unit_path: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    """The source's words for units, to UCUM."""
    time_path: str = ""
    """A second column with the time of day of `path`'s date."""
    decimals: int | None = None
    """Decimals that a number cell of a spreadsheet may have."""
    written: tuple[str, ...] = PLAIN_DATE
    values: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False
    prefix: str = ""
    constant: Any = None
    members: Mapping[str, Rule] = field(default_factory=dict)
    """Of an object; with `is_list`, of each item."""
    is_list: bool = False
    each: tuple[Rule, ...] = ()
    """Objects of a list that a table spreads over columns; one whose cells are all empty is left out."""

    def paths(self) -> Iterator[str]:
        """Every path that this rule reads, relative to the row; what an item reads is `<list>[].<path>`."""
        inner = (path for member in (*self.members.values(), *self.each) for path in member.paths())
        if self.is_list:
            yield f"{self.path}[]"
            yield from (path[1:] if path.startswith("^") else f"{self.path}[].{path}" for path in inner)
        else:
            yield from (path for path in (self.path, self.unit_path, self.time_path) if path)
            yield from inner


@dataclass(frozen=True)
class AttachmentRule:
    """A column that names a file in `folder` beside the export; an empty cell means none."""

    path: str
    folder: str
    role: str


@dataclass(frozen=True)
class PositionRule:
    """Two columns with a position in degrees. `datum` gives wgs84 or gcj02; the payload gets WGS-84."""

    latitude: str
    longitude: str
    datum: Rule
    fields: Mapping[str, str]
    """Payload fields for `latitude`, `longitude`; for the `datum` that they are in now, WGS84; and for a note of the
    `source`, written where they were converted. A dot leads into an object: `place.lat`."""


@dataclass(frozen=True)
class Layout:
    """How the file is written. Mappings that read one file together agree on it."""

    format: str
    encodings: tuple[str, ...] = ("utf-8-sig",)
    rows: str = "-"
    """The list of a JSON document."""
    delimiter: str = ","
    sheet: str = ""
    """Name of a workbook's sheet; empty is its first visible one."""
    header_row: int = 1
    cached_formulas: bool = False
    """Whether the stored result of a formula is taken for its value."""


@dataclass(frozen=True)
class SourceMapping:
    """A parsed mapping. `source_ref` lists the paths that together name a row for ever."""

    id: str
    version: int
    record_type: str
    layout: Layout
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
    positions: tuple[PositionRule, ...] = ()
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Rows that this mapping takes: the named columns hold one of these words. Empty: every row."""

    def read_paths(self) -> frozenset[str]:
        """Every path whose value goes into the record."""
        rules = [
            self.device,
            self.subject,
            self.occurred_at,
            *self.fields.values(),
            *([self.counter] if self.counter else []),
        ]
        read = {path for rule in rules for path in rule.paths()} | set(self.source_ref) | set(self.where)
        for position in self.positions:
            read |= {position.latitude, position.longitude, *position.datum.paths()}
        return frozenset(read | {attachment.path for attachment in self.attachments})

    def known_paths(self) -> frozenset[str]:
        """Every path that is read or expressly ignored; a source with any other would lose data."""
        return self.read_paths() | self.ignored

    def column_of(self, field_name: str) -> str:
        """The source's name for a payload field, for messages."""
        if field_name == "subject":
            return self.subject.path
        for position in self.positions:
            if position.fields.get("latitude") == field_name:
                return position.latitude
            if position.fields.get("longitude") == field_name:
                return position.longitude
        rule = self.fields.get(field_name)
        return (rule.path if rule else "") or field_name
