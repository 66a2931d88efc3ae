"""Make a data-health report of a ledger: read its records page by page and hand them to the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine

from evidence.entry import parse_entry
from evidence.records import Catalogue
from evidence.statement import stream_id
from ledger_service.data_health import repository
from ledger_service.data_health.model import Cadence, HealthReport, Observed
from ledger_service.data_health.rules import Contradiction, Examiner, Span
from ledger_service.entries.model import EntryView, RecordFilter
from ledger_service.entries.service import MAX_PAGE, EntryService
from ledger_service.errors import BadRequest
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read
from ledger_service.kit.keystore import KeyStore

MAX_RECORDS: Final = 500_000
"""Records that one report looks at; a ledger with more is examined period by period."""
CADENCE_TABLE: Final = "source-cadence"
RULES_TABLE: Final = "data-health"
OWN_TYPES: Final = frozenset(
    {"key_event", "rule_set", "erasure", "judgement", "evidence_package", "deadline_event", "legal_hold"}
)
"""Records that the ledger writes about itself: no source delivers them."""
_NO_RECORDS: Final = ("unique/", "file/")
"""Links that are no references to subjects: values that name one thing, and files, which are stored as such."""
_DURATION: Final = re.compile(r"P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?)?")


class DataHealthService:
    """Reports on what sources delivered. Opens payloads, keeps none."""

    def __init__(
        self, engine: Engine, clock: Clock, entries: EntryService, keystore: KeyStore, catalogue: Catalogue
    ) -> None:
        self._engine, self._clock, self._entries = engine, clock, entries
        self._keystore, self._catalogue = keystore, catalogue

    def report(
        self, ledger: str, source: str | None = None, begin: datetime | None = None, end: datetime | None = None
    ) -> HealthReport:
        """The health of every source, or of one, in a period of `occurred_at` (half-open).

        Raises NotFound, and BadRequest for a period with too many records.
        """
        now = self._clock.now()
        examiner = _examiner(self._catalogue, now.astimezone(self._catalogue.zone).date())
        seen = _Seen()
        for record in self._observed(ledger, begin, seen):
            if end is not None and record.occurred_at >= end:
                seen.note_later(record)
            elif source is None or record.source == source:
                seen.count += 1
                examiner.see(record)
        sources = tuple(examiner.sources(now, seen.newest))
        return HealthReport(ledger, now, begin, end, seen.count, self._entries.size(ledger), sources)

    def _observed(self, ledger: str, begin: datetime | None, seen: _Seen) -> Iterator[Observed]:
        key = self._keystore.stream_key(ledger)
        with read(self._engine) as connection:
            streams = repository.streams(connection, ledger)
        for looked_at, view in enumerate(self._views(ledger, begin), start=1):
            if looked_at > MAX_RECORDS:
                raise BadRequest(f"more than {MAX_RECORDS} records: name a shorter period", reason="period")
            if view.entry.record_type not in OWN_TYPES:
                yield self._observe(view, key, streams, seen)

    def _views(self, ledger: str, begin: datetime | None) -> Iterator[EntryView]:
        """Newest first: a record that supersedes another comes before it."""
        wanted, cursor = RecordFilter(occurred_from=begin), None
        while True:
            page = self._entries.search(ledger, wanted, cursor, MAX_PAGE)
            yield from page.items
            if page.cursor is None:
                return
            cursor = page.cursor

    def _observe(self, view: EntryView, key: bytes, streams: frozenset[str], seen: _Seen) -> Observed:
        entry, payload = view.entry, view.payload
        claims = parse_entry(entry.entry_bytes).statement.claims
        if claims.supersedes is not None:
            seen.superseded.add(claims.supersedes)
        record_type = self._catalogue.types.get(entry.record_type)
        links = () if record_type is None else record_type.links(payload)
        named = {link.subject for link in links if not link.subject.startswith(_NO_RECORDS)}
        return Observed(
            index=entry.index,
            record_id=entry.record_id,
            type=entry.record_type,
            source=str(payload.get("source_system") or f"({entry.channel})"),
            kid=entry.kid,
            occurred_at=entry.occurred_at,
            received_at=entry.received_at,
            payload=payload,
            erased=any(item.text is None for item in view.disclosures),
            counter=claims.counter,
            superseded=entry.record_id in seen.superseded,
            references=tuple(subject for subject in sorted(named) if stream_id(key, subject) not in streams),
        )


class _Seen:
    """What a report remembers beside its rules."""

    def __init__(self) -> None:
        self.count = 0
        self.superseded: set[str] = set()
        self.newest: dict[str, datetime] = {}

    def note_later(self, record: Observed) -> None:
        """A record behind the period: its source is not silent."""
        known = self.newest.get(record.source)
        self.newest[record.source] = record.received_at if known is None else max(known, record.received_at)


def _examiner(catalogue: Catalogue, day: date) -> Examiner:
    cadence = _values(catalogue, CADENCE_TABLE, day)
    rules = _values(catalogue, RULES_TABLE, day)
    default = Cadence(duration(cadence["late_after"]), duration(cadence["silent_after"]))
    own = {
        name: Cadence(
            duration(item.get("late_after", cadence["late_after"])),
            duration(item.get("silent_after", cadence["silent_after"])),
        )
        for name, item in cadence["sources"].items()
    }
    contradictions = [
        Contradiction(item["type"], tuple(item["same"]), tuple(item["differ"])) for item in rules["contradictions"]
    ]
    spans = [Span(item["type"], item["begin"], item["end"]) for item in rules["spans"]]
    return Examiner(catalogue.types, own, default, contradictions, spans)


def _values(catalogue: Catalogue, table: str, day: date) -> Mapping[str, Any]:
    return dict(catalogue.tables.at(table, day).values)


def duration(text: str) -> timedelta:
    """An ISO 8601 duration of days, hours and minutes, as the table's schema admits it."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("not a duration")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)
