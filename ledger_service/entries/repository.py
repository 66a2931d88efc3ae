"""Queries for entries and how far their proofs have come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from ledger_service.entries.model import Disclosure, Progress, RecordFilter, StoredEntry, stored_field
from ledger_service.models import JUDGEMENT_POSITION, anchors, disclosures, entries, published_heads
from ledger_service.privacy.disclosures import Opener, read_disclosures, stored_disclosures
from ledger_service.privacy.vault import vault_of

ANCHORED_STATES = ("mined", "final", "archived")
FINAL_STATES = ("final", "archived")
SUBJECT = "subject"


def find(connection: Connection, ledger: str, index: int) -> StoredEntry | None:
    """The entry at `index`."""
    row = connection.execute(select(entries).where(entries.c.ledger == ledger, entries.c.idx == index)).first()
    return None if row is None else stored(row)


def find_many(connection: Connection, ledger: str, indices: Sequence[int]) -> list[StoredEntry]:
    """The entries at these indices, at most some hundred, ascending; one that does not exist is missing."""
    query = select(entries).where(entries.c.ledger == ledger, entries.c.idx.in_(indices)).order_by(entries.c.idx)
    return [stored(row) for row in connection.execute(query)]


def find_by_record(connection: Connection, ledger: str, record_id: str) -> StoredEntry | None:
    """The entry of this record."""
    query = select(entries).where(entries.c.ledger == ledger, entries.c.record_id == record_id)
    row = connection.execute(query).first()
    return None if row is None else stored(row)


def disclosures_of(connection: Connection, ledger: str, indices: Sequence[int]) -> dict[int, tuple[Disclosure, ...]]:
    """The disclosures of these entries' statements in submitted order."""
    shown = disclosures.c.position < JUDGEMENT_POSITION
    return {index: tuple(items) for index, items in _read(connection, ledger, indices, shown).items()}


def judgements_of(connection: Connection, ledger: str, indices: Sequence[int]) -> dict[int, Disclosure]:
    """The disclosures of the judgements on these entries; an entry without one is missing."""
    found = _read(connection, ledger, indices, disclosures.c.position == JUDGEMENT_POSITION)
    return {index: items[0] for index, items in found.items() if items}


def subjects_of(connection: Connection, ledger: str, indices: Sequence[int]) -> dict[int, str]:
    """The subject that each of these entries discloses, empty once erased; of each only what it takes is opened."""
    found = dict.fromkeys(indices, "")
    shown = disclosures.c.position < JUDGEMENT_POSITION
    rows = stored_disclosures(connection, ledger, disclosures.c.idx.in_(indices), shown)
    opener = Opener(connection, ledger, vault_of(connection), (row.key_no for row in rows))
    for row in rows:
        text = None if found[row.idx] else opener.open(row).text
        name, value = ("", "") if text is None else stored_field(text)
        if name == SUBJECT and isinstance(value, str):
            found[row.idx] = value
    return found


def _read(
    connection: Connection, ledger: str, indices: Sequence[int], which: ColumnElement[bool]
) -> dict[int, list[Disclosure]]:
    found: dict[int, list[Disclosure]] = {index: [] for index in indices}
    for item in read_disclosures(connection, ledger, disclosures.c.idx.in_(indices), which):
        found[item.index].append(Disclosure(item.digest, item.text, item.erased_by))
    return found


def progress(connection: Connection, ledger: str) -> Progress:
    """How much of the log is published, anchored, final."""
    published = connection.execute(select(published_heads.c.size).where(published_heads.c.ledger == ledger)).scalar()
    return Progress(
        published=published or 0,
        anchored=_anchored_size(connection, ledger, ANCHORED_STATES),
        final=_anchored_size(connection, ledger, FINAL_STATES),
    )


def size(connection: Connection, ledger: str) -> int:
    """Number of entries: the newest index plus one, the log being dense."""
    newest = connection.execute(select(func.max(entries.c.idx)).where(entries.c.ledger == ledger)).scalar()
    return 0 if newest is None else newest + 1


def select_records(
    connection: Connection, ledger: str, wanted: RecordFilter, indices: tuple[int, int | None], limit: int
) -> list[StoredEntry]:
    """Entries in the half-open range `indices` that fit the filter (its text apart), newest first."""
    begin, end = indices
    query: Select[Any] = select(entries).where(entries.c.ledger == ledger, entries.c.idx >= begin)
    if end is not None:
        query = query.where(entries.c.idx < end)
    if wanted.record_type is not None:
        query = query.where(entries.c.record_type == wanted.record_type)
    if wanted.stream is not None:
        query = query.where(entries.c.stream == wanted.stream)
    if wanted.occurred_from is not None:
        query = query.where(entries.c.occurred_at >= wanted.occurred_from)
    if wanted.occurred_to is not None:
        query = query.where(entries.c.occurred_at < wanted.occurred_to)
    return [stored(row) for row in connection.execute(query.order_by(entries.c.idx.desc()).limit(limit))]


def stored(row: Row[Any]) -> StoredEntry:
    """A row of `entries` as a value."""
    return StoredEntry(
        ledger=row.ledger,
        index=row.idx,
        entry_bytes=row.entry_bytes,
        leaf_hash=row.leaf_hash,
        record_id=row.record_id,
        record_type=row.record_type,
        kid=row.kid,
        channel=row.channel,
        stream=row.stream,
        stream_seq=row.stream_seq,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        statement_digest=row.statement_digest,
    )


def _anchored_size(connection: Connection, ledger: str, states: tuple[str, ...]) -> int:
    query = select(func.max(anchors.c.size)).where(anchors.c.ledger == ledger, anchors.c.state.in_(states))
    return connection.execute(query).scalar() or 0
