"""The evidence chain of one subject, in order: each entry names the one before it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from ledger_service.entries.model import EntryView
from ledger_service.entries.service import views
from ledger_service.errors import NotFound
from ledger_service.kit.db import read
from ledger_service.ledgers.service import LedgerService
from ledger_service.streams import repository


@dataclass(frozen=True, slots=True)
class StreamPage:
    """A part of a chain. `length` counts the whole chain; `cursor` is the next `stream_seq`, None at its end."""

    stream: str
    length: int
    items: tuple[EntryView, ...]
    cursor: int | None


class StreamService:
    """Reads streams."""

    def __init__(self, engine: Engine, ledgers: LedgerService) -> None:
        self._engine = engine
        self._ledgers = ledgers

    def get(self, ledger: str, stream: str, begin: int, limit: int) -> StreamPage:
        """The chain from `stream_seq` `begin` on, at most `limit` entries. Raises NotFound."""
        self._ledgers.get(ledger)
        with read(self._engine) as connection:
            head = repository.head(connection, ledger, stream)
            if head is None:
                raise NotFound("no entry stands in this stream")
            found = repository.chain(connection, ledger, stream, begin, limit)
            items = tuple(views(connection, ledger, found))
        length = head[0] + 1
        end = begin + len(items)
        return StreamPage(stream, length, items, end if items and end < length else None)
