"""What rules may know: the records of the log as facts, seen from one point of the log.

A rule about the record at index k knows the entries 0 … k-1 and that record, never more. So a judgement can be
repeated by anyone who has the same entries, and late knowledge leads to a second judgement instead of a changed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from evidence.canonical import Json
from evidence.records.judgement import Severity, Step


@dataclass(frozen=True, slots=True)
class Fact:
    """One record as rules see it. `payload` has the fields still disclosed; an erased or withheld one is missing."""

    index: int
    record_id: str
    type: str
    version: int
    """Version of the record type, from the statement's `schema` claim."""
    subject: str
    """`<kind>/<id>`; empty once its disclosure is erased."""
    occurred_at: datetime
    received_at: datetime
    channel: str
    kid: str
    payload: Mapping[str, Json]
    supersedes: str | None = None
    counter: int | None = None
    role: str = ""
    """Role of the signing key when the record was sequenced; empty where unknown."""
    blocked: Severity | None = None
    """What its own judgement, frozen when it was sequenced, holds against it (`Judgement.blocked`); None: nothing."""
    step: Step | None = None
    """The move of its subject that its own judgement froze (`Judgement.step`); None where it has none or it is not
    known. With it a state is read from the newest record; without it the stream is folded from its start."""

    @property
    def event(self) -> str:
        """The lifecycle event that the record states; empty means the first one of its type's lifecycle."""
        value = self.payload.get("event", "")
        return value if isinstance(value, str) else ""


class Facts(Protocol):
    """The entries known at one point of the log."""

    def about(self, subject: str) -> Sequence[Fact]:
        """The stream of a subject, oldest first: every record whose subject it is."""
        ...

    def mentioning(self, subject: str, record_type: str) -> Sequence[Fact]:
        """Records of one type that refer to the subject in a field with `refers_to`, oldest first, the newest 500."""
        ...


MENTIONS_LIMIT = 500
"""Facts that one `mentioning` gives at most: the newest. What a rule needs to see of a busy subject is recent."""


@dataclass
class MemoryFacts:
    """Facts held in memory: for tests, and for judging an exported log again."""

    _by_subject: dict[str, list[Fact]] = field(default_factory=dict)
    _by_mention: dict[tuple[str, str], list[Fact]] = field(default_factory=dict)

    def add(self, fact: Fact, links: Iterable[str] = ()) -> None:
        """Append a fact; facts come in log order."""
        self._by_subject.setdefault(fact.subject, []).append(fact)
        for subject in dict.fromkeys(links):
            self._by_mention.setdefault((subject, fact.type), []).append(fact)

    def about(self, subject: str) -> Sequence[Fact]:
        """The stream of a subject, oldest first."""
        return self._by_subject.get(subject, [])

    def mentioning(self, subject: str, record_type: str) -> Sequence[Fact]:
        """Records of one type that refer to the subject, oldest first, the newest 500."""
        return self._by_mention.get((subject, record_type), [])[-MENTIONS_LIMIT:]
