"""Follow the log and carry out what failed rules ask for: one record for each thing, signed by the service.

Exactly once: the records and the cursor are written in one transaction, which gives way where the cursor has moved.
What a record is about has a name (the rule, the subject, the instrument), and the subject of the record follows from
that name. While it is open a further fault of the same name opens nothing; whether it was open is asked as of the
fault's own place in the log, so that looking at the log again finds everything done.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import Engine

from evidence.entry import parse_entry
from evidence.errors import EvidenceError
from evidence.records import Catalogue
from evidence.records.facts import Fact, Facts
from evidence.records.predicates.scope import Undecidable
from evidence.records.rules.engine import RuleEngine
from ledger_service.effects.build import Builder
from ledger_service.effects.model import RECORD_TYPES, EffectCounts, Fault, NotBuildable
from ledger_service.effects.plan import PURPOSE, Plan
from ledger_service.errors import BadRequest, Refused, TooLarge
from ledger_service.judging import repository
from ledger_service.judging.effects import PendingEffect, asking, pending
from ledger_service.judging.facts import RoleOf, open_fact
from ledger_service.judging.follow import Stretch, store_stretch
from ledger_service.judging.group import log_facts
from ledger_service.judging.repository import OpenedEntry
from ledger_service.judging.service import roles
from ledger_service.judging.signing import ServiceSigner
from ledger_service.keys.repository import load_history
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read
from ledger_service.kit.keystore import KeyStore
from ledger_service.statements.model import PreparedStatement
from ledger_service.statements.sequencer import Sequencer

CURSOR = PURPOSE
STEP = 200
"""Entries looked into in one transaction."""
SERVICE_ROLE = "service"
_UNFIT = (NotBuildable, Undecidable, EvidenceError, Refused, BadRequest, TooLarge)


@dataclass(frozen=True, slots=True)
class _Step:
    """What one stretch of the log leads to."""

    stretch: Stretch
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
            facts = log_facts(connection, ledger, size, self._keystore.stream_key(ledger), role_of)
            plan = Plan(self._signer, self._rules, self._catalogue, ledger, facts)
            builder = Builder(self._catalogue, facts, self._clock.now())
            for effect in pending(connection, ledger, self._catalogue, begin, end):
                if effect.effect in RECORD_TYPES:
                    [entry] = repository.opened(connection, ledger, [effect.of_index])
                    self._take(ledger, effect, entry, role_of, builder, plan)
            facts.require_sound()
        return _Step(Stretch(begin, end, size), tuple(plan.statements), plan.covered, plan.not_built)

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
        stored = store_stretch(self._engine, self._sequencer, ledger, CURSOR, step.stretch, step.statements)
        if stored is None or not stored.done:
            return None if stored is None else EffectCounts()
        covered = step.covered + len(step.statements) - stored.appended
        return EffectCounts(stored.appended, covered, step.not_built)
