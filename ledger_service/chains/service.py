"""The evidence chain of a subject: its entries in order, whole and linked or not, and what it leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, Engine

from evidence.records import RecordType
from evidence.statement import stream_id
from ledger_service.chains import repository
from ledger_service.chains.integrity import check_links
from ledger_service.chains.model import Attachment, Chain, Integrity, Neighbour, Reconsidered
from ledger_service.chains.neighbours import Reader
from ledger_service.entries import repository as entry_rows
from ledger_service.entries.model import EntryView
from ledger_service.entries.service import MAX_PAGE, views
from ledger_service.errors import BadRequest, NotFound
from ledger_service.kit.db import read
from ledger_service.kit.keystore import KeyStore
from ledger_service.ledgers.service import LedgerService
from ledger_service.streams import repository as stream_rows

MAX_CHECKED = 20_000
"""Entries of one stream that one answer hashes again; of a longer one the rest is reported as not checked."""
MAX_SUBJECT = 512
JUDGEMENT = "judgement"


class ChainService:
    """Reads evidence chains; every answer is one snapshot."""

    def __init__(
        self, engine: Engine, ledgers: LedgerService, keystore: KeyStore, types: Mapping[str, RecordType]
    ) -> None:
        self._engine = engine
        self._ledgers = ledgers
        self._keystore = keystore
        self._types = types

    def get(self, ledger: str, subject: str, begin: int = 0, limit: int = 100, depth: int = 1) -> Chain:
        """The chain of `subject`, from `stream_seq` `begin`, at most `limit` entries (1 to 200).

        `depth` 0: the chain alone; 1: with its neighbours; 2: with what is on record about them. The integrity is that
        of the whole chain. Raises BadRequest, NotFound.
        """
        if not 3 <= len(subject) <= MAX_SUBJECT or "/" not in subject.strip("/"):
            raise BadRequest("a subject is <kind>/<id>, such as equipment/PG-1042", reason="subject")
        slug = self._ledgers.get(ledger).slug
        stream = self._blind(slug, subject)
        with read(self._engine) as connection:
            integrity, indices = self._integrity(connection, slug, stream)
            found = stream_rows.chain(connection, slug, stream, begin, max(1, min(limit, MAX_PAGE)))
            items = views(connection, slug, found)
            return self._chain(connection, slug, subject, stream, integrity, indices, items, depth)

    def _integrity(self, connection: Connection, ledger: str, stream: str) -> tuple[Integrity, list[int]]:
        """What holds for the whole stream, and the indices of its entries."""
        end = repository.end_of(connection, ledger, stream)
        if end is None:
            # Others may name a subject that never had a record of its own; that is a finding, not an error.
            if not repository.mention_counts(connection, ledger, stream):
                raise NotFound("nothing is on record about this subject")
            return Integrity(0, 0, ()), []
        links = repository.chain_links(connection, ledger, stream, MAX_CHECKED)
        indices = [link.index for link in links]
        if len(links) == MAX_CHECKED:
            indices += repository.indices_from(connection, ledger, stream, links[-1].stream_seq + 1)
        return check_links(stream, links, end), indices

    def _chain(
        self,
        connection: Connection,
        ledger: str,
        subject: str,
        stream: str,
        integrity: Integrity,
        indices: Sequence[int],
        items: list[EntryView],
        depth: int,
    ) -> Chain:
        reader = Reader(connection, ledger, self._types, partial(self._blind, ledger))
        progress = entry_rows.progress(connection, ledger)
        bounds = (progress.published, progress.anchored, progress.final)
        published, anchored, final = (sum(index < bound for index in indices) for bound in bounds)
        last = items[-1].entry.stream_seq + 1 if items else integrity.length
        return Chain(
            subject=subject,
            stream=stream,
            integrity=integrity,
            state=reader.state(stream),
            items=tuple(items),
            attachments=_attachments(connection, items),
            neighbours=tuple(self._neighbours(reader, subject, stream, items, depth)),
            reconsidered=tuple(_reconsidered(items)),
            published=published,
            anchored=anchored,
            final=final,
            erased=tuple(view.entry.index for view in items if any(item.text is None for item in view.disclosures)),
            cursor=last if last < integrity.length else None,
        )

    @staticmethod
    def _neighbours(
        reader: Reader, subject: str, stream: str, items: Sequence[EntryView], depth: int
    ) -> list[Neighbour]:
        if depth < 1:
            return []
        found = [*reader.outward(subject, items), *reader.inward(stream)]
        return [reader.about(item, subject.split("/", 1)[0]) for item in found] if depth > 1 else found

    def _blind(self, ledger: str, subject: str) -> str:
        try:
            return stream_id(self._keystore.stream_key(ledger), subject)
        except UnicodeEncodeError as error:
            raise BadRequest("the subject is not text", reason="subject") from error


def _attachments(connection: Connection, items: Sequence[EntryView]) -> tuple[Attachment, ...]:
    named = [
        (view.entry.index, item)
        for view in items
        for item in view.payload.get("attachments", ())
        if isinstance(item, dict)
    ]
    stored = repository.stored_blobs(connection, {str(item["sha256"]) for _, item in named})
    return tuple(
        Attachment(
            index=index,
            sha256=str(item["sha256"]),
            role=str(item["role"]),
            media_type=str(item["media_type"]),
            size=int(item["size"]),
            stored=item["sha256"] in stored,
        )
        for index, item in named
    )


def _reconsidered(items: Sequence[EntryView]) -> list[Reconsidered]:
    return [
        Reconsidered(view.entry.index, view.payload["of_index"], view.payload["rule_results"])
        for view in items
        if view.entry.record_type == JUDGEMENT and {"of_index", "rule_results"} <= view.payload.keys()
    ]
