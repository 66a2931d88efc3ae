"""The judge: applies the rules to each statement of a group, in order, inside the transaction that sequences it.

What the log says of a record is decided with the entries before it, those of its own group included. Nothing here may
lose a record: where the engine fails, the record is judged as not decided and stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import structlog
from sqlalchemy import Connection

from evidence import rule_results
from evidence.errors import Malformed
from evidence.key_events import KeyHistory
from evidence.records import Catalogue, RecordType
from evidence.records.facts import Fact
from evidence.records.judgement import MAX_RESULTS, Judgement, Outcome, RuleResult, Severity, parse_judgement
from evidence.statement import SALT_SIZE, stream_id
from ledger_service.judging import repository
from ledger_service.judging.facts import ABOUT, ERASURE, FactCache, LedgerCache, RoleOf, catch_up
from ledger_service.judging.group import GroupFacts
from ledger_service.judging.model import ENGINE_ERROR, Engine, Sealed
from ledger_service.kit.ids import RandomBytes
from ledger_service.statements.model import PreparedStatement, Sequenced
from ledger_service.statements.plan import LogState, Place, Placed

CACHE_FACTS = 60_000
"""Facts kept per ledger, a few kilobytes each."""


class Judge:
    """Gives out the judging of groups, and keeps opened facts between them."""

    def __init__(
        self,
        engine: Engine,
        catalogue: Catalogue,
        stream_key: Callable[[str], bytes],
        random: RandomBytes,
        cache_facts: int = CACHE_FACTS,
    ) -> None:
        self.engine = engine
        self.catalogue = catalogue
        self._stream_key = stream_key
        self._random = random
        self._cache = FactCache(cache_facts)
        self._limit = cache_facts
        self._judged = judged_types(catalogue)

    def judged(self, record_type: str) -> bool:
        """Whether records of this type get a judgement: it has rules or a life cycle, or moves that of another."""
        return record_type in self._judged

    def begin(
        self, connection: Connection, ledger: str, group: Sequence[PreparedStatement], state: LogState, *, keep: bool
    ) -> GroupJudge:
        """Start with a group, under the ledger's lock.

        Without `keep` nothing read or placed joins the cache: the caller's transaction may hold entries of its own that
        are not committed.
        """
        role_of = roles(state.keys)
        if keep:
            with self._cache.lock:
                cache = self._cache.of(ledger)
                self._catch_up(connection, ledger, cache, state.next_index, role_of)
        else:
            cache = LedgerCache(self._limit)
            cache.moved_to(state.next_index, None)
        blind = partial(stream_id, self._stream_key(ledger))
        facts = GroupFacts(connection, ledger, cache, state.next_index, blind, role_of)
        facts.prefetch((item.stream for item in group if self.judged(item.record_type)), state.heads)
        return GroupJudge(self, ledger, facts, cache, state.next_index, role_of)

    def forget(self, ledger: str) -> None:
        """Keep no opened facts of a ledger: call it when disclosures were erased."""
        self._cache.forget(ledger)

    def salt(self) -> bytes:
        """A fresh salt."""
        return self._random(SALT_SIZE)

    def keep(self, group: GroupJudge) -> None:
        """Take the facts of a committed group into the cache, unless another group has caught up with them."""
        with self._cache.lock:
            group.join_cache()

    @staticmethod
    def _catch_up(connection: Connection, ledger: str, cache: LedgerCache, size: int, role_of: RoleOf) -> None:
        try:
            catch_up(connection, ledger, cache, size, role_of)
        except BaseException:
            # Half taken in is worse than nothing: whatever the reason, the next group begins anew.
            cache.clear()
            cache.moved_to(0, None)
            raise


class GroupJudge:
    """Judges the statements of one group of one ledger."""

    def __init__(
        self, judge: Judge, ledger: str, facts: GroupFacts, cache: LedgerCache, begin: int, role_of: RoleOf
    ) -> None:
        self._judge = judge
        self._ledger = ledger
        self._facts = facts
        self._cache = cache
        self._begin = begin
        self._role_of = role_of
        self._tail: bytes | None = None
        self._candidate: Fact | None = None

    def judge(self, statement: PreparedStatement, place: Place) -> Sealed | None:
        """The judgement on a statement at its place; None where its type has none.

        Raises what the database raises.
        """
        candidate = self._candidate = _fact(statement, place, self._role_of(statement.kid))
        if not self._judge.judged(statement.record_type):
            return None
        judgement = self._apply(candidate, self._judge.catalogue.types[statement.record_type])
        return Sealed(judgement, rule_results.seal(judgement, self._judge.salt()))

    def placed(self, statement: PreparedStatement, sequenced: Sequenced, sealed: Sealed | None) -> None:
        """Take note of what got its index, so that the rest of the group knows it."""
        fact = self._candidate
        if fact is None or fact.index != sequenced.index:
            fact = _fact(statement, Place(sequenced.index, sequenced.received_at), self._role_of(statement.kid))
        if sealed is not None:
            fact = _with(fact, sealed.judgement)
        self._facts.place(fact, statement.stream, tuple(self._facts.stream(link.subject) for link in statement.links))
        self._tail = sequenced.leaf_hash

    def store(self, connection: Connection, placed: Sequence[Placed]) -> None:
        """Write what follows from the placed entries: links and inputs."""
        links = [
            (
                self._ledger,
                self._facts.stream(link.subject),
                item.statement.record_type,
                item.sequenced.index,
                link.field,
            )
            for item in placed
            for link in item.statement.links
        ]
        repository.add_links(connection, list(dict.fromkeys(links)))
        inputs = [
            (self._ledger, index, item.sequenced.index)
            for item in placed
            if item.judgement is not None
            for index in item.judgement.inputs
        ]
        repository.add_inputs(connection, inputs)

    def keep(self) -> None:
        """After the commit: let the next groups have these facts without reading them."""
        self._judge.keep(self)

    def join_cache(self) -> None:
        """The same, under the cache's lock."""
        placed = self._facts.placed
        if not placed or self._cache.size != self._begin:
            return
        if any(fact.type == ERASURE for fact, _, _ in placed):
            self._cache.clear()
        for stream in self._facts.fresh:
            if self._cache.get((stream, ABOUT)) is None:
                self._cache.put((stream, ABOUT), [])
        for fact, stream, targets in placed:
            self._cache.append(fact, stream, targets)
        self._cache.moved_to(self._begin + len(placed), self._tail)

    def _apply(self, candidate: Fact, record_type: RecordType) -> Judgement:
        try:
            judgement = checked(self._judge.engine.judge(candidate, self._facts), candidate)
        except Exception as error:
            self._raise_failure()
            # The type of the error alone: its text may repeat what the record says.
            structlog.get_logger("judging").error(
                "rules failed", ledger=self._ledger, index=candidate.index, type=candidate.type,
                error=type(error).__name__,
            )  # fmt: skip
            return undecided(candidate, record_type, self._judge.catalogue.tables.digest)
        self._raise_failure()
        return judgement

    def _raise_failure(self) -> None:
        """A database or key service that fails while a rule asks is a failed transaction, whatever the engine made of
        it."""
        self._facts.require_sound()


def judged_types(catalogue: Catalogue) -> frozenset[str]:
    """The types whose entries are of version 2: with rules, with a life cycle, or followed by one."""
    types = catalogue.types.values()
    followed = {item.record for kind in types if kind.lifecycle is not None for item in kind.lifecycle.follow}
    return frozenset(kind.id for kind in types if kind.rules or kind.lifecycle is not None or kind.id in followed)


def roles(keys: KeyHistory) -> RoleOf:
    """The role of each key by its kid; empty for a root, whose role no event states."""

    def role_of(kid: str) -> str:
        state = keys.get(kid)
        return "" if state is None else state.role

    return role_of


def checked(judgement: Judgement, candidate: Fact) -> Judgement:
    """The judgement, if verifiers will take it. Raises `Malformed`."""
    if judgement.known != candidate.index or judgement.at != candidate.occurred_at:
        raise Malformed("the judgement is on another record")
    if any(index >= candidate.index for item in judgement.results for index in item.inputs):
        raise Malformed("the judgement rests on an entry behind its own")
    if parse_judgement(judgement.to_value()) != judgement:
        raise Malformed("the judgement does not survive its own form")
    return judgement


def undecided(candidate: Fact, record_type: RecordType, tables: str) -> Judgement:
    """The judgement where the engine failed: every rule not decided."""
    named = [(rule.id, rule.version, rule.severity) for rule in record_type.rules] or [("LC1", 1, Severity.HARD)]
    results = (RuleResult(*item[:2], Outcome.UNKNOWN, item[2], ENGINE_ERROR) for item in named[:MAX_RESULTS])
    return Judgement(candidate.occurred_at, candidate.index, record_type.schema_claim, tables, tuple(results))


def _fact(statement: PreparedStatement, place: Place, role: str) -> Fact:
    subject = statement.payload.get("subject", "")
    return Fact(
        index=place.index,
        record_id=statement.record_id,
        type=statement.record_type,
        version=statement.version,
        subject=subject if isinstance(subject, str) else "",
        occurred_at=statement.occurred_at,
        received_at=place.received_at,
        channel=statement.channel,
        kid=statement.kid,
        payload=statement.payload,
        supersedes=statement.supersedes,
        counter=statement.counter,
        role=role,
    )


def _with(fact: Fact, judgement: Judgement) -> Fact:
    return replace(fact, blocked=judgement.blocked(), step=judgement.step)
