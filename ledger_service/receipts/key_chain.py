"""Which key events a verifier needs to trust one signer: from its enrolment up to a root. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from evidence.entry import Entry, parse_entry
from evidence.errors import EvidenceError
from evidence.key_events import KeyEvent
from evidence.statement import disclosed
from ledger_service.errors import StorageCorrupt
from ledger_service.receipts.repository import StoredRecord


@dataclass(frozen=True, slots=True)
class KeyEventRecord:
    """A key event of the log: who signed it and which keys it speaks about."""

    record: StoredRecord
    signer: str
    kids: frozenset[str]
    """The key that changes and, for a rotation, the one that takes over."""


def read_event(record: StoredRecord) -> KeyEventRecord:
    """Read a stored key event. Raises StorageCorrupt where it cannot be read: it was checked when it was sequenced."""
    try:
        statement = parse_entry(record.entry_bytes).statement
        event = KeyEvent.from_payload(disclosed(replace(statement, disclosures=record.disclosures)))
    except EvidenceError as error:
        raise StorageCorrupt(f"the key event at index {record.index} cannot be read: {error.reason}") from error
    return KeyEventRecord(record, statement.kid, frozenset({event.kid, event.jwk.kid}))


def chain_of(kid: str, size: int, events: Sequence[KeyEventRecord]) -> list[StoredRecord]:
    """The events below `size` about `kid`, about those who signed them, and so on up to the roots, in log order.

    Later events (a revocation, a compromise) are part of it: leaving them out would hide them from the verifier.
    """
    wanted = {kid}
    while True:
        chosen = [event for event in events if event.record.index < size and event.kids & wanted]
        reached = wanted.union(*(event.kids | {event.signer} for event in chosen))
        if reached == wanted:
            return [event.record for event in chosen]
        wanted = reached


def stored_entry(entry_bytes: bytes) -> Entry:
    """The entry of these bytes. Raises StorageCorrupt."""
    try:
        return parse_entry(entry_bytes)
    except EvidenceError as error:
        raise StorageCorrupt(f"a stored entry cannot be read: {error.reason}") from error


def only(disclosures: Iterable[str], named: dict[str, str], wanted: frozenset[str] | None) -> tuple[str, ...]:
    """The disclosures of the wanted fields; all of them for None. `named` maps a disclosure to its field."""
    return tuple(item for item in disclosures if wanted is None or named[item] in wanted)
