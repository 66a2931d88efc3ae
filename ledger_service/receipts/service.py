"""Receipts (FORMATS 5): entry, disclosures, tlog-proof, the signer's key events and the anchor of that very checkpoint.

The newest anchored checkpoint that covers the entry is taken, so that proof and anchor speak about one root; before the
first anchor, the newest published one. A batch keeps its tiles, key events and checkpoint and reads each once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from evidence.errors import EvidenceError
from evidence.merkle.tiles import TileHashReader
from evidence.receipt import JUDGED_VERSION, VERSION, Receipt
from evidence.records.judgement import NAME
from evidence.statement import parse_disclosure
from evidence.tlog_proof import TlogProof
from ledger_service.checkpoints import repository as published
from ledger_service.checkpoints.service import CheckpointService
from ledger_service.errors import NotFound, RetryLater, StorageCorrupt
from ledger_service.kit.db import read
from ledger_service.receipts import repository
from ledger_service.receipts.key_chain import KeyEventRecord, chain_of, only, read_event, stored_entry
from ledger_service.receipts.repository import StoredRecord


class NotPublished(RetryLater):
    """The entry is sequenced and durable; its proof comes with the next checkpoint. Ask again then."""

    slug = "not-published"
    title = "Not published yet: ask again after the next checkpoint"


@dataclass(slots=True)
class _Basis:
    """One checkpoint and all that receipts under it share."""

    size: int
    note: bytes
    anchors: tuple[dict[str, object], ...]
    reader: TileHashReader
    keys: dict[str, tuple[Receipt, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cut:
    """One published checkpoint, for everything that shall stand under the same one."""

    size: int
    note: bytes
    anchored: bool
    left_out: int
    """Entries that the ledger holds beyond `size`."""


class ReceiptService:
    """Makes receipts."""

    def __init__(self, engine: Engine, checkpoints: CheckpointService, publish_every_s: float) -> None:
        self._engine = engine
        self._checkpoints = checkpoints
        self._retry_after = max(1, round(publish_every_s))
        self._events: dict[str, tuple[int, list[KeyEventRecord]]] = {}

    def receipt(self, ledger: str, index: int, *, disclose: Set[str] | None = None) -> Receipt:
        """The receipt of the entry at `index` with the disclosures of the fields `disclose`, None for all that exist.

        `rule_results` among them stands for the judgement.
        Raises NotFound, and NotPublished when the entry has an index but no checkpoint covers it yet.
        """
        return next(self.receipts(ledger, [index], disclose=disclose))

    def receipts(
        self, ledger: str, indices: Iterable[int], *, disclose: Set[str] | None = None, under: int | None = None
    ) -> Iterator[Receipt]:
        """The receipts of many entries, lazily and in the given order, from one snapshot.

        With `under`, the size of a published checkpoint, all of them stand under that one.
        """
        wanted = None if disclose is None else frozenset(disclose)
        with read(self._engine) as connection:
            anchored, newest = self._anchored(connection, ledger, under), self._published(connection, ledger, under)
            for index in indices:
                record = repository.record(connection, ledger, index)
                if record is None:
                    raise NotFound(f"no entry at index {index}")
                basis = next((b for b in (anchored, newest) if b is not None and index < b.size), None)
                if basis is None:
                    raise NotPublished(f"no checkpoint covers entry {index} yet", retry_after=self._retry_after)
                yield self._receipt(connection, ledger, record, basis, wanted)

    def cut(self, ledger: str) -> Cut:
        """The newest anchored checkpoint; before the first anchor, the newest published one. Raises NotFound."""
        with read(self._engine) as connection:
            anchored = self._anchored(connection, ledger)
            basis = anchored or self._published(connection, ledger)
            count = published.entry_count(connection, ledger)
        if basis is None:
            raise NotFound("nothing has been published yet", reason="not-published")
        return Cut(basis.size, basis.note, anchored is not None, count - basis.size)

    def tlog_proof(self, ledger: str, index: int) -> TlogProof:
        """The C2SP tlog-proof of the entry at `index`, under the same checkpoint as its receipt."""
        return self.receipt(ledger, index, disclose=frozenset()).proof

    def _anchored(self, connection: Connection, ledger: str, under: int | None = None) -> _Basis | None:
        anchored = repository.newest_anchored(connection, ledger, under)
        if anchored is None:
            return None
        row = published.checkpoint_at(connection, ledger, anchored.size)
        if row is None or row.root != anchored.root:
            raise StorageCorrupt(f"the anchored checkpoint of size {anchored.size} is missing or has another root")
        return self._basis(ledger, row.size, row.note, anchored.evidence)

    def _published(self, connection: Connection, ledger: str, under: int | None = None) -> _Basis | None:
        published.ledger_row(connection, ledger)
        row = (
            published.newest_checkpoint(connection, ledger)
            if under is None
            else published.checkpoint_at(connection, ledger, under)
        )
        return None if row is None else self._basis(ledger, row.size, row.note, ())

    def _basis(self, ledger: str, size: int, note: bytes, anchors: tuple[dict[str, object], ...]) -> _Basis:
        return _Basis(size, note, anchors, self._checkpoints.reader(ledger, size))

    def _receipt(
        self, connection: Connection, ledger: str, record: StoredRecord, basis: _Basis, wanted: frozenset[str] | None
    ) -> Receipt:
        named = {} if wanted is None else {item: _field(record.index, item) for item in record.disclosures}
        entry = stored_entry(record.entry_bytes)
        kid = entry.statement.kid
        if kid not in basis.keys:
            chain = chain_of(kid, basis.size, self._key_events(connection, ledger))
            basis.keys[kid] = tuple(
                Receipt(event.entry_bytes, event.disclosures, self._proof(ledger, event.index, basis))
                for event in chain
            )
        shown = only(record.disclosures, named, wanted)
        proof = self._proof(ledger, record.index, basis)
        judgement = record.judgement if wanted is None or NAME in wanted else None
        version = VERSION if entry.judgement is None else JUDGED_VERSION
        return Receipt(record.entry_bytes, shown, proof, basis.keys[kid], basis.anchors, judgement, version)

    def _proof(self, ledger: str, index: int, basis: _Basis) -> TlogProof:
        try:
            hashes = self._checkpoints.inclusion_proof(ledger, index, basis.size, basis.reader)
        except EvidenceError as error:
            raise StorageCorrupt(f"a tile does not yield a proof: {error.reason}; run fsck") from error
        return TlogProof(index, tuple(hashes), basis.note)

    def _key_events(self, connection: Connection, ledger: str) -> list[KeyEventRecord]:
        """The ledger's key events. They never change, so only those after the last look are read."""
        size = published.entry_count(connection, ledger)
        seen, events = self._events.get(ledger, (0, []))
        if size > seen:
            events = events + [read_event(row) for row in repository.key_events(connection, ledger, seen, size)]
            self._events[ledger] = (size, events)
        return events


def _field(index: int, disclosure: str) -> str:
    try:
        return parse_disclosure(disclosure)[0]
    except EvidenceError as error:
        raise StorageCorrupt(f"a disclosure of entry {index} cannot be read: {error.reason}") from error
