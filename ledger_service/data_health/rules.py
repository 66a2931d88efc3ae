"""The decisions of a data-health report. Pure: records go in, newest first, findings come out.

Of each record only digests, times and its index are kept, so that a report on a long period fits into memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final

from evidence.canonical import dumps
from evidence.encoding import parse_time
from evidence.errors import EvidenceError
from evidence.records import RecordType
from ledger_service.data_health.model import LABELS, MAX_EXAMPLES, Cadence, Finding, Observed, SourceHealth

_ORIGIN: Final = ("source_ref", "submitted_by", "source_system", "attachments")
"""Fields that may differ between two copies of one content."""
_PERCENTILES: Final = {"p50": 50, "p90": 90, "p99": 99, "max": 100}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Records of `type` that agree in `same` speak of one thing, and then must agree in `differ`."""

    type: str
    same: tuple[str, ...]
    differ: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Records of `type` whose subject is busy from `begin` to `end`."""

    type: str
    begin: str
    end: str


@dataclass
class _Cases:
    """Counts cases of each code and remembers the first indices."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[int]] = field(default_factory=dict)

    def add(self, code: str, index: int, n: int = 1) -> None:
        self.counts[code] = self.counts.get(code, 0) + n
        shown = self.examples.setdefault(code, [])
        if len(shown) < MAX_EXAMPLES:
            shown.append(index)

    def findings(self, order: Sequence[str]) -> tuple[Finding, ...]:
        return tuple(
            Finding(code, self.counts[code], tuple(sorted(self.examples[code])))
            for code in order
            if code in self.counts
        )


@dataclass
class _Source:
    """What was seen of one source."""

    cases: _Cases = field(default_factory=_Cases)
    moments: list[tuple[datetime, int]] = field(default_factory=list)
    delays: list[int] = field(default_factory=list)
    counters: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    last_received: datetime | None = None
    last_index: int = 0
    unjudged: int = 0


class Examiner:
    """Takes the records of a period and says how healthy each source is. `now` is when the report is made."""

    def __init__(
        self,
        types: Mapping[str, RecordType],
        cadences: Mapping[str, Cadence],
        default: Cadence,
        contradictions: Sequence[Contradiction] = (),
        spans: Sequence[Span] = (),
    ) -> None:
        self._types, self._cadences, self._default = types, cadences, default
        self._contradictions = _by_type(contradictions)
        self._spans = _by_type(spans)
        self._sources: dict[str, _Source] = {}
        self._contents: dict[bytes, str] = {}
        self._stated: dict[bytes, bytes] = {}
        self._busy: dict[bytes, list[tuple[datetime, datetime, int, str]]] = {}

    def see(self, record: Observed) -> None:
        """Take one record."""
        source = self._sources.setdefault(record.source, _Source())
        source.moments.append((record.occurred_at, record.index))
        source.unjudged += record.erased
        if source.last_received is None or record.received_at >= source.last_received:
            source.last_received, source.last_index = record.received_at, record.index
        if record.counter is not None:
            source.counters.setdefault(record.kid, []).append((record.counter, record.index))
        self._look_at_time(record, source)
        if not record.superseded:
            for code in self._faults(record):
                source.cases.add(code, record.index)
            if record.references:
                source.cases.add("orphan", record.index, len(record.references))

    def sources(self, now: datetime, newest: Mapping[str, datetime] | None = None) -> Iterator[SourceHealth]:
        """The health of each source by name. `newest` gives later receipts that lie outside of the period."""
        self._find_overlaps()
        for name, source in sorted(self._sources.items()):
            cadence = self._cadences.get(name, self._default)
            _find_gaps(source)
            _find_pauses(source, cadence)
            last = max(filter(None, (source.last_received, (newest or {}).get(name))))
            if now - last > cadence.silent_after:
                source.cases.add("silent", source.last_index)
            yield _health(name, source)

    def _look_at_time(self, record: Observed, source: _Source) -> None:
        delay = record.received_at - record.occurred_at
        source.delays.append(max(0, delay // timedelta(minutes=1)))
        if delay > self._cadences.get(record.source, self._default).late_after:
            source.cases.add("late", record.index)

    def _faults(self, record: Observed) -> Iterator[str]:
        record_type = self._types.get(record.type)
        if record_type is None:
            return
        if not record.erased and _needed(record_type, record.payload) - record.payload.keys():
            yield "missing_field"
        yield from self._repetitions(record, record_type)
        for rule in self._contradictions.get(record.type, ()):
            if _present(record.payload, (*rule.same,)):
                stated = {name: record.payload[name] for name in rule.differ if name in record.payload}
                if self._differs([record.type, "states", *(record.payload[name] for name in rule.same)], stated):
                    yield "contradiction"
        for span in self._spans.get(record.type, ()):
            self._remember_span(record, span)

    def _repetitions(self, record: Observed, record_type: RecordType) -> Iterator[str]:
        payload = record.payload
        if record.erased:
            return
        content = {name: value for name, value in payload.items() if name not in _ORIGIN}
        moment = record.occurred_at.isoformat()
        if self._contents.setdefault(_digest([record.type, moment, content]), record.record_id) != record.record_id:
            yield "same_content"
        if "source_ref" in payload:
            event = payload.get("event", "")
            name = [record.type, "reference", record.source, payload["source_ref"], event]
            if self._differs(name, {"at": moment, **content}):
                yield "same_reference"
        for group in record_type.unique:
            if _present(payload, (*group, "subject")):
                name = [record.type, "unique", *group, *(payload[item] for item in group)]
                if self._differs(name, {"subject": payload["subject"]}):
                    yield "same_name"

    def _differs(self, name: list[Any], stated: Mapping[str, Any]) -> bool:
        """Whether something else was stated under this name before."""
        content = _digest(dict(stated))
        return self._stated.setdefault(_digest(name), content) != content

    def _remember_span(self, record: Observed, span: Span) -> None:
        begin, end = (_moment(record.payload.get(name)) for name in (span.begin, span.end))
        subject = record.payload.get("subject")
        if begin is not None and end is not None and isinstance(subject, str):
            key = _digest([record.type, subject])
            self._busy.setdefault(key, []).append((begin, end, record.index, record.source))

    def _find_overlaps(self) -> None:
        for spans in self._busy.values():
            for earlier, later in pairwise(sorted(spans)):
                if later[0] < earlier[1]:
                    self._sources[later[3]].cases.add("overlap", later[2])


def _by_type(rules: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for rule in rules:
        found.setdefault(rule.type, []).append(rule)
    return found


def _needed(record_type: RecordType, payload: Mapping[str, Any]) -> set[str]:
    """Fields that the type, and the event that the record states, cannot do without."""
    needed = {name for name, item in record_type.fields.items() if item.required}
    if record_type.lifecycle is not None:
        event = record_type.lifecycle.events.get(payload.get("event", record_type.lifecycle.default_event))
        needed |= set(event.requires if event is not None else ())
    return needed


def _find_gaps(source: _Source) -> None:
    for numbers in source.counters.values():
        for (earlier, _), (later, index) in pairwise(sorted(numbers)):
            if later - earlier > 1:
                source.cases.add("sequence_gap", index, later - earlier - 1)


def _find_pauses(source: _Source, cadence: Cadence) -> None:
    source.moments.sort()
    for (earlier, _), (later, index) in pairwise(source.moments):
        if later - earlier > cadence.silent_after:
            source.cases.add("pause", index)


def _health(name: str, source: _Source) -> SourceHealth:
    delays = sorted(source.delays)
    return SourceHealth(
        source=name,
        records=len(source.moments),
        first=source.moments[0][0],
        last=source.moments[-1][0],
        delay_minutes={key: delays[max(0, -(-len(delays) * part // 100) - 1)] for key, part in _PERCENTILES.items()},
        unjudged=source.unjudged,
        findings=source.cases.findings(tuple(LABELS)),
    )


def _present(payload: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    return all(name in payload for name in names)


def _digest(value: Any) -> bytes:
    return blake2b(dumps(value), digest_size=12).digest()


def _moment(value: Any) -> datetime | None:
    try:
        return parse_time(value) if isinstance(value, str) else None
    except EvidenceError:
        return None
