"""The rules of sequencing, without a database: given what the log holds, what becomes of each statement of a group.

* indices are dense: a rejected or repeated statement takes none;
* `received_at` is one instant for the group and never earlier than the entry before: when the clock went backwards, the
  previous instant is used again;
* an entry links to the newest entry of its stream, also when that one stands in the same group;
* a ledger that takes no entries still answers for those that it has;
* a key is judged at the index the statement would get, with the key events of the same group before it applied;
* so is the record by its rules, knowing the entries before it: what the rules find never keeps it out of the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from evidence.entry import encode_entry
from evidence.errors import EvidenceError
from evidence.hashing import leaf_hash
from evidence.key_events import KeyEvent, KeyHistory
from ledger_service.errors import Conflict, Refused, ServiceError
from ledger_service.judging.model import Sealed
from ledger_service.kit.evidence_errors import refusal
from ledger_service.statements.model import Outcome, PreparedStatement, Rejected, Sequenced


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a stream."""

    stream_seq: int
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that already has this record id, and the digest of the bytes it was submitted as."""

    digest: bytes
    sequenced: Sequenced


@dataclass(frozen=True, slots=True)
class LogState:
    """What the transaction read before it writes: the next index, and what the group's statements touch."""

    next_index: int
    last_received_at: datetime | None
    known: Mapping[str, Known]
    heads: Mapping[str, Head]
    keys: KeyHistory
    refused: ServiceError | None = None
    """Why the ledger takes no new entry."""
    erased: frozenset[str] = frozenset()
    """Attachments of the group whose bytes an erasure took away since the statements were checked."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement would stand."""

    index: int
    received_at: datetime


class Judging(Protocol):
    """Applies the rules to the statements of a group, in order."""

    def judge(self, statement: PreparedStatement, place: Place) -> Sealed | None:
        """The judgement on a statement at its place; None where its type has no rules."""
        ...

    def placed(self, statement: PreparedStatement, sequenced: Sequenced, sealed: Sealed | None) -> None:
        """The statement got its place."""
        ...


@dataclass(slots=True)
class Placed:
    """One new entry, ready to be written."""

    statement: PreparedStatement
    sequenced: Sequenced
    entry_bytes: bytes
    judgement: Sealed | None = None


@dataclass(slots=True)
class GroupPlan:
    """Decides one group of one ledger, statement by statement, in order."""

    state: LogState
    received_at: datetime
    judging: Judging | None = None
    """Without it no entry has a judgement: for ledgers that are being made."""
    placed: list[Placed] = field(default_factory=list)
    touched_keys: set[str] = field(default_factory=set)
    _known: dict[str, Known] = field(init=False)
    _heads: dict[str, Head] = field(init=False)

    def __post_init__(self) -> None:
        if self.state.last_received_at is not None:
            self.received_at = max(self.received_at, self.state.last_received_at)
        self._known = dict(self.state.known)
        self._heads = dict(self.state.heads)

    @property
    def heads(self) -> dict[str, tuple[Head, int]]:
        """The streams this group moved: their new head and its index."""
        return {
            placed.statement.stream: (
                Head(placed.sequenced.stream_seq, placed.sequenced.leaf_hash),
                placed.sequenced.index,
            )
            for placed in self.placed
        }

    def add(self, statement: PreparedStatement) -> Outcome:
        """Place the statement at the next index, recognise it as a repetition, or reject it."""
        known = self._known.get(statement.record_id)
        if known is not None:
            if known.digest == statement.digest:
                return known.sequenced
            return Rejected(Conflict("this record id was used for other bytes", reason="record-id-taken"))
        if self.state.refused is not None:
            return Rejected(self.state.refused)
        if self.state.erased.intersection(statement.attachments):
            return Rejected(Refused("an attachment was erased: upload it again", reason="AttachmentMissing"))
        try:
            return self._place(statement)
        except EvidenceError as error:
            return Rejected(refusal(error))

    def _place(self, statement: PreparedStatement) -> Sequenced:
        index = self.state.next_index + len(self.placed)
        head = self._heads.get(statement.stream)
        prev, stream_seq = (None, 0) if head is None else (head.leaf_hash, head.stream_seq + 1)
        if statement.key_event is None:
            self.state.keys.require_valid(statement.kid, index, self.received_at)
        sealed = None if self.judging is None else self.judging.judge(statement, Place(index, self.received_at))
        digest = None if sealed is None else sealed.digest
        entry_bytes = encode_entry(prev, self.received_at, statement.jwt, statement.stream, stream_seq, digest)
        if statement.key_event is not None:
            # Last of what may refuse: a refused key event must leave no trace in the history.
            self._apply(statement, statement.key_event, index)
        sequenced = Sequenced(
            ledger=statement.ledger,
            record_id=statement.record_id,
            index=index,
            leaf_hash=leaf_hash(entry_bytes),
            stream=statement.stream,
            stream_seq=stream_seq,
            received_at=self.received_at,
            created=True,
            judgement=None if sealed is None else sealed.judgement,
        )
        # The rest of the group sees this entry as if it had been committed before.
        self._known[statement.record_id] = Known(statement.digest, sequenced.again())
        self._heads[statement.stream] = Head(stream_seq, sequenced.leaf_hash)
        self.placed.append(Placed(statement, sequenced, entry_bytes, sealed))
        if self.judging is not None:
            self.judging.placed(statement, sequenced, sealed)
        return sequenced

    def _apply(self, statement: PreparedStatement, event: KeyEvent, index: int) -> None:
        """Let a key event take effect for what follows it. Raises unless its signer may state it at `index`."""
        self.state.keys.apply(index, self.received_at, statement.kid, event)
        self.touched_keys |= {event.kid, event.jwk.kid}
