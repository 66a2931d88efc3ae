"""What readers get to see of an entry."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from evidence import rule_results
from evidence.errors import Malformed
from evidence.records.judgement import NAME, Judgement, parse_judgement

_FROM_URL = bytes.maketrans(b"-_", b"+/")


class RecordState(StrEnum):
    """How far a record's proof has come (ARCHITECTURE 2). Each state includes the ones before it."""

    SEQUENCED = "sequenced"
    PUBLISHED = "published"
    ANCHORED = "anchored"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Progress:
    """Sizes of the log that are published, anchored and final: 0 <= final <= anchored <= published."""

    published: int
    anchored: int
    final: int

    def state(self, index: int) -> RecordState:
        """The state of the entry at `index`."""
        if index < self.final:
            return RecordState.FINAL
        if index < self.anchored:
            return RecordState.ANCHORED
        return RecordState.PUBLISHED if index < self.published else RecordState.SEQUENCED

    def indices(self, state: RecordState) -> tuple[int, int | None]:
        """The half-open range of indices in exactly this state; None is the end of the log."""
        bounds: dict[RecordState, tuple[int, int | None]] = {
            RecordState.FINAL: (0, self.final),
            RecordState.ANCHORED: (self.final, self.anchored),
            RecordState.PUBLISHED: (self.anchored, self.published),
            RecordState.SEQUENCED: (self.published, None),
        }
        return bounds[state]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One disclosure beside the log; `text` is None once erased, then `erased_by` is the erasure's index."""

    digest: str
    text: str | None
    erased_by: int | None


def stored_field(text: str) -> tuple[str, Any]:
    """Name and value of a disclosure out of the database.

    It passed `parse_disclosure` before it was sealed, and the seal vouches for its bytes since: that costs a multiple
    of reading it, and a page of a chain has thousands. Nothing that comes from outside is read so. Raises `Malformed`
    for what is no disclosure at all.
    """
    try:
        _, name, value = orjson.loads(a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"=="))
    except (ValueError, TypeError) as error:
        raise Malformed("a stored disclosure is none") from error
    return name, value


def read_judgement(disclosure: Disclosure | None) -> Judgement | None:
    """The judgement that a disclosure shows; None where there is none or it was erased."""
    return None if disclosure is None or disclosure.text is None else rule_results.parse(disclosure.text)


def stored_judgement(disclosure: Disclosure | None) -> Judgement | None:
    """The same for one out of the database, read as `stored_field` reads. Raises `Malformed`."""
    if disclosure is None or disclosure.text is None:
        return None
    name, value = stored_field(disclosure.text)
    if name != NAME:
        raise Malformed(f"the disclosure of a judgement is named {NAME}")
    return parse_judgement(value)


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry's row."""

    ledger: str
    index: int
    entry_bytes: bytes
    leaf_hash: bytes
    record_id: str
    record_type: str
    kid: str
    channel: str
    stream: str
    stream_seq: int
    occurred_at: datetime
    received_at: datetime
    statement_digest: bytes


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry with its disclosures, the payload they show, its state, and what the rules said of it."""

    entry: StoredEntry
    disclosures: tuple[Disclosure, ...]
    payload: dict[str, Any]
    state: RecordState
    judgement: Judgement | None = None
    """None for a record type without rules, and once erased; `judgement_disclosure` tells the two apart."""
    judgement_disclosure: Disclosure | None = None
    erasures: Mapping[int, str] = field(default_factory=dict)
    """Under what ground each erasure that took a disclosure was ordered, by the index of its entry."""


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records to list. `occurred_from` and `occurred_to` are half-open; `text` is looked for in the payload."""

    record_type: str | None = None
    stream: str | None = None
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None
    state: RecordState | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. `cursor` continues after the last entry looked at; None when there is nothing below it."""

    items: tuple[EntryView, ...]
    cursor: int | None
