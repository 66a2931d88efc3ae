"""Submitting statements: check, sequence, answer after the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import Engine

from evidence.errors import EvidenceError
from evidence.hashing import sha256
from evidence.keys import PublicJwk
from evidence.statement import parse_statement
from ledger_service.errors import ServiceError, StorageCorrupt
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read
from ledger_service.ledgers.service import LedgerService
from ledger_service.statements import repository
from ledger_service.statements.group_commit import GroupCommit
from ledger_service.statements.model import Outcome, PreparedStatement, Rejected, Sequenced
from ledger_service.statements.prepare import prepare
from ledger_service.statements.rules import RuleBook
from ledger_service.statements.sequencer import Sequencer


class StatementService:
    """Takes statements in, one or many, from requests (async) or from programs (`submit_now`)."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        ledgers: LedgerService,
        rules: RuleBook,
        sequencer: Sequencer,
        group_commit: GroupCommit,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ledgers = ledgers
        self._rules = rules
        self._sequencer = sequencer
        self._group_commit = group_commit

    def prepare(self, ledger: str, compact: str) -> PreparedStatement:
        """Check one statement. Raises NotFound, TooLarge, BadRequest, Refused."""
        return prepare(self._rules.of(self._ledgers.get(ledger).slug), compact, self._clock.now())

    async def submit(self, ledger: str, compact: str) -> Sequenced:
        """Sequence one statement. Raises what `prepare` raises, Conflict, Refused, RetryLater, StorageFull."""
        try:
            prepared = self.prepare(ledger, compact)
        except ServiceError:
            settled = self._settled(ledger, compact)
            if settled is None:
                raise
            return accepted(settled)
        return await self.submit_prepared(prepared)

    async def submit_prepared(self, statement: PreparedStatement) -> Sequenced:
        """Sequence one checked statement."""
        return accepted((await self._group_commit.submit([statement]))[0])

    async def submit_many(self, ledger: str, compacts: Sequence[str | ServiceError]) -> list[Outcome]:
        """Sequence many in one group, in order; a statement that fails takes no index and hinders no other.

        A key may sign what comes after its enrolment in the same batch.

        An error in place of a statement is handed through to its place in the answer. Raises NotFound, RetryLater,
        StorageFull and LedgerBehindAnchor for all of them together.
        """
        # Hundreds of signatures take a while: in a thread, so that other requests are answered meanwhile.
        checked = await asyncio.to_thread(self._check_all, ledger, compacts)
        good = [item for item in checked if isinstance(item, PreparedStatement)]
        outcomes = await self._group_commit.submit(good) if good else []
        return merge(checked, outcomes)

    async def submit_checked(self, checked: Sequence[PreparedStatement | Outcome]) -> list[Outcome]:
        """Sequence the checked statements among `checked` in one group; their outcomes, in order."""
        good = [item for item in checked if isinstance(item, PreparedStatement)]
        return await self._group_commit.submit(good) if good else []

    def submit_now(self, ledger: str, compacts: Sequence[str | ServiceError]) -> list[Outcome]:
        """The same in the calling thread, without waiting for company: for imports, the command line and tests."""
        checked = self._check_all(ledger, compacts)
        good = [item for item in checked if isinstance(item, PreparedStatement)]
        return merge(checked, self._sequencer.sequence(good) if good else [])

    def open(self) -> None:
        """Take submissions again after a `close`."""
        self._group_commit.open()

    async def close(self) -> None:
        """Commit what waits and take nothing more."""
        await self._group_commit.close()

    def _settled(self, ledger: str, compact: str) -> Outcome | None:
        """What these bytes, which the rules of today refuse, get instead of that refusal; None when it stands.

        The answer that they once got: a record type may have a new version since, or the clock gone back. And where
        the ledger takes nothing because its database is an old one, that: their key may be enrolled in the lost part.
        """
        try:
            record_id = parse_statement(compact).claims.jti
        except EvidenceError:
            return None
        with read(self._engine) as connection:
            known = repository.known_records(connection, ledger, [record_id]).get(record_id)
            behind = self._sequencer.refusal(connection, ledger)
        if known is not None and known.digest == sha256(compact.encode("utf-8", "surrogatepass")):
            return known.sequenced
        return None if behind is None else Rejected(behind)

    def _check_all(self, ledger: str, compacts: Sequence[str | ServiceError]) -> list[PreparedStatement | Outcome]:
        rules, now = self._rules.of(self._ledgers.get(ledger).slug), self._clock.now()
        offered: dict[str, PublicJwk] = {}
        # A kid is its key's thumbprint, so an offered key is the right one for its kid. Whether it may sign is decided
        # at the index: when its enrolment was refused there, so is all that it signed.
        rules = replace(rules, public_key=partial(_offered_or_known, offered, rules.public_key))
        checked: list[PreparedStatement | Outcome] = []
        for compact in compacts:
            if isinstance(compact, ServiceError):
                checked.append(Rejected(compact))
                continue
            try:
                prepared = prepare(rules, compact, now)
            except ServiceError as error:
                checked.append(self._settled(ledger, compact) or Rejected(error))
                continue
            checked.append(prepared)
            if prepared.key_event is not None:
                offered[prepared.key_event.jwk.kid] = prepared.key_event.jwk
        return checked


def _offered_or_known(offered: Mapping[str, PublicJwk], known: Callable[[str], PublicJwk], kid: str) -> PublicJwk:
    """The key that an earlier statement of the batch brings, else one that the ledger knows. Raises KeyNotTrusted."""
    return offered[kid] if kid in offered else known(kid)


def accepted(outcome: Outcome) -> Sequenced:
    """The outcome of a single statement. Raises what it was rejected for."""
    if isinstance(outcome, Rejected):
        raise outcome.error
    return outcome


def merge(checked: Sequence[PreparedStatement | Outcome], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes at the places of the statements that went to the sequencer; what was settled before stays.

    Raises the error of a storage that takes nothing: to a sender, a line with a problem is a statement to give up.
    """
    remaining = iter(outcomes)
    merged = [next(remaining) if isinstance(item, PreparedStatement) else item for item in checked]
    for outcome in merged:
        if isinstance(outcome, Rejected) and isinstance(outcome.error, StorageCorrupt):
            raise outcome.error
    return merged
