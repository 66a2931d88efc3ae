"""Facts of a ledger, opened from its rows and kept between groups.

What is kept is a bounded cache per process and always a prefix of the committed log: it knows up to which index it is
complete, and the leaf hash there. Each group first catches up with what was committed since, by this process or
another, and starts anew where the log is not the one that it knows. The facts of a group under way are kept apart and
join the cache only after its commit; what a failed transaction wrote was never in it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock

from sqlalchemy import Connection

from evidence import rule_results
from evidence.encoding import parse_time
from evidence.entry import parse_entry
from evidence.errors import EvidenceError
from evidence.records.facts import MENTIONS_LIMIT, Fact
from evidence.statement import parse_disclosure
from ledger_service.judging import repository
from ledger_service.judging.repository import OpenedEntry
from ledger_service.privacy.errors import SealBroken

CATCH_UP_LIMIT = 2000
"""Entries by which the cache may lie behind; beyond it starting anew costs less."""
ERASURE = "erasure"
ABOUT = ""
Key = tuple[str, str]
"""(stream, ABOUT) for the records about a subject; (target, record type) for those that mention it."""
RoleOf = Callable[[str], str]


def open_fact(entry: OpenedEntry, role_of: RoleOf) -> Fact:
    """What rules see of an entry. Raises errors of the pure core where stored bytes cannot be read."""
    parsed = parse_entry(entry.entry_bytes)
    claims = parsed.statement.claims
    payload = dict(parse_disclosure(item.text) for item in entry.disclosures if item.text is not None)
    subject = payload.get("subject", "")
    text = None if entry.judgement is None else entry.judgement.text
    judgement = None if text is None else rule_results.parse(text)
    return Fact(
        index=entry.index,
        record_id=claims.jti,
        type=claims.type,
        version=version_of(claims.schema),
        subject=subject if isinstance(subject, str) else "",
        occurred_at=parse_time(claims.occurred_at),
        received_at=parsed.received_at,
        channel=claims.channel,
        kid=parsed.statement.kid,
        payload=payload,
        supersedes=claims.supersedes,
        counter=claims.counter,
        role=role_of(parsed.statement.kid),
        blocked=None if judgement is None else judgement.blocked(),
        step=None if judgement is None else judgement.step,
    )


def version_of(schema: str) -> int:
    """The version in a `schema` claim, `<version>;sha-256=…`."""
    return int(schema.split(";", 1)[0].split(".", 1)[0])


class LedgerCache:
    """The kept facts of one ledger: for some subjects, everything below `size`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lists: OrderedDict[Key, list[Fact]] = OrderedDict()
        self._weight = 0
        self.size = 0
        self.tail: bytes | None = None
        """Leaf hash of the entry at `size` - 1."""

    def get(self, key: Key) -> list[Fact] | None:
        """The facts under `key`, complete up to `size`; None where they are not kept."""
        found = self._lists.get(key)
        if found is not None:
            self._lists.move_to_end(key)
        return found

    def put(self, key: Key, facts: list[Fact]) -> None:
        """Keep facts that are complete up to `size`; the ones not asked for longest make room."""
        self._weight += len(facts) + 1 - self._weight_of(self._lists.pop(key, None))
        self._lists[key] = facts
        while self._weight > self._limit and len(self._lists) > 1:
            _, gone = self._lists.popitem(last=False)
            self._weight -= self._weight_of(gone)

    def append(self, fact: Fact, stream: str, targets: Iterable[str]) -> None:
        """Take in the next fact of the log, where its subjects are kept."""
        for key in ((stream, ABOUT), *((target, fact.type) for target in dict.fromkeys(targets))):
            kept = self._lists.get(key)
            if kept is None:
                continue
            kept.append(fact)
            self._weight += 1
            if key[1] != ABOUT and len(kept) > 2 * MENTIONS_LIMIT:
                self._weight -= len(kept) - MENTIONS_LIMIT
                del kept[:-MENTIONS_LIMIT]

    def moved_to(self, size: int, tail: bytes | None) -> None:
        """Everything below `size` was taken in."""
        self.size, self.tail = size, tail

    def clear(self) -> None:
        """Keep nothing."""
        self._lists.clear()
        self._weight = 0

    @staticmethod
    def _weight_of(facts: list[Fact] | None) -> int:
        return 0 if facts is None else len(facts) + 1


class FactCache:
    """The caches of all ledgers, for any number of threads."""

    def __init__(self, limit: int) -> None:
        self.lock = Lock()
        self._limit = limit
        self._ledgers: dict[str, LedgerCache] = {}

    def of(self, ledger: str) -> LedgerCache:
        """The cache of a ledger. Use it under `lock`."""
        return self._ledgers.setdefault(ledger, LedgerCache(self._limit))

    def forget(self, ledger: str) -> None:
        """Keep nothing of a ledger: disclosures of it were erased, or it may have been restored."""
        with self.lock:
            self._ledgers.pop(ledger, None)


def catch_up(connection: Connection, ledger: str, cache: LedgerCache, size: int, role_of: RoleOf) -> None:
    """Bring the cache to the committed entries below `size`, or empty it where that is not possible or not worth it."""
    if cache.size == size and _tail(connection, ledger, size) == cache.tail:
        return
    same = 0 < cache.size <= size and _tail(connection, ledger, cache.size) == cache.tail
    if same and size - cache.size <= CATCH_UP_LIMIT:
        try:
            _take_in(connection, ledger, cache, size, role_of)
        except (EvidenceError, SealBroken):
            cache.clear()  # Whoever asks for what cannot be read finds out.
    else:
        cache.clear()
    cache.moved_to(size, _tail(connection, ledger, size))


def _take_in(connection: Connection, ledger: str, cache: LedgerCache, size: int, role_of: RoleOf) -> None:
    targets: dict[int, list[str]] = {}
    for index, target, _ in repository.links_between(connection, ledger, cache.size, size):
        targets.setdefault(index, []).append(target)
    for entry in repository.opened(connection, ledger, range(cache.size, size)):
        fact = open_fact(entry, role_of)
        if fact.type == ERASURE:
            cache.clear()
            return
        cache.append(fact, parse_entry(entry.entry_bytes).stream, targets.get(entry.index, ()))


def _tail(connection: Connection, ledger: str, size: int) -> bytes | None:
    return repository.leaf_hash_at(connection, ledger, size - 1) if size else None


def load_about(
    connection: Connection, ledger: str, streams: Sequence[str], size: int, role_of: RoleOf
) -> dict[str, list[Fact]]:
    """The facts of these streams below `size`, in log order."""
    indices = repository.stream_indices(connection, ledger, streams, size)
    wanted = [index for found in indices.values() for index in found]
    facts = {entry.index: open_fact(entry, role_of) for entry in repository.opened(connection, ledger, wanted)}
    return {stream: [facts[index] for index in found] for stream, found in indices.items()}


def load_mentions(connection: Connection, ledger: str, key: Key, size: int, role_of: RoleOf) -> list[Fact]:
    """The newest facts of a type below `size` that mention a subject, in log order."""
    indices = repository.mention_indices(connection, ledger, key[0], key[1], size)
    return [open_fact(entry, role_of) for entry in repository.opened(connection, ledger, indices)]
