"""Checks of judgements: what each entry commits to, and the projections that follow from payloads and judgements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from evidence import rule_results
from evidence.canonical import Json
from evidence.encoding import b64url_encode, parse_time
from evidence.entry import Entry
from evidence.records import Catalogue
from evidence.statement import stream_id
from ledger_service.fsck.model import Findings
from ledger_service.judging.model import inputs_of
from ledger_service.models import JUDGEMENT_POSITION, judgement_inputs, links
from ledger_service.privacy.disclosures import Opener

LinkRow = tuple[int, str, str, str]
"""Entry, target, field, record type."""


class JudgementCheck:
    """The judgement of one entry after the other, and their projections entry range by entry range."""

    def __init__(
        self,
        connection: Connection,
        ledger: str,
        stream_key: bytes | None,
        opener: Opener,
        catalogue: Catalogue,
        found: Findings,
    ) -> None:
        self._opener = opener
        self._connection = connection
        self._ledger = ledger
        self._stream_key = stream_key
        self._catalogue = catalogue
        self._found = found
        self._links: set[LinkRow] = set()
        self._inputs: set[tuple[int, int]] = set()
        self._unknown_links: set[int] = set()
        """Entries of which a field is erased, or whose record type is not known: nobody can tell all their links."""
        self._unknown_inputs: set[int] = set()

    def entry(self, row: Row[Any], entry: Entry, rows: Sequence[Row[Any]]) -> None:
        """Check what is stored as the judgement of an entry; that an erasure ordered its end is checked elsewhere."""
        here = f"disclosures[{self._ledger},{row.idx},{JUDGEMENT_POSITION}]"
        if entry.judgement is None:
            self._unknown_inputs.discard(row.idx)
            if rows:
                self._found.error("judgement", here, "is stored, and the entry commits to no judgement")
            return
        if not rows:
            self._found.error("judgement", here, "is missing: the entry commits to a judgement")
            return
        self._found.equal("judgement", f"{here}.digest", rows[0].digest, b64url_encode(entry.judgement))
        with self._found.guard("judgement", f"{here}.sealed"):
            text = self._opener.open(rows[0]).text
            if text is None:
                return
            judgement = rule_results.unseal(text, entry.judgement)
            at = parse_time(entry.statement.claims.occurred_at)
            self._found.equal("judgement", f"{here}.sealed", (judgement.known, judgement.at), (row.idx, at))
            self._inputs |= {(row.idx, index) for index in inputs_of(judgement)}
            self._unknown_inputs.discard(row.idx)

    def payload(self, index: int, entry: Entry, payload: Mapping[str, Json], *, complete: bool) -> None:
        """Note which links follow from what is disclosed of an entry."""
        claims = entry.statement.claims
        record_type = self._catalogue.by_claim(claims.type, claims.schema)
        if record_type is None or self._stream_key is None:
            return
        if complete:
            self._unknown_links.discard(index)
        for link in record_type.links(payload):
            self._links.add((index, stream_id(self._stream_key, link.subject), link.field, claims.type))

    def unreadable(self, index: int) -> None:
        """The entry was not read: whatever is stored may follow from it."""
        self._unknown_links.add(index)
        self._unknown_inputs.add(index)

    def compare(self, begin: int, end: int) -> None:
        """Hold the projections of the entries in `[begin, end)` against what was noted."""
        with self._found.guard("projection", "links"):
            query = select(links.c.idx, links.c.target, links.c.field, links.c.record_type)
            query = query.where(links.c.ledger == self._ledger, links.c.idx >= begin, links.c.idx < end)
            stored = {(row.idx, row.target, row.field, row.record_type) for row in self._connection.execute(query)}
            self._compare("links", stored, self._links, self._unknown_links)
        with self._found.guard("projection", "judgement_inputs"):
            table = judgement_inputs.c
            rows = self._connection.execute(
                select(table.idx, table.input_idx).where(
                    table.ledger == self._ledger, table.idx >= begin, table.idx < end
                )
            )
            pairs = {(row.idx, row.input_idx) for row in rows}
            self._compare("judgement_inputs", pairs, self._inputs, self._unknown_inputs)
        for noted in (self._links, self._inputs, self._unknown_links, self._unknown_inputs):
            noted.clear()

    def beyond(self, size: int) -> None:
        """Rows of entries that the log does not have."""
        for table in (links, judgement_inputs):
            with self._found.guard("projection", table.name):
                query = select(table.c.idx).where(table.c.ledger == self._ledger, table.c.idx >= size)
                for index in sorted(set(self._connection.execute(query).scalars())):
                    self._found.error("projection", f"{table.name}[{self._ledger},{index}]", "is of no entry")

    def _compare(
        self, table: str, stored: Collection[Any], expected: Collection[Any], unknown: Collection[int]
    ) -> None:
        for index in _indices(set(expected) - set(stored)):
            self._found.error("projection", f"{table}[{self._ledger},{index}]", "a row is missing")
        for index in _indices(set(stored) - set(expected)):
            if index not in unknown:
                self._found.error("projection", f"{table}[{self._ledger},{index}]", "a row follows from nothing")


def _indices(rows: Iterable[tuple[Any, ...]]) -> list[int]:
    return sorted({row[0] for row in rows})
