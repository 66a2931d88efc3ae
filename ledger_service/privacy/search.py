"""Finding a person: in their own stream, where a field refers to them, and in free text."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from evidence.records import RecordType
from evidence.statement import parse_disclosure
from ledger_service.models import JUDGEMENT_POSITION, disclosures, entries
from ledger_service.privacy.disclosures import Opened, read_disclosures

CHUNK = 1000
PERSON = "person/"
RECORD = "record/"
CREDENTIAL = "credential"
_PERSONS = re.compile(r"(?<![A-Za-z0-9._/-])person/[A-Za-z0-9._-]{1,80}")


@dataclass(frozen=True, slots=True)
class LogRecord:
    """An entry with what can still be opened of it: fields by name, and the judgement."""

    index: int
    record_id: str
    record_type: str
    stream: str
    occurred_at: datetime
    opened: Mapping[str, Opened]
    payload: Mapping[str, Any]
    judgement: Opened | None


@dataclass(frozen=True, slots=True)
class Match:
    """The fields of a record that speak of the person. `whole`: the record is about nobody else."""

    fields: frozenset[str]
    whole: bool
    terms: tuple[bool, ...]
    subjects: frozenset[str]
    """Every subject that the record names: a hold on one of them covers it."""


def read_log(
    connection: Connection, ledger: str, begin: int = 0, record_types: Collection[str] | None = None
) -> Iterator[LogRecord]:
    """Every entry from `begin` on, of these types if any are given, with its openable disclosures."""
    columns = (entries.c.idx, entries.c.record_id, entries.c.record_type, entries.c.stream, entries.c.occurred_at)
    while True:
        query = select(*columns).where(entries.c.ledger == ledger, entries.c.idx >= begin)
        if record_types is not None:
            query = query.where(entries.c.record_type.in_(sorted(record_types)))
        rows = connection.execute(query.order_by(entries.c.idx).limit(CHUNK)).all()
        if not rows:
            return
        end = rows[-1].idx + 1
        found: dict[int, list[Opened]] = defaultdict(list)
        within = (disclosures.c.idx >= begin, disclosures.c.idx < end)
        if record_types is not None:
            within = (disclosures.c.idx.in_([row.idx for row in rows]),) * 2
        here = (*within, disclosures.c.sealed.is_not(None))
        for item in read_disclosures(connection, ledger, *here):
            found[item.index].append(item)
        for row in rows:
            yield _record(row, found[row.idx])
        begin = end


def _record(row: Any, items: Sequence[Opened]) -> LogRecord:
    opened: dict[str, Opened] = {}
    payload: dict[str, Any] = {}
    judgement = None
    for item in items:
        if item.text is None:
            continue
        if item.position == JUDGEMENT_POSITION:
            judgement = item
            continue
        name, value = parse_disclosure(item.text)
        opened[name], payload[name] = item, value
    return LogRecord(row.idx, row.record_id, row.record_type, row.stream, row.occurred_at, opened, payload, judgement)


class Search:
    """Looks for one subject, and for texts, in records."""

    def __init__(
        self,
        subject: str,
        blind: Callable[[str], str],
        types: Mapping[str, RecordType],
        terms: Sequence[str] = (),
        named: Collection[tuple[str, str]] = (),
        certificates: Collection[str] = (),
    ) -> None:
        """`named`: streams and fields in which they name the person alone; `certificates`: subjects of the person's."""
        self.subject = subject
        self.stream = blind(subject)
        self._blind = blind
        self._folded = subject.casefold()
        self._certificates = {item: token(item) for item in certificates}
        self._named = frozenset(named)
        self._own = frozenset({self.stream, *map(blind, certificates)})
        self._types = types
        self._texts = terms
        # In JSON, a quotation mark or a backslash of the text has another form.
        self._terms = [folded(orjson.dumps(term).decode()[1:-1]) for term in terms]
        self._token = token(subject)

    @property
    def telling_types(self) -> frozenset[str]:
        """The types with fields about a person whom another record of the same stream may name."""
        return frozenset(name for name, kind in self._types.items() if naming_fields(kind))

    def with_streams(self, records: Iterable[LogRecord]) -> Search:
        """The same search, knowing whom each stream names: only the first of its events need name the person.

        A stream that ever named somebody else in the same place is not taken for the person's. Certificates are the
        person's as a whole.
        """
        named: dict[tuple[str, str], set[str]] = defaultdict(set)
        certificates: dict[str, str] = {}
        for record in records:
            kind, subject = self._types[record.record_type], record.payload.get("subject")
            if kind.subject_kind == CREDENTIAL and isinstance(subject, str):
                certificates[record.stream] = subject
            for link in kind.links(record.payload):
                if link.field in naming_fields(kind) and link.subject.startswith(PERSON):
                    named[record.stream, link.field].add(link.subject.casefold())
        mine = {place for place, persons in named.items() if persons == {self._folded}}
        own = {certificates[stream] for stream, _ in mine if stream in certificates}
        return Search(self.subject, self._blind, self._types, self._texts, mine, own)

    def match(self, record: LogRecord) -> Match | None:
        """What in `record` speaks of the subject; None where nothing does."""
        payload = record.payload
        record_type = self._types.get(record.record_type)
        concerns = dict.fromkeys(payload) if record_type is None else record_type.concerns(payload)
        links = () if record_type is None else record_type.links(payload)
        texts = {name: orjson.dumps(value).decode() for name, value in payload.items()}
        subjects = frozenset(
            {link.subject for link in links}
            | {item for text in texts.values() for item in _PERSONS.findall(text)}
            | {subject for subject in concerns.values() if subject is not None}
        )
        if self.subject.startswith(RECORD):
            mine = record.record_id == self.subject.removeprefix(RECORD) and bool(concerns)
            return Match(frozenset(concerns), True, (), subjects) if mine else None
        untold = self._untold(record, record_type)
        found = self._mentions(texts, concerns, {link.field for link in links if self._is(link.subject)})
        plain = {name: folded(text) for name, text in texts.items()} if self._terms else {}
        hits = [{name for name, text in plain.items() if term in text} for term in self._terms]
        own = record.stream in self._own
        # Whoever cites a certificate need not speak of its holder otherwise: the field goes, and nothing else.
        cited = {link.field for link in links if link.subject in self._certificates}
        cited |= {name for name, text in texts.items() if any(it.search(text) for it in self._certificates.values())}
        if not (own or found or cited or untold or any(hits)):
            return None
        others = {item for item in subjects if item.startswith(PERSON) and not self._is(item)}
        whole = own or (bool(found) and not others)
        if whole:
            found |= {
                name
                for name, subject in concerns.items()
                if subject is None or self._is(subject) or subject == payload.get("subject")
            }
            if record_type is not None and record_type.subject_kind == CREDENTIAL and "subject" in payload:
                found.add("subject")  # The number of somebody's certificate.
        fields = frozenset(found.union(cited, untold, *hits))
        return Match(fields, whole, tuple(bool(names) for names in hits), subjects) if fields else None

    def _mentions(self, texts: Mapping[str, str], concerns: Mapping[str, str | None], linked: set[str]) -> set[str]:
        named = {name for name, subject in concerns.items() if subject is not None and self._is(subject)}
        return named | linked | {name for name, text in texts.items() if self._token.search(text)}

    def _untold(self, record: LogRecord, record_type: RecordType | None) -> set[str]:
        """Fields about somebody whom this record does not name, and its stream names as the person."""
        fields = {} if record_type is None else record_type.fields
        about = {name: fields[name].concerns for name in record.payload if name in fields}
        return {
            name
            for name, place in about.items()
            if place and place not in record.payload and (record.stream, place) in self._named
        }

    def _is(self, subject: str) -> bool:
        """Whether a subject is the one looked for: as for the rules, spellings of one person are one."""
        return subject.casefold() == self._folded


def naming_fields(record_type: RecordType) -> frozenset[str]:
    """The fields that name whom other fields of the type are about."""
    return frozenset(item.concerns for name, item in record_type.fields.items() if item.concerns not in ("", name))


def folded(text: str) -> str:
    """What a text and its other spellings in Unicode have in common: capitals, composed and full-width characters."""
    return unicodedata.normalize("NFKC", text).casefold()


def token(subject: str) -> re.Pattern[str]:
    """A subject on its own in a text, not as a part of a longer one, however it is spelled."""
    return re.compile(rf"(?<![A-Za-z0-9._/-]){re.escape(subject)}(?![A-Za-z0-9_-]|\.[A-Za-z0-9])", re.IGNORECASE)


def attachments_of(payload: Mapping[str, Any]) -> list[str]:
    """SHA-256 of every attachment that the payload names."""
    value = payload.get("attachments")
    if not isinstance(value, list):
        return []
    return [item["sha256"] for item in value if isinstance(item, dict) and isinstance(item.get("sha256"), str)]
