"""The facts of a group under way: those of the committed log, and those that the group has placed so far."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from evidence.errors import EvidenceError
from evidence.records.facts import MENTIONS_LIMIT, Fact
from evidence.statement import stream_id
from ledger_service.errors import RetryLater
from ledger_service.judging.facts import ABOUT, Key, LedgerCache, RoleOf, load_about, load_mentions
from ledger_service.privacy.errors import MasterKeyMismatch, MasterKeyMissing, SealBroken

DAMAGED = (EvidenceError, SealBroken)
"""Stored bytes that cannot be read: what rests on them is not decided, and nobody else is kept waiting."""
AWAY = (DBAPIError, OSError, RetryLater, MasterKeyMissing, MasterKeyMismatch)
"""What is stored cannot be had just now: nothing may be concluded from that."""
Blind = Callable[[str], str]
"""A subject's stream."""

_LOOK_FACTS = 20_000
"""Facts that one look at a log keeps in memory."""


class GroupFacts:
    """Implements `Facts` inside one transaction of one ledger."""

    def __init__(
        self, connection: Connection, ledger: str, cache: LedgerCache, size: int, blind: Blind, role_of: RoleOf
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._cache = cache
        self._size = size
        self._blind = blind
        self._role_of = role_of
        self._streams: dict[str, str] = {}
        self._new: dict[Key, list[Fact]] = {}
        self._placed: list[tuple[Fact, str, tuple[str, ...]]] = []
        self._fresh: set[str] = set()
        self.failure: Exception | None = None
        """What kept a rule that asked from its answer: an engine may have swallowed it, the transaction must not."""

    def require_sound(self) -> None:
        """Raise what came between a rule and its answer."""
        if self.failure is not None:
            raise self.failure

    def about(self, subject: str) -> Sequence[Fact]:
        """The stream of a subject, oldest first."""
        return self._all((self.stream(subject), ABOUT))

    def mentioning(self, subject: str, record_type: str) -> Sequence[Fact]:
        """Records of one type that refer to the subject, oldest first, the newest 500."""
        return self._all((self.stream(subject), record_type))[-MENTIONS_LIMIT:]

    def stream(self, subject: str) -> str:
        """The subject as the log shows it; empty for what can be no subject, so that nothing is found."""
        if subject not in self._streams:
            try:
                self._streams[subject] = self._blind(subject) if subject else ""
            except UnicodeEncodeError:
                self._streams[subject] = ""
        return self._streams[subject]

    def prefetch(self, streams: Iterable[str], known: Mapping[str, object]) -> None:
        """Read these streams at once; those that are not `known` have no entry yet and are not asked for."""
        wanted = dict.fromkeys(streams)
        self._fresh |= {stream for stream in wanted if stream not in known}
        cold = [stream for stream in wanted if stream in known and self._cache.get((stream, ABOUT)) is None]
        if not cold:
            return
        try:
            loaded = load_about(self._connection, self._ledger, cold, self._size, self._role_of)
        except DAMAGED:
            return  # Whoever asks for the unreadable stream finds out; the others are read one by one.
        for stream, facts in loaded.items():
            self._cache.put((stream, ABOUT), facts)

    def place(self, fact: Fact, stream: str, targets: tuple[str, ...]) -> None:
        """Let the rest of the group know an entry of it."""
        self._placed.append((fact, stream, targets))
        for key in ((stream, ABOUT), *((target, fact.type) for target in dict.fromkeys(targets))):
            self._new.setdefault(key, []).append(fact)

    @property
    def fresh(self) -> Collection[str]:
        """The streams of the group that had no entry before it."""
        return self._fresh

    @property
    def placed(self) -> Sequence[tuple[Fact, str, tuple[str, ...]]]:
        """What the group placed: fact, stream, and the subjects that it mentions."""
        return self._placed

    def _all(self, key: Key) -> list[Fact]:
        new = self._new.get(key, [])
        if key[1] == ABOUT and key[0] in self._fresh:
            return new
        kept = self._cache.get(key)
        if kept is None:
            kept = self._load(key)
            self._cache.put(key, kept)
        return kept + new if new else kept

    def _load(self, key: Key) -> list[Fact]:
        if not key[0]:
            return []
        try:
            if key[1] == ABOUT:
                loaded = load_about(self._connection, self._ledger, [key[0]], self._size, self._role_of)
                return loaded[key[0]]
            return load_mentions(self._connection, self._ledger, key, self._size, self._role_of)
        except AWAY as error:
            self.failure = error
            raise


def log_facts(connection: Connection, ledger: str, size: int, stream_key: bytes, role_of: RoleOf) -> GroupFacts:
    """The facts of the committed log below `size`, for one look at it: read as they are asked for."""
    cache = LedgerCache(_LOOK_FACTS)
    cache.moved_to(size, None)
    return GroupFacts(connection, ledger, cache, size, partial(stream_id, stream_key), role_of)
