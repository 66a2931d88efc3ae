"""Reading the log: one entry, or the records that fit a filter."""

from __future__ import annotations

import orjson
from sqlalchemy import Connection, Engine

from evidence.statement import stream_id
from ledger_service.entries import repository
from ledger_service.entries.model import (
    Disclosure,
    EntryView,
    Page,
    Progress,
    RecordFilter,
    StoredEntry,
    stored_field,
    stored_judgement,
)
from ledger_service.errors import NotFound
from ledger_service.kit.db import read
from ledger_service.kit.keystore import KeyStore
from ledger_service.ledgers.service import LedgerService

MAX_PAGE = 200
SCAN_LIMIT = 2000
"""Entries whose payload one search looks into; the page's cursor says where it stopped."""


class EntryService:
    """Reads entries; every answer is one snapshot."""

    def __init__(self, engine: Engine, ledgers: LedgerService, keystore: KeyStore) -> None:
        self._engine = engine
        self._ledgers = ledgers
        self._keystore = keystore

    def get(self, ledger: str, index: int) -> EntryView:
        """The entry at `index`. Raises NotFound."""
        self._ledgers.get(ledger)
        with read(self._engine) as connection:
            entry = repository.find(connection, ledger, index)
            if entry is None:
                raise NotFound(f"no entry at index {index}")
            return views(connection, ledger, [entry])[0]

    def by_record(self, ledger: str, record_id: str) -> EntryView:
        """The entry of a record. Raises NotFound."""
        self._ledgers.get(ledger)
        with read(self._engine) as connection:
            entry = repository.find_by_record(connection, ledger, record_id)
            if entry is None:
                raise NotFound("no entry has this record id")
            return views(connection, ledger, [entry])[0]

    def stream_of(self, ledger: str, subject: str) -> str:
        """The stream of a subject: what stands in the log in its place."""
        return stream_id(self._keystore.stream_key(self._ledgers.get(ledger).slug), subject)

    def size(self, ledger: str) -> int:
        """Number of entries."""
        with read(self._engine) as connection:
            return repository.size(connection, ledger)

    def progress(self, ledger: str) -> Progress:
        """How much of the log is published, anchored, final."""
        with read(self._engine) as connection:
            return repository.progress(connection, ledger)

    def search(self, ledger: str, wanted: RecordFilter, cursor: int | None, limit: int) -> Page:
        """Records below `cursor` that fit, newest first, at most `limit` (1 to 200).

        A text is compared without regard to case with the disclosed payload; at most 2,000 entries a call are looked
        into, so a page may be short or empty and still have a cursor.
        """
        self._ledgers.get(ledger)
        limit = max(1, min(limit, MAX_PAGE))
        with read(self._engine) as connection:
            begin, end = (0, None)
            if wanted.state is not None:
                begin, end = repository.progress(connection, ledger).indices(wanted.state)
            if cursor is not None:
                end = cursor if end is None else min(end, cursor)
            if wanted.text is None:
                return _page(connection, ledger, wanted, (begin, end), limit)
            return _text_page(connection, ledger, wanted, (begin, end), limit)


def _page(
    connection: Connection, ledger: str, wanted: RecordFilter, indices: tuple[int, int | None], limit: int
) -> Page:
    found = repository.select_records(connection, ledger, wanted, indices, limit + 1)
    more = len(found) > limit
    return Page(tuple(views(connection, ledger, found[:limit])), found[limit - 1].index if more else None)


def _text_page(
    connection: Connection, ledger: str, wanted: RecordFilter, indices: tuple[int, int | None], limit: int
) -> Page:
    needle = (wanted.text or "").casefold()
    begin, end = indices
    hits: list[EntryView] = []
    scanned = 0
    while scanned < SCAN_LIMIT:
        found = repository.select_records(connection, ledger, wanted, (begin, end), MAX_PAGE)
        for view in views(connection, ledger, found):
            scanned, end = scanned + 1, view.entry.index
            if needle in view.entry.record_id or needle in orjson.dumps(view.payload).decode().casefold():
                hits.append(view)
                if len(hits) == limit:
                    return Page(tuple(hits), end)
        if len(found) < MAX_PAGE:
            return Page(tuple(hits), None)
    return Page(tuple(hits), end)


def views(connection: Connection, ledger: str, found: list[StoredEntry]) -> list[EntryView]:
    """The entries with their disclosures and states, read in the same snapshot."""
    if not found:
        return []
    indices = [entry.index for entry in found]
    shown = repository.disclosures_of(connection, ledger, indices)
    judged = repository.judgements_of(connection, ledger, indices)
    progress = repository.progress(connection, ledger)
    grounds = _grounds(connection, ledger, {item.erased_by for items in shown.values() for item in items})
    return [
        EntryView(
            entry,
            shown[entry.index],
            _payload(shown[entry.index]),
            progress.state(entry.index),
            stored_judgement(judged.get(entry.index)),
            judged.get(entry.index),
            {by: grounds[by] for by in (item.erased_by for item in shown[entry.index]) if by in grounds},
        )
        for entry in found
    ]


def _grounds(connection: Connection, ledger: str, erasures: set[int | None]) -> dict[int, str]:
    """The legal basis that each of these erasure entries states."""
    indices = sorted(index for index in erasures if index is not None)
    if not indices:
        return {}
    stated = repository.disclosures_of(connection, ledger, indices)
    return {index: str(_payload(items).get("legal_basis", "")) for index, items in stated.items()}


def _payload(disclosures: tuple[Disclosure, ...]) -> dict[str, object]:
    """The fields still disclosed; an erased one is missing, and its disclosure says by whom."""
    return dict(stored_field(item.text) for item in disclosures if item.text is not None)
