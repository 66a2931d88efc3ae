"""Which records a stretch of the log leads to, each under the subject that follows from what it is about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

from evidence.records import Catalogue
from evidence.records.lifecycle import current
from evidence.records.rules.engine import RuleEngine
from ledger_service.effects.model import Fault, Opening
from ledger_service.judging.group import GroupFacts
from ledger_service.judging.signing import ServiceSigner
from ledger_service.statements.model import PreparedStatement

PURPOSE = "effects"
_EPOCH = datetime.fromtimestamp(0, UTC)


class Plan:
    """The records to be made of one stretch of the log."""

    def __init__(
        self, signer: ServiceSigner, rules: RuleEngine, catalogue: Catalogue, ledger: str, facts: GroupFacts
    ) -> None:
        self.facts = facts
        self.statements: list[PreparedStatement] = []
        self.covered = 0
        self.not_built = 0
        self._signer = signer
        self._guard = rules.guard(facts)
        self._catalogue = catalogue
        self._ledger = ledger
        self._taken: set[str] = set()

    def add(self, fault: Fault, opening: Opening) -> None:
        """Plan a record, unless the same thing is open. Raises Refused where its own type would not take it."""
        for subject in self._subjects(opening):
            if subject in self._taken or self._open(opening.record_type, subject, fault.effect.judged_at):
                self.covered += 1
                return
            if not self.facts.about(subject):
                break
        record_id = self._signer.record_id(self._ledger, PURPOSE, fault.fact.received_at, subject)
        payload = {"subject": subject} | dict(opening.payload)
        statement = self._signer.prepare(self._ledger, opening.record_type, record_id, payload, opening.occurred_at)
        self._taken.add(subject)
        self.statements.append(statement)

    def _subjects(self, opening: Opening) -> Iterator[str]:
        """What may be opened under a name: one after the other, each once the one before is closed."""
        rule = opening.name[0]
        for number in count():
            purpose = f"{PURPOSE}/{opening.record_type}"
            drawn = self._signer.record_id(self._ledger, purpose, _EPOCH, *opening.name, number)
            yield f"{opening.record_type}/{rule}-{drawn.replace('-', '')[-16:]}"

    def _open(self, record_type: str, subject: str, at: int) -> bool:
        """Whether the subject exists and nothing below the index had closed it."""
        facts = self.facts.about(subject)
        kind = self._catalogue.types[record_type]
        state, _ = current(kind, [fact for fact in facts if fact.index < at], self._guard)
        closed = kind.lifecycle is not None and state in kind.lifecycle.states and kind.lifecycle.states[state].final
        return bool(facts) and not closed
