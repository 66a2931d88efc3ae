"""Reconsideration: what came to be known later may lead to another judgement on an earlier record.

The sweep follows the log. For each new entry that speaks of a time before the newest one it judges the earlier records
that it may concern once more, as of their own instants, with what is known now. Where a rule's result is another, a
record of type `judgement` is appended; nothing is rewritten.

Exactly once: the records and the cursor are written in one transaction, which gives way where the cursor has moved, and
the record ids follow from what they are about.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Engine

from evidence.canonical import Json
from evidence.records import Catalogue
from evidence.records.facts import Fact, Facts
from evidence.records.judgement import Judgement, parse_judgement
from evidence.records.late import KnownThen, LateFacts, changed_rules, counts_since
from ledger_service.entries.model import read_judgement
from ledger_service.judging import candidates, repository
from ledger_service.judging.candidates import JUDGEMENT
from ledger_service.judging.facts import open_fact
from ledger_service.judging.follow import Stretch, store_stretch
from ledger_service.judging.group import DAMAGED, log_facts
from ledger_service.judging.model import Engine as RuleEngine
from ledger_service.judging.service import roles
from ledger_service.judging.signing import ServiceSigner
from ledger_service.keys.repository import load_history
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read
from ledger_service.kit.keystore import KeyStore
from ledger_service.statements.model import PreparedStatement
from ledger_service.statements.prepare import SERVICE_TYPES
from ledger_service.statements.sequencer import Sequencer

CURSOR = "reconsider"
STEP = 200
"""New entries looked at in one transaction."""
_CORRECTIONS = 16
"""Corrections of corrections that are followed back."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A record on which today's judgement is another one."""

    fact: Fact
    cause: int
    judgement: Judgement
    rules: tuple[str, ...]
    follows: str | None
    """Record id of the judgement record that was the newest so far; None where that is the entry's own."""


class ReconsiderService:
    """Follows the log and appends judgements."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        keystore: KeyStore,
        rules: RuleEngine,
        catalogue: Catalogue,
        sequencer: Sequencer,
        signer: ServiceSigner,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._keystore = keystore
        self._rules = rules
        self._catalogue = catalogue
        self._sequencer = sequencer
        self._signer = signer
        self._newest: dict[str, tuple[int, datetime]] = {}
        """How far each ledger was looked at, and the latest instant of which an entry below tells."""

    def run(self, ledger: str) -> int:
        """Look at everything new; returns how many judgements were appended. Raises what sequencing raises."""
        appended = 0
        while (made := self._step(ledger)) is not None:
            appended += made
        return appended

    def _step(self, ledger: str) -> int | None:
        """One stretch of the log; None when nothing is new, or another process was first."""
        with read(self._engine) as connection:
            begin, size = repository.cursor(connection, ledger, CURSOR), repository.size(connection, ledger)
            if begin >= size:
                return None
            end = min(begin + STEP, size)
            stream_key = self._keystore.stream_key(ledger)
            newest = self._newest_below(connection, ledger, begin)
            look = _Look(connection, ledger, size, self._rules, self._catalogue.zone, stream_key, newest)
            changed = list(look.changed(begin, end))
            self._newest[ledger] = (end, look.newest)
        statements = [self._statement(ledger, item) for item in changed]
        stretch = Stretch(begin, end, size)
        stored = store_stretch(self._engine, self._sequencer, ledger, CURSOR, stretch, statements)
        return None if stored is None else stored.appended

    def _newest_below(self, connection: Connection, ledger: str, index: int) -> datetime:
        known = self._newest.get(ledger)
        return known[1] if known and known[0] == index else candidates.newest_occurred_at(connection, ledger, index)

    def _statement(self, ledger: str, item: Changed) -> PreparedStatement:
        now = self._clock.now()
        payload: dict[str, Json] = {
            "subject": item.fact.subject,
            "of_record": item.fact.record_id,
            "of_index": item.fact.index,
            "cause_index": item.cause,
            "rule_results": item.judgement.to_value(),
            "changed_rules": list(item.rules),
        }
        if item.follows is not None:
            payload["supersedes_judgement"] = item.follows
        record_id = self._signer.record_id(
            ledger, JUDGEMENT, item.fact.received_at, item.fact.index, item.cause, item.follows or ""
        )
        return self._signer.prepare(ledger, JUDGEMENT, record_id, payload, now)


class _Look:
    """One look at a stretch of the log, in one snapshot."""

    def __init__(
        self,
        connection: Connection,
        ledger: str,
        size: int,
        rules: RuleEngine,
        zone: ZoneInfo,
        stream_key: bytes,
        newest: datetime,
    ) -> None:
        self.newest = newest
        self._rules = rules
        self._zone = zone
        self._connection = connection
        self._ledger = ledger
        self._size = size
        self._role_of = roles(load_history(connection, ledger))
        self._facts = log_facts(connection, ledger, size, stream_key, self._role_of)

    def changed(self, begin: int, end: int) -> Iterator[Changed]:
        """The earlier records on which the entries in `[begin, end)` lead to another judgement."""
        causes: dict[int, int] = {}
        for entry in repository.readable(self._connection, self._ledger, range(begin, end)):
            try:
                fact = open_fact(entry, self._role_of)
                concerned = set() if fact.type in SERVICE_TYPES else self._concerned(fact)
            except DAMAGED:
                continue  # fsck names it; what cannot be read throws no light on anything.
            for index in concerned:
                causes.setdefault(index, fact.index)
            if entry.judgement is not None:  # Only what was judged can be judged again.
                self.newest = max(self.newest, fact.occurred_at)
        for index in candidates.with_judgement(self._connection, self._ledger, causes):
            with suppress(*DAMAGED):
                found = self._judged_again(index, causes[index])
                if found is not None:
                    yield found

    def _concerned(self, fact: Fact) -> set[int]:
        """The earlier entries that a new fact may concern; none where it speaks of nothing but its own present."""
        since = min(counts_since(item, self._zone) for item in (fact, *self._replaced(fact)))
        if self.newest < since or not fact.subject:
            return set()
        streams = {self._facts.stream(fact.subject), *candidates.targets_of(self._connection, self._ledger, fact.index)}
        return candidates.touched(self._connection, self._ledger, streams, since, fact.index)

    def _replaced(self, fact: Fact) -> Iterator[Fact]:
        """The records that a correction puts out of force, newest first: what they said of the past goes with them."""
        for _ in range(_CORRECTIONS):
            index = candidates.index_of(self._connection, self._ledger, fact.supersedes) if fact.supersedes else None
            if index is None or index >= fact.index:
                return
            [entry] = repository.opened(self._connection, self._ledger, [index])
            fact = open_fact(entry, self._role_of)
            yield fact

    def _judged_again(self, index: int, cause: int) -> Changed | None:
        [entry] = repository.opened(self._connection, self._ledger, [index])
        whole = all(item.text is not None for item in entry.disclosures)
        frozen = read_judgement(entry.judgement)
        if frozen is None or not whole:
            return None  # Something of it is erased: it cannot be judged as it was, and nobody may guess.
        fact = open_fact(entry, self._role_of)
        follows, newest = self._newest(fact, frozen)
        now = self._judge(fact, LateFacts(self._facts, fact, self._zone))
        if follows is None:
            # What differs from the first judgement for another reason, new tables or an erasure, is no late knowledge.
            newest = self._judge(fact, KnownThen(self._facts, index)) or frozen
        if now is None:
            return None
        rules = changed_rules(newest, now)
        return Changed(fact, cause, now, rules, follows) if rules else None

    def _judge(self, fact: Fact, facts: Facts) -> Judgement | None:
        """As of the record's own instant, from the end of the log; None where the engine fails."""
        try:
            judgement = self._rules.judge(replace(fact, index=self._size, blocked=None, step=None), facts)
            return parse_judgement(judgement.to_value())
        except Exception as error:
            if self._facts.failure is not None:
                raise self._facts.failure from error
            structlog.get_logger("judging").error(
                "rules failed", ledger=self._ledger, index=fact.index, type=fact.type, error=type(error).__name__
            )
            return None

    def _newest(self, fact: Fact, frozen: Judgement) -> tuple[str | None, Judgement]:
        """The newest judgement on a record: the entry's own, or the last one that was appended for it."""
        records = [item for item in self._facts.about(fact.subject) if item.type == JUDGEMENT]
        mine = [item for item in records if item.payload.get("of_record") == fact.record_id]
        if not mine or "rule_results" not in mine[-1].payload:
            return None, frozen
        return mine[-1].record_id, parse_judgement(mine[-1].payload["rule_results"])
