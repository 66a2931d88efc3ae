"""The sequencer: gives statements their index, durably, one transaction per group.

The transaction takes the write lock first (the ledger's row on PostgreSQL), so two processes never hand out one index.
What is durable when `sequence` returns: the entries, their disclosures, what the rules said of each, the stream heads
and the key projection, all or none. A crash before the commit costs nothing but the senders' patience; after it, the
same bytes get the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine

from evidence.key_events import KeyHistory
from ledger_service.errors import ServiceError
from ledger_service.judging.service import GroupJudge, Judge
from ledger_service.keys import repository as keys
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import write
from ledger_service.kit.dialect import lock_ledger
from ledger_service.statements import repository
from ledger_service.statements.model import Outcome, PreparedStatement
from ledger_service.statements.plan import GroupPlan, LogState

Refusal = Callable[[Connection, str], ServiceError | None]
"""Why a ledger takes no new entry at all, or None."""


class Sequencer:
    """Sequences groups of prepared statements, of one ledger or several."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        judge: Judge,
        refusal: Refusal = lambda _connection, _ledger: None,
        prepare: Callable[[Sequence[PreparedStatement]], None] = lambda _batch: None,
    ) -> None:
        """`prepare` is called with a batch before its transaction; `judge` applies the rules inside it."""
        self.refusal = refusal
        self.prepare = prepare
        self._engine = engine
        self._clock = clock
        self._judge = judge
        self._histories: dict[str, tuple[int, KeyHistory]] = {}

    def sequence(self, batch: Sequence[PreparedStatement]) -> list[Outcome]:
        """Sequence `batch` in order in one transaction and return one outcome per statement after the commit.

        Raises StorageFull or RetryLater (nothing was stored) and OutcomeUnknown (send the same bytes again).
        """
        self.prepare(batch)
        judged: list[GroupJudge] = []
        with write(self._engine) as connection:
            outcomes = self._sequence(connection, batch, judged)
        # Only now: what a transaction that failed had placed must not be known to the next one.
        for group in judged:
            group.keep()
        return outcomes

    def sequence_in(self, connection: Connection, batch: Sequence[PreparedStatement]) -> list[Outcome]:
        """The same inside the caller's transaction: for the creation of a ledger, and for work that follows the log."""
        return self._sequence(connection, batch, None)

    def _sequence(
        self, connection: Connection, batch: Sequence[PreparedStatement], judged: list[GroupJudge] | None
    ) -> list[Outcome]:
        outcomes: list[Outcome | None] = [None] * len(batch)
        by_ledger: dict[str, list[int]] = {}
        for position, statement in enumerate(batch):
            by_ledger.setdefault(statement.ledger, []).append(position)
        # A fixed order of locks: two processes with the same two ledgers cannot wait for each other.
        for ledger in sorted(by_ledger):
            positions = by_ledger[ledger]
            group = [batch[position] for position in positions]
            placed = self._sequence_ledger(connection, ledger, group, judged)
            for position, outcome in zip(positions, placed, strict=True):
                outcomes[position] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def _sequence_ledger(
        self, connection: Connection, ledger: str, group: list[PreparedStatement], judged: list[GroupJudge] | None
    ) -> list[Outcome]:
        lock_ledger(connection, ledger)
        next_index, last_received_at = repository.tail(connection, ledger)
        known = repository.known_records(connection, ledger, (statement.record_id for statement in group))
        heads = repository.heads(connection, ledger, (statement.stream for statement in group))
        history = self._history(connection, ledger, fresh=any(statement.key_event for statement in group))
        # The clock is read under the lock: otherwise a group that waited longer would be dated before the one ahead.
        refused = self.refusal(connection, ledger)
        erased = repository.erased(connection, (digest for statement in group for digest in statement.attachments))
        state = LogState(next_index, last_received_at, known, heads, history, refused, erased)
        judging = self._judge.begin(connection, ledger, group, state, keep=judged is not None)
        if judged is not None:
            judged.append(judging)
        plan = GroupPlan(state, self._clock.now(), judging)
        outcomes = [plan.add(statement) for statement in group]
        if plan.placed:
            repository.add_entries(connection, plan.placed)
            repository.move_heads(connection, ledger, plan.heads)
            judging.store(connection, plan.placed)
        if plan.touched_keys:
            keys.project(connection, ledger, history, plan.touched_keys)
        return outcomes

    def _history(self, connection: Connection, ledger: str, *, fresh: bool) -> KeyHistory:
        """The ledger's key history, read again only when another key event was sequenced (also by another process).

        A group with key events gets a `fresh` one, not to be kept: it will change, and the transaction may still fail.
        """
        if fresh:
            return keys.load_history(connection, ledger)
        newest = keys.newest_event(connection, ledger)
        cached = self._histories.get(ledger)
        if cached is None or cached[0] != newest:
            cached = self._histories[ledger] = (newest, keys.load_history(connection, ledger))
        return cached[1]
