"""What a mapping says once it is read: rules that turn a row's cells into payload fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo


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
