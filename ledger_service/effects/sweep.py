"""Follow the log and carry out what failed rules ask for: one record for each thing, signed by the service.

Exactly once: the records and the cursor are written in one transaction, which gives way where the cursor has moved.
What a record is about has a name (the rule, the subject, the instrument), and the subject of the record follows from
that name. While it is open a further fault of the same name opens nothing; whether it was open is asked as of the
fault's own place in the log, so that looking at the log again finds everything done.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import Connection, Engine

from evidence.entry import parse_entry
from evidence.errors import EvidenceError
from evidence.records import Catalogue
from evidence.records.facts import Fact, Facts
from evidence.records.predicates.scope import Undecidable
from evidence.records.rules.engine import RuleEngine
from evidence.statement import stream_id
from ledger_service.effects.build import Builder
from ledger_service.effects.model import RECORD_TYPES, EffectCounts, Fault, NotBuildable
from ledger_service.effects.plan import PURPOSE, Plan
from ledger_service.errors import BadRequest, Refused, TooLarge
from ledger_service.judging import repository
from ledger_service.judging.effects import PendingEffect, asking, pending
from ledger_service.judging.facts import LedgerCache, RoleOf, open_fact
from ledger_service.judging.group import GroupFacts
from ledger_service.judging.repository import OpenedEntry
from ledger_service.judging.service import roles
from ledger_service.judging.signing import ServiceSigner
from ledger_service.keys.repository import load_history
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read, write
from ledger_service.kit.dialect import lock_ledger
from ledger_service.kit.keystore import KeyStore
from ledger_service.statements.model import PreparedStatement, Rejected
from ledger_service.statements.sequencer import Sequencer

CURSOR = PURPOSE
STEP = 200
"""Entries looked into in one transaction."""
SERVICE_ROLE = "service"
_CACHE_FACTS = 20_000
_UNFIT = (NotBuildable, Undecidable, EvidenceError, Refused, BadRequest, TooLarge)


@dataclass(frozen=True, slots=True)
class _Step:
    """What one stretch of the log leads to."""

    begin: int
    end: int
    size: int
    """Of the log that was looked at."""
    statements: tuple[PreparedStatement, ...]
    covered: int
    not_built: int


class EffectSweep:
    """Carries out effects."""

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

    def run(self, ledger: str) -> EffectCounts:
        """Look at everything new. Raises what sequencing raises; nothing of the stretch under way is stored then."""
        counts = EffectCounts()
        while (step := self._look(ledger)) is not None:
            done = self._store(ledger, step)
            if done is None:
                break  # Another process was first; the next run goes on from where that one is.
            counts += done
        if counts != EffectCounts():
            structlog.get_logger("effects").info(
                "effects carried out", ledger=ledger, opened=counts.opened, covered=counts.covered,
                not_built=counts.not_built,
            )  # fmt: skip
        return counts

    def _look(self, ledger: str) -> _Step | None:
        with read(self._engine) as connection:
            begin, size = repository.cursor(connection, ledger, CURSOR), repository.size(connection, ledger)
            if begin >= size:
                return None
            # A long import of records that ask for nothing is passed over in one stretch.
            following = asking(connection, ledger, self._catalogue, begin, size, STEP + 1)
            end = following[STEP] if len(following) > STEP else size
            role_of = roles(load_history(connection, ledger))
            facts = self._facts(connection, ledger, size, role_of)
            plan = Plan(self._signer, self._rules, self._catalogue, ledger, facts)
            builder = Builder(self._catalogue, facts, self._clock.now())
            for effect in pending(connection, ledger, self._catalogue, begin, end):
                if effect.effect in RECORD_TYPES:
                    [entry] = repository.opened(connection, ledger, [effect.of_index])
                    self._take(ledger, effect, entry, role_of, builder, plan)
            facts.require_sound()
        return _Step(begin, end, size, tuple(plan.statements), plan.covered, plan.not_built)

    def _take(
        self, ledger: str, effect: PendingEffect, entry: OpenedEntry, role_of: RoleOf, builder: Builder, plan: Plan
    ) -> None:
        try:
            fact = open_fact(entry, role_of)
            # What a record of an effect lacks is for people to mend: it leads to no further effect.
            if fact.role == SERVICE_ROLE and fact.type in RECORD_TYPES.values():
                return
            fault = self._fault(effect, fact, entry, plan.facts)
            for opening in builder.openings(fault):
                plan.add(fault, opening)
        except _UNFIT as error:
            plan.not_built += 1
            structlog.get_logger("effects").warning(
                "effect not carried out", ledger=ledger, index=effect.of_index, rule=effect.rule,
                effect=effect.effect, why=str(error) if isinstance(error, NotBuildable) else type(error).__name__,
            )  # fmt: skip

    def _fault(self, effect: PendingEffect, fact: Fact, entry: OpenedEntry, facts: Facts) -> Fault:
        if not fact.subject:
            raise NotBuildable("erased")
        record_type = self._catalogue.by_claim(fact.type, parse_entry(entry.entry_bytes).statement.claims.schema)
        rules = () if record_type is None else record_type.rules
        rule = next((item for item in rules if item.id == effect.rule), None)
        if record_type is None or rule is None:
            raise NotBuildable("unknown_rule")
        stream = tuple(item for item in facts.about(fact.subject) if item.index <= fact.index)
        return Fault(effect, fact, record_type, rule, stream)

    def _store(self, ledger: str, step: _Step) -> EffectCounts | None:
        with write(self._engine) as connection:
            lock_ledger(connection, ledger)
            if repository.cursor(connection, ledger, CURSOR) != step.begin:
                return None
            if repository.erased_since(connection, ledger, step.size):
                return EffectCounts()  # What was read may be gone: look at the same stretch again.
            outcomes = self._sequencer.sequence_in(connection, step.statements) if step.statements else []
            for outcome in outcomes:
                if isinstance(outcome, Rejected) and outcome.error.status != 409:
                    raise outcome.error  # Everything is taken back: the next run finds the same work.
            repository.move_cursor(connection, ledger, CURSOR, step.end)
        opened = sum(not isinstance(outcome, Rejected) and outcome.created for outcome in outcomes)
        return EffectCounts(opened, step.covered + len(outcomes) - opened, step.not_built)

    def _facts(self, connection: Connection, ledger: str, size: int, role_of: RoleOf) -> GroupFacts:
        cache = LedgerCache(_CACHE_FACTS)
        cache.moved_to(size, None)
        blind = partial(stream_id, self._keystore.stream_key(ledger))
        return GroupFacts(connection, ledger, cache, size, blind, role_of)
