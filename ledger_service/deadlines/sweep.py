"""Follow the log and the clock: keep the deadlines of every subject in step, record breaches, create reminders.

One stream is worked out in one transaction: its clocks, the record of a breach, the reminders. Whatever is interrupted
is found again by the cursor, by the time of the next look, and by record ids that follow from what they are about; so a
run that is repeated, or runs twice at once, adds nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine

from evidence.canonical import Json
from evidence.encoding import format_time
from evidence.errors import EvidenceError
from evidence.records import Catalogue
from evidence.records.deadlines import Deadline, deadlines_of
from evidence.records.facts import Fact
from evidence.records.rules.engine import RuleEngine
from ledger_service.deadlines import repository
from ledger_service.deadlines.model import row_of
from ledger_service.entries import repository as entry_rows
from ledger_service.judging.facts import load_about
from ledger_service.judging.group import log_facts
from ledger_service.judging.repository import cursor, move_cursor
from ledger_service.judging.service import roles
from ledger_service.judging.signing import ServiceSigner
from ledger_service.keys.repository import load_history
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read, write
from ledger_service.kit.dialect import lock_ledger
from ledger_service.kit.keystore import KeyStore
from ledger_service.privacy.errors import SealBroken
from ledger_service.reminders.plan import Reminders
from ledger_service.statements.model import Rejected
from ledger_service.statements.repository import tail
from ledger_service.statements.sequencer import Sequencer

CURSOR = "deadlines"
EVENT = "deadline_event"
STEP = 500
"""New entries looked at in one step, and streams whose time has come."""


class DeadlineSweep:
    """Keeps deadlines in step with the log and the clock."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        keystore: KeyStore,
        rules: RuleEngine,
        catalogue: Catalogue,
        sequencer: Sequencer,
        signer: ServiceSigner,
        reminders: Reminders,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._keystore = keystore
        self._rules = rules
        self._catalogue = catalogue
        self._sequencer = sequencer
        self._signer = signer
        self._reminders = reminders
        self._types = {item.id: item for item in catalogue.types.values() if item.deadlines}

    def run(self, ledger: str) -> int:
        """Look at what is new in the log, then at what time has brought. Returns how many subjects were looked at."""
        looked = 0
        while (found := self._follow_log(ledger)) is not None:
            looked += found
        return looked + self._follow_time(ledger)

    def _follow_log(self, ledger: str) -> int | None:
        with read(self._engine) as connection:
            begin, size = cursor(connection, ledger, CURSOR), entry_rows.size(connection, ledger)
            if begin >= size:
                return None
            end = min(begin + STEP, size)
            streams = repository.touched_streams(connection, ledger, self._types, begin, end)
        self._update_all(ledger, streams)
        with write(self._engine) as connection:
            lock_ledger(connection, ledger)
            # Another process may have gone further in the meantime: a cursor never goes back.
            move_cursor(connection, ledger, CURSOR, max(end, cursor(connection, ledger, CURSOR)))
        return len(streams)

    def _follow_time(self, ledger: str) -> int:
        looked, last = 0, ""
        now = self._clock.now()
        while True:
            with read(self._engine) as connection:
                streams = repository.due_streams(connection, ledger, now, last, STEP)
            self._update_all(ledger, streams)
            looked += len(streams)
            if len(streams) < STEP:
                return looked
            last = streams[-1]  # Each stream once in a run, whatever became of it.

    def _update_all(self, ledger: str, streams: Sequence[str]) -> None:
        """Work the streams out one by one; one that cannot be read, or goes beyond the calendar, holds up no other."""
        for stream in streams:
            try:
                self._update(ledger, stream)
            except (EvidenceError, SealBroken, ArithmeticError, ValueError) as error:
                structlog.get_logger("deadlines").error(
                    "deadlines of a stream not worked out", ledger=ledger, stream=stream, error=type(error).__name__
                )

    def _update(self, ledger: str, stream: str) -> None:
        with write(self._engine) as connection:
            lock_ledger(connection, ledger)
            # The log's time is never behind its newest entry: a clock that was set back, or another process's that is
            # ahead, must not hide what was received a moment "later".
            clock = self._clock.now()
            now = max(clock, tail(connection, ledger)[1] or clock)
            found = self._work_out(connection, ledger, stream, now)
            rows = [row_of(ledger, stream, item, now) for item in found]
            repository.replace_rows(connection, ledger, stream, rows)
            self._reminders.create(connection, ledger, stream, found, clock)
            self._record_breaches(connection, ledger, [item for item in found if item.breached_at is not None])

    def _work_out(self, connection: Connection, ledger: str, stream: str, now: datetime) -> list[Deadline]:
        size = entry_rows.size(connection, ledger)
        role_of = roles(load_history(connection, ledger))
        facts: list[Fact] = load_about(connection, ledger, [stream], size, role_of)[stream]
        known = log_facts(connection, ledger, size, self._keystore.stream_key(ledger), role_of)
        guard = self._rules.guard(known)
        tables, zone = self._catalogue.tables, self._catalogue.zone
        present = {fact.type for fact in facts}
        found = [
            item
            for name, record_type in self._types.items()
            if name in present
            for item in deadlines_of(record_type, facts, now, tables, zone, guard)
        ]
        known.require_sound()  # A guard that got no answer must not lead to the record of a breach.
        return found

    def _record_breaches(self, connection: Connection, ledger: str, breached: Sequence[Deadline]) -> None:
        """An entry in the subject's stream for each breach, once; a subject whose name is erased gets none."""
        statements = []
        for item in breached:
            if not item.subject or item.due is None:
                continue
            payload: dict[str, Json] = {
                "subject": item.subject,
                "deadline": item.id,
                "state": "breached",
                "started_index": item.started_by,
                "started_at": format_time(item.started),
                "due_at": format_time(item.due),
            }
            record_id = self._signer.record_id(ledger, EVENT, item.due, item.record_type, item.id, item.started_by)
            if entry_rows.find_by_record(connection, ledger, record_id) is None:
                statements.append(self._signer.prepare(ledger, EVENT, record_id, payload, item.due))
        for outcome in self._sequencer.sequence_in(connection, statements) if statements else []:
            if isinstance(outcome, Rejected):
                raise outcome.error  # The transaction is taken back: the next run finds the same work.
