"""What an evidence chain says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger_service.entries.model import EntryView

OUT = "refers_to"
IN = "referred_by"


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not hold at a log index. `code` is one of `hash`, `link`, `gap`, `stream`, `head`, `unreadable`."""

    index: int
    code: str


@dataclass(frozen=True, slots=True)
class Integrity:
    """The entries of the stream hashed again, each held against the one before it."""

    length: int
    """Entries that the stream has, by its head."""
    checked: int
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Whether every entry was checked and none differs."""
        return not self.problems and self.checked == self.length


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a record names. `stored`: its bytes lie in the blob store."""

    index: int
    sha256: str
    role: str
    media_type: str
    size: int
    stored: bool


@dataclass(frozen=True, slots=True)
class Mention:
    """An entry at the other end of a link; `subject` is empty once erased."""

    index: int
    record_type: str
    subject: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A subject that the chain leads to, or that leads to it. `subject` is empty where only its stream is known."""

    subject: str
    direction: str
    fields: tuple[str, ...]
    """Payload fields that make the link."""
    entries: tuple[int, ...]
    """Indices in this chain (outward) or in the neighbour's (inward) that hold the link; the newest 20."""
    count: int
    state: str = ""
    about: tuple[Mention, ...] = ()
    """The neighbour's own newest records, and those that mention it: credentials of a person, actions of a finding."""


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """A later judgement on an entry of the chain, made with what became known since."""

    index: int
    of_index: int
    rule_results: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chain:
    """A part of a subject's chain, `items`, with what holds for the whole of it."""

    subject: str
    stream: str
    integrity: Integrity
    state: str
    """State in the lifecycle by the newest judgement that froze one; empty where the type has none."""
    items: tuple[EntryView, ...]
    attachments: tuple[Attachment, ...]
    neighbours: tuple[Neighbour, ...]
    reconsidered: tuple[Reconsidered, ...]
    published: int
    """Entries of the whole chain below the newest checkpoint; likewise `anchored` and `final`."""
    anchored: int
    final: int
    erased: tuple[int, ...]
    """Indices of entries in this part of which a field was erased."""
    cursor: int | None
