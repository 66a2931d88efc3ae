"""The seam for what failed rules set going: which effects the log asks for, from one index on. Pure reading.

    for item in pending(connection, "demo", catalogue, begin, end): ...

Who carries effects out keeps a cursor of its own (`repository.cursor`) and moves it in the transaction that stores
what an effect leads to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, select

from evidence.encoding import MAX_SAFE_INTEGER
from evidence.entry import parse_entry
from evidence.errors import EvidenceError
from evidence.records import Catalogue, RecordType
from evidence.records.facts import Fact
from evidence.records.judgement import Judgement, Outcome, RuleResult, parse_judgement
from ledger_service.entries.model import read_judgement
from ledger_service.judging import repository
from ledger_service.judging.candidates import JUDGEMENT
from ledger_service.judging.facts import open_fact
from ledger_service.models import entries


@dataclass(frozen=True, slots=True)
class PendingEffect:
    """One effect of one failed rule. `of_index` is the judged record, `judged_at` the entry that holds the judgement.

    The two differ for a judgement in the light of later knowledge. `subject` is empty once erased.
    """

    of_index: int
    judged_at: int
    record_type: str
    subject: str
    rule: str
    effect: str
    reason: str


def effects_of(record_type: RecordType, judgement: Judgement) -> Iterator[tuple[RuleResult, str]]:
    """The failed rules of a judgement that have an effect, with it."""
    effects = {rule.id: rule.effect for rule in record_type.rules if rule.effect}
    for item in judgement.results:
        if item.outcome is Outcome.FAIL and item.rule in effects:
            yield item, effects[item.rule]


def pending(
    connection: Connection, ledger: str, catalogue: Catalogue, begin: int, end: int = MAX_SAFE_INTEGER
) -> Iterator[PendingEffect]:
    """The effects that the entries in `[begin, end)` ask for, in log order.

    Of a judgement in the light of later knowledge only the rules with another result count: the others asked before.
    """
    for entry in repository.readable(connection, ledger, asking(connection, ledger, catalogue, begin, end)):
        try:
            fact, own = open_fact(entry, lambda _: ""), read_judgement(entry.judgement)
            claim = parse_entry(entry.entry_bytes).statement.claims.schema
        except EvidenceError:
            continue  # fsck names it.
        if own is not None:
            yield from _of(catalogue.by_claim(fact.type, claim), own, fact, fact.index)
        elif fact.type == JUDGEMENT:
            with suppress(EvidenceError):  # As above.
                yield from list(_late(connection, ledger, catalogue, fact))


def asking(
    connection: Connection, ledger: str, catalogue: Catalogue, begin: int, end: int, limit: int | None = None
) -> list[int]:
    """The entries in `[begin, end)` that could ask for an effect, by their type; the first `limit` of them."""
    types = {item.id for item in catalogue.all_types() if any(rule.effect for rule in item.rules)} | {JUDGEMENT}
    query = select(entries.c.idx).where(
        entries.c.ledger == ledger,
        entries.c.idx >= begin,
        entries.c.idx < end,
        entries.c.record_type.in_(sorted(types)),
    )
    return list(connection.execute(query.order_by(entries.c.idx).limit(limit)).scalars())


def _late(connection: Connection, ledger: str, catalogue: Catalogue, fact: Fact) -> Iterator[PendingEffect]:
    index, value = fact.payload.get("of_index"), fact.payload.get("rule_results")
    changed = fact.payload.get("changed_rules")
    if not isinstance(index, int) or value is None or not isinstance(changed, list):
        return
    for entry in repository.readable(connection, ledger, [index]):
        claims = parse_entry(entry.entry_bytes).statement.claims
        judged = open_fact(entry, lambda _: "")
        for item in _of(catalogue.by_claim(claims.type, claims.schema), parse_judgement(value), judged, fact.index):
            if item.rule in changed:
                yield item


def _of(record_type: RecordType | None, judgement: Judgement, fact: Fact, judged_at: int) -> Iterator[PendingEffect]:
    if record_type is None:
        return
    for result, effect in effects_of(record_type, judgement):
        yield PendingEffect(fact.index, judged_at, fact.type, fact.subject, result.rule, effect, result.reason)
