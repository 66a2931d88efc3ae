"""The retention report: what is past its minimum and may go, what must stay, and what is under a hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from evidence.records import Catalogue
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read
from ledger_service.ledgers.service import LedgerService
from ledger_service.models import entries, links
from ledger_service.privacy.holds import in_force, local_day
from ledger_service.privacy.retention import PERMANENT, Period, periods

MAX_DUE = 10_000
"""Records that one report names."""


@dataclass(slots=True)
class TypeReport:
    """Counts of one record type. `due` are past their minimum and under no hold."""

    record_type: str
    retention_class: str
    minimum: str
    source: str
    statutory: bool
    records: int = 0
    running: int = 0
    held: int = 0
    due: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """A record that may go."""

    index: int
    record_id: str
    record_type: str
    since: str


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """Every type that the ledger has records of, and the records that may go, oldest first."""

    types: tuple[TypeReport, ...]
    due: tuple[Due, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON value for `--json` and the API."""
        return asdict(self)


class RetentionService:
    """Reports on retention. It erases nothing: that is decided person by person, or record by record."""

    def __init__(self, engine: Engine, clock: Clock, ledgers: LedgerService, catalogue: Catalogue, blind: Any) -> None:
        """`blind(ledger, subject)` is the stream of a subject."""
        self._engine = engine
        self._clock = clock
        self._ledgers = ledgers
        self._catalogue = catalogue
        self._blind = blind

    def report(self, ledger: str) -> RetentionReport:
        """As of today at the site. Raises NotFound."""
        self._ledgers.get(ledger)
        today = local_day(self._clock.now(), self._catalogue.zone)
        rules = periods(self._catalogue, today)
        types: dict[str, TypeReport] = {}
        due: list[Due] = []
        with read(self._engine) as connection:
            held = self._held(connection, ledger, today)
            for row, newest in _records(connection, ledger):
                period = rules.get(row.record_type) or Period("unknown", PERMANENT, "record", "type not known here")
                one = types.setdefault(row.record_type, _new(row.record_type, period))
                until = period.until(*(local_day(at, self._catalogue.zone) for at in (row.occurred_at, newest)))
                one.records += 1
                if row.idx in held or row.stream in held:
                    one.held += 1
                elif until is None or today <= until:
                    one.running += 1
                else:
                    one.due += 1
                    if len(due) < MAX_DUE:
                        due.append(Due(row.idx, row.record_id, row.record_type, until.isoformat()))
        return RetentionReport(tuple(types[name] for name in sorted(types)), tuple(due))

    def _held(self, connection: Connection, ledger: str, today: date) -> set[str | int]:
        """Streams under a hold, and indices of the records that refer to them."""
        streams = {self._blind(ledger, hold.scope) for hold in in_force(connection, ledger, today)}
        query = select(links.c.idx).where(links.c.ledger == ledger, links.c.target.in_(streams))
        return streams | set(connection.execute(query).scalars())


def _records(connection: Connection, ledger: str) -> Iterator[tuple[Any, Any]]:
    """Every entry with the newest time of its stream."""
    query = select(entries.c.stream, func.max(entries.c.occurred_at)).where(entries.c.ledger == ledger)
    newest = {row[0]: row[1] for row in connection.execute(query.group_by(entries.c.stream))}
    columns = (entries.c.idx, entries.c.record_id, entries.c.record_type, entries.c.stream, entries.c.occurred_at)
    for row in connection.execute(select(*columns).where(entries.c.ledger == ledger).order_by(entries.c.idx)):
        yield row, newest[row.stream]


def _new(record_type: str, period: Period) -> TypeReport:
    return TypeReport(record_type, period.name, period.minimum, period.source, period.is_statutory)
