"""What an erasure would destroy and what stays: decided record by record, from one reading of the whole log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, func, select

from evidence.key_events import RECORD_TYPE as KEY_EVENT
from ledger_service.models import data_keys, entries
from ledger_service.privacy.model import Doomed, ErasurePlan, Hold, Kept, Why
from ledger_service.privacy.retention import PERMANENT, Period
from ledger_service.privacy.search import PERSON, RECORD, LogRecord, Match, Search, attachments_of, read_log

JUDGEMENT = "rule_results"
FOLLOWS: Mapping[str, str] = {"judgement": "of_index", "deadline_event": "started_index"}
"""What the ledger itself found about a record, with the field that says which: it stays and goes with that record."""
Reason = tuple[Why, date | None, str]
_UNKNOWN = Period("unknown", PERMANENT, "record", "the record type is not known here")


@dataclass(frozen=True, slots=True)
class Ground:
    """What speaks against erasing a record."""

    holds: Sequence[Hold]
    periods: Mapping[str, Period]
    today: date
    day_of: Callable[[datetime], date]

    def keeps(
        self, record: LogRecord, match: Match, subject: str, newest: date, decided: Mapping[int, Reason | None]
    ) -> Reason | None:
        """Why the record stays, until when and after which rule; None where nothing keeps it.

        `decided` are the entries before it that speak of the person.
        """
        spoken_of = {item.casefold() for item in (subject, *match.subjects, str(record.payload.get("subject")))}
        for hold in self.holds:
            if hold.scope.casefold() in spoken_of:
                return Why.LEGAL_HOLD, hold.until, hold.basis
        followed = record.payload.get(FOLLOWS.get(record.record_type, ""))
        # Where the person's record has nothing left to erase, it was erased before: what follows it goes now.
        left_over = match.whole and not subject.startswith(RECORD)
        if isinstance(followed, int) and (followed in decided or left_over):
            return decided.get(followed)
        period = self.periods.get(record.record_type, _UNKNOWN)
        if record.record_type == KEY_EVENT:
            return Why.SIGNING_KEY, None, period.source
        if period.minimum == PERMANENT:
            return Why.PROOF, None, period.source
        until = period.until(self.day_of(record.occurred_at), newest)
        if period.is_statutory and (until is None or self.today <= until):
            return Why.STATUTORY_PERIOD, until, period.source
        return None


@dataclass
class _Tally:
    """What the reading of the log collects."""

    erase: list[Doomed] = field(default_factory=list)
    decided: dict[int, Reason | None] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)
    candidates: set[str] = field(default_factory=set)
    referred: set[str] = field(default_factory=set)
    sealed: Counter[int] = field(default_factory=Counter)
    doomed: Counter[int] = field(default_factory=Counter)
    terms: list[int] = field(default_factory=list)
    searched: int = 0


def make_plan(connection: Connection, ledger: str, search: Search, ground: Ground, terms: int) -> ErasurePlan:
    """The plan, from one snapshot. Reads and opens every disclosure of the ledger once."""
    tally = _Tally(terms=[0] * terms)
    newest = _newest_days(connection, ledger, ground.day_of)
    if search.subject.startswith(PERSON):
        search = search.with_streams(read_log(connection, ledger, record_types=search.telling_types))
    size = 0
    for record in read_log(connection, ledger):
        size = record.index + 1
        _take(tally, record, search, ground, newest[record.stream])
    if tally.candidates:
        tally.referred |= referred_elsewhere(connection, ledger)
    return ErasurePlan(
        ledger=ledger,
        stream=search.stream,
        size=size,
        erase=tuple(tally.erase),
        kept=tuple(tally.kept),
        blobs=tuple(sorted(tally.candidates - tally.referred)),
        shared_blobs=tuple(sorted(tally.candidates & tally.referred)),
        keys=_emptied(connection, ledger, search.stream, tally),
        searched=tally.searched,
        terms=tuple(tally.terms),
    )


def _take(tally: _Tally, record: LogRecord, search: Search, ground: Ground, newest: date) -> None:
    items = [*record.opened.values(), *([record.judgement] if record.judgement is not None else [])]
    tally.searched += len(items)
    tally.sealed.update(item.key_no for item in items)
    attached = set(attachments_of(record.payload))
    match = search.match(record)
    if match is None:
        tally.referred |= attached
        return
    for at, hit in enumerate(match.terms):
        tally.terms[at] += hit
    names = tuple(sorted(match.fields))
    kept = tally.decided[record.index] = ground.keeps(record, match, search.subject, newest, tally.decided)
    if kept is not None:
        tally.referred |= attached
        tally.kept.append(Kept(record.index, record.record_id, record.record_type, names, *kept))
        return
    gone = {name: record.opened[name] for name in names}
    if match.whole and record.judgement is not None:
        gone[JUDGEMENT] = record.judgement
    tally.doomed.update(item.key_no for item in gone.values())
    (tally.candidates if "attachments" in gone else tally.referred).update(attached)
    digests = tuple(item.digest for item in gone.values())
    tally.erase.append(Doomed(record.index, record.record_id, record.record_type, tuple(gone), digests))


def _emptied(connection: Connection, ledger: str, stream: str, tally: _Tally) -> tuple[int, ...]:
    """The live data keys under which nothing is left then: those that lose their last disclosure, and the person's."""
    here = (data_keys.c.ledger == ledger, data_keys.c.wrapped.is_not(None), data_keys.c.holder.not_like("ledger-%"))
    rows = connection.execute(select(data_keys.c.key_no, data_keys.c.holder).where(*here).order_by(data_keys.c.key_no))
    return tuple(
        number
        for number, holder in rows
        if tally.sealed[number] == tally.doomed[number] and (tally.doomed[number] or holder == stream)
    )


def _newest_days(connection: Connection, ledger: str, day_of: Callable[[datetime], date]) -> dict[str, date]:
    """The day of the newest record of each stream."""
    query = select(entries.c.stream, func.max(entries.c.occurred_at)).where(entries.c.ledger == ledger)
    return {stream: day_of(newest) for stream, newest in connection.execute(query.group_by(entries.c.stream))}


def referred_elsewhere(connection: Connection, ledger: str) -> set[str]:
    """Attachments that records of other ledgers name: the files are shared."""
    others = connection.execute(select(entries.c.ledger).distinct().where(entries.c.ledger != ledger)).scalars().all()
    return {
        digest
        for other in others
        for record in read_log(connection, other)
        for digest in attachments_of(record.payload)
    }
