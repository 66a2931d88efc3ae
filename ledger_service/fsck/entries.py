"""Checks of the log itself: every entry is hashed, parsed, verified and held against its columns and projections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from evidence.encoding import parse_time
from evidence.entry import Entry, parse_entry
from evidence.erasures import ordered
from evidence.errors import EvidenceError
from evidence.hashing import leaf_hash, sha256
from evidence.key_events import RECORD_TYPE, KeyEvent, KeyHistory
from evidence.keys import PublicJwk
from evidence.records import Catalogue
from evidence.statement import disclosed, disclosure_digest, stream_id, verify_signature
from ledger_service.fsck.judgements import JudgementCheck
from ledger_service.fsck.model import Findings
from ledger_service.fsck.payload import check_payload
from ledger_service.fsck.projections import StreamEnd, check_key_states, check_stream_heads
from ledger_service.models import JUDGEMENT_POSITION, disclosures, entries
from ledger_service.privacy.disclosures import Opener, stored_disclosures

_CHUNK = 1000
ERASURE = "erasure"
_UNDONE = "is there, and an erasure was carried out"


@dataclass
class LogSeen:
    """What reading the whole log taught the later checks."""

    leaf_hashes: list[bytes] = field(default_factory=list)
    attachments: dict[str, tuple[int, int]] = field(default_factory=dict)
    """SHA-256 in hex of every disclosed attachment: the entry that names it, and the size it claims."""
    erasures: frozenset[int] = frozenset()
    """Indices of the erasure entries."""


@dataclass
class _Walk:
    """State carried from entry to entry."""

    history: KeyHistory
    heads: dict[str, StreamEnd] = field(default_factory=dict)
    received_at: datetime | None = None
    erased: list[tuple[int, str, int]] = field(default_factory=list)
    """(entry, digest, erasing entry) of every erased disclosure."""
    erasures: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    """Payload of every erasure entry."""


class LogCheck:
    """One pass over the entries of a ledger."""

    def __init__(
        self,
        connection: Connection,
        ledger: str,
        root: PublicJwk,
        stream_key: bytes | None,
        opener: Opener,
        found: Findings,
        catalogue: Catalogue,
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._stream_key = stream_key
        self._opener = opener
        self._found = found
        self._catalogue = catalogue
        self._walk = _Walk(KeyHistory([root]))
        self._judgements = JudgementCheck(connection, ledger, stream_key, opener, catalogue, found)
        self.seen = LogSeen()

    def run(self) -> LogSeen:
        """Check everything; returns what was seen."""
        for row, texts in self._rows():
            expected = len(self.seen.leaf_hashes)
            if row.idx != expected:
                self._found.error("gap", f"entries[{self._ledger},{expected}]", f"the next entry is {row.idx}")
            self._entry(row, texts)
        self._judgements.beyond(len(self.seen.leaf_hashes))
        self._found.entries += len(self.seen.leaf_hashes)
        self._erasures()
        self.seen.erasures = frozenset(self._walk.erasures)
        with self._found.guard("projection", "stream_heads"):
            check_stream_heads(self._connection, self._ledger, self._walk.heads, self._found)
        with self._found.guard("projection", "key_states"):
            check_key_states(self._connection, self._ledger, self._walk.history, self._found)
        return self.seen

    def _rows(self) -> Iterator[tuple[Row[Any], list[Row[Any]]]]:
        begin = 0
        while True:
            query = select(entries).where(entries.c.ledger == self._ledger, entries.c.idx >= begin)
            rows = self._connection.execute(query.order_by(entries.c.idx).limit(_CHUNK)).all()
            if not rows:
                return
            end = rows[-1].idx + 1
            texts: dict[int, list[Row[Any]]] = defaultdict(list)
            wanted = (disclosures.c.idx >= begin, disclosures.c.idx < end)
            for item in stored_disclosures(self._connection, self._ledger, *wanted):
                texts[item.idx].append(item)
            for row in rows:
                yield row, texts[row.idx]
            self._judgements.compare(begin, end)
            begin = end

    def _entry(self, row: Row[Any], texts: Sequence[Row[Any]]) -> None:
        where = f"entries[{self._ledger},{row.idx}]"
        calculated = leaf_hash(row.entry_bytes)
        self._found.bytes_hashed += len(row.entry_bytes)
        self.seen.leaf_hashes.append(calculated)
        self._found.equal("leaf-hash", f"{where}.leaf_hash", row.leaf_hash, calculated)
        self._judgements.unreadable(row.idx)  # Until it was read.
        with self._found.guard("entry", f"{where}.entry_bytes"):
            entry = parse_entry(row.entry_bytes)
            self._columns(where, row, entry)
            self._order(where, row.idx, entry, calculated)
            self._disclosures(where, row, entry, texts)

    def _columns(self, where: str, row: Row[Any], entry: Entry) -> None:
        claims = entry.statement.claims
        expected = {
            "record_id": claims.jti,
            "record_type": claims.type,
            "kid": entry.statement.kid,
            "channel": claims.channel,
            "stream": entry.stream,
            "stream_seq": entry.stream_seq,
            "occurred_at": parse_time(claims.occurred_at),
            "received_at": entry.received_at,
        }
        for name, value in expected.items():
            self._found.equal("column", f"{where}.{name}", getattr(row, name), value)

    def _order(self, where: str, index: int, entry: Entry, calculated: bytes) -> None:
        walk = self._walk
        if walk.received_at is not None and entry.received_at < walk.received_at:
            self._found.error("time-order", f"{where}.received_at", "is earlier than the entry before")
        walk.received_at = entry.received_at
        head = walk.heads.get(entry.stream)
        expected = (0, None) if head is None else (head.stream_seq + 1, head.leaf_hash)
        if (entry.stream_seq, entry.prev) != expected:
            self._found.error("stream", f"{where}.entry_bytes", "does not follow the entry before it in its stream")
        walk.heads[entry.stream] = StreamEnd(entry.stream_seq, calculated, index)

    def _disclosures(self, where: str, row: Row[Any], entry: Entry, texts: Sequence[Row[Any]]) -> None:
        """Digests, order, signature, payload and judgement of one entry."""
        judged = [item for item in texts if item.position == JUDGEMENT_POSITION]
        texts = [item for item in texts if item.position != JUDGEMENT_POSITION]
        self._judgements.entry(row, entry, judged)
        for item in judged:
            if item.sealed is None:
                self._erased(f"disclosures[{self._ledger},{row.idx},{item.position}]", row.idx, item)
            elif item.erased_by_idx is not None or not self._opener.has_key(item.key_no):
                self._found.error("erasure", f"disclosures[{self._ledger},{row.idx},{item.position}].sealed", _UNDONE)
        shown: list[str] = []
        for number, item in enumerate(texts):
            here = f"disclosures[{self._ledger},{row.idx},{item.position}]"
            self._found.equal("disclosure", f"{here}.position", item.position, number)
            if item.digest not in entry.statement.sd:
                self._found.error("disclosure", f"{here}.digest", "is not among the digests that were signed")
            if item.sealed is None:
                self._erased(here, row.idx, item)
                continue
            if item.erased_by_idx is not None or not self._opener.has_key(item.key_no):
                self._found.error("erasure", f"{here}.sealed", _UNDONE)
            with self._found.guard("disclosure", f"{here}.sealed"):
                text = self._opener.open(item).text
                if text is not None:
                    shown.append(text)
                    self._found.equal("disclosure", f"{here}.sealed", disclosure_digest(text), item.digest)
        statement = replace(entry.statement, disclosures=tuple(shown))
        if len(shown) == len(texts):
            self._found.equal(
                "statement-digest",
                f"{where}.statement_digest",
                row.statement_digest,
                sha256(statement.compact.encode()),
            )
        with self._found.guard("disclosure", f"disclosures[{self._ledger},{row.idx}]"):
            payload = disclosed(statement)
            self._payload(where, row, entry, payload)
            self._judgements.payload(row.idx, entry, payload, complete=len(shown) == len(texts))
            if len(shown) == len(texts):  # An erased field is missing by right.
                check_payload(self._catalogue, entry.statement.claims, payload)

    def _erased(self, here: str, index: int, item: Row[Any]) -> None:
        if item.erased_by_idx is None:
            self._found.error("erasure", f"{here}.sealed", "is gone and no erasure is named")
        else:
            self._walk.erased.append((index, item.digest, item.erased_by_idx))

    def _payload(self, where: str, row: Row[Any], entry: Entry, payload: Mapping[str, Any]) -> None:
        claims = entry.statement.claims
        history = self._walk.history
        try:
            if claims.type == RECORD_TYPE:
                jwk = history.enroller(entry.statement.kid, row.idx, entry.received_at)
            else:
                jwk = history.require_valid(entry.statement.kid, row.idx, entry.received_at)
            verify_signature(entry.statement, jwk)
            if claims.type == RECORD_TYPE:
                event = KeyEvent.from_payload(payload)
                history.apply(row.idx, entry.received_at, entry.statement.kid, event)
        except EvidenceError as error:
            self._found.error("signature", f"{where}.entry_bytes", f"{error.reason}: {error}"[:300])
        subject = payload.get("subject")
        if self._stream_key is not None and isinstance(subject, str):
            found = stream_id(self._stream_key, subject)
            self._found.equal("stream-key", f"{where}.stream and keys/{self._ledger}/stream.key", entry.stream, found)
        if claims.type == ERASURE:
            self._walk.erasures[row.idx] = payload
        for item in payload.get("attachments") or ():
            self.seen.attachments[item["sha256"]] = (row.idx, item["size"])

    def _erasures(self) -> None:
        for index, digest, by in self._walk.erased:
            if by <= index or digest not in ordered(self._walk.erasures.get(by, {})).get(index, ()):
                where = f"disclosures[{self._ledger},{index}].erased_by_idx"
                self._found.error("erasure", where, f"entry {by} does not order the erasure of this disclosure")
