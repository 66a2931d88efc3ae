"""What is due, overdue and breached, and who answered: read from what the sweep keeps, as of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Engine

from evidence.records import RecordType
from ledger_service.deadlines import repository
from ledger_service.deadlines.model import DeadlineFilter, DeadlineRow, DeadlineView
from ledger_service.entries import repository as entry_rows
from ledger_service.entries.service import MAX_PAGE, views
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read
from ledger_service.ledgers.service import LedgerService


class DeadlineService:
    """Reads deadlines."""

    def __init__(self, engine: Engine, clock: Clock, ledgers: LedgerService, types: Mapping[str, RecordType]) -> None:
        self._engine = engine
        self._clock = clock
        self._ledgers = ledgers
        self._types = types

    def list(self, ledger: str, wanted: DeadlineFilter, begin: int = 0, limit: int = 50) -> tuple[DeadlineView, ...]:
        """Deadlines that fit, the earliest due first, `limit` (1 to 200) of them from position `begin`."""
        slug = self._ledgers.get(ledger).slug
        now = self._clock.now()
        with read(self._engine) as connection:
            rows = repository.find(connection, slug, wanted, now, begin, max(1, min(limit, MAX_PAGE)))
            subjects = _subjects(connection, slug, rows)
        return tuple(DeadlineView(row, subjects.get(row.started_idx, ""), row.state(now)) for row in rows)

    def label(self, row: DeadlineRow, language: str = "en") -> str:
        """What the deadline is called; its id where the type no longer has it."""
        record_type = self._types.get(row.record_type)
        definitions = () if record_type is None else record_type.deadlines
        labels = next((item.labels for item in definitions if item.id == row.deadline), {"en": row.deadline})
        return labels.get(language, labels["en"])


def _subjects(connection: Connection, ledger: str, rows: Sequence[DeadlineRow]) -> dict[int, str]:
    indices = sorted({row.started_idx for row in rows})
    found = views(connection, ledger, entry_rows.find_many(connection, ledger, indices))
    return {view.entry.index: str(view.payload.get("subject", "")) for view in found}
