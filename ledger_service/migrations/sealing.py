"""What an older release stored in the clear, sealed. Part of the step to schema 0003.

The rows are read by plain SQL: the tables of the models are those of today, not those of then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, text

from evidence.entry import parse_entry
from evidence.errors import EvidenceError
from evidence.records import RecordType
from evidence.records.catalogue import load_catalogue
from evidence.statement import parse_disclosure
from ledger_service.privacy.concerns import NOBODY, holders
from ledger_service.privacy.key_holders import seal_holder
from ledger_service.privacy.vault import Sealable, vault_of

_CHUNK = 500
"""Entries at a time."""
_ENTRIES = text(
    "SELECT idx, entry_bytes, record_type, stream FROM entries WHERE ledger = :ledger AND idx >= :begin"
    " ORDER BY idx LIMIT :count"
)
_OPEN = text(
    "SELECT idx, position, digest, text, erased_by_idx FROM disclosures"
    " WHERE ledger = :ledger AND idx >= :begin AND idx < :end ORDER BY idx, position"
)


def sealed_rows(connection: Connection, ledger: str) -> Iterator[list[dict[str, object]]]:
    """The disclosures of a ledger as rows of the new form, in batches."""
    begin = 0
    while True:
        found = connection.execute(_ENTRIES, {"ledger": ledger, "begin": begin, "count": _CHUNK}).all()
        if not found:
            return
        end = int(found[-1].idx) + 1
        by_index: dict[int, list[Row[Any]]] = defaultdict(list)
        for row in connection.execute(_OPEN, {"ledger": ledger, "begin": begin, "end": end}):
            by_index[row.idx].append(row)
        if by_index:
            items = [item for entry in found for item in _sealables(entry, by_index[entry.idx])]
            erased = {(row.idx, row.position): row for rows in by_index.values() for row in rows if row.text is None}
            yield [_row(item, erased) for item in vault_of(connection).seal(connection, ledger, items)]
        begin = end


def sealed_holders(connection: Connection) -> Iterator[dict[str, object]]:
    """The holder of every signing key, sealed."""
    rows = connection.execute(text("SELECT ledger, kid, holder, enrolled_idx FROM key_states")).all()
    for ledger, kid, holder, enrolled in rows:
        yield {"ledger": ledger, "kid": kid, "holder": seal_holder(connection, ledger, kid, enrolled, holder)}


def _sealables(entry: Row[Any], rows: Sequence[Row[Any]]) -> Iterator[Sealable]:
    fields = {row.position: parse_disclosure(row.text) for row in rows if row.text is not None}
    held = holders(_type(entry), dict(fields.values()), entry.stream, partial(_unblindable, entry.stream))
    for row in rows:
        name = fields[row.position][0] if row.position in fields else None
        holder = NOBODY if name is None else held[name]
        yield Sealable(entry.idx, row.position, row.digest, row.text or "", holder)


def _unblindable(stream: str, _subject: str) -> str:
    """Types of the older release name nobody but their subject; one that did would stay with its record."""
    return stream


def _type(entry: Row[Any]) -> RecordType | None:
    try:
        claims = parse_entry(entry.entry_bytes).statement.claims
    except EvidenceError:
        return None  # Damage is fsck's to name; what is readable is sealed all the same.
    return load_catalogue().by_claim(claims.type, claims.schema)


def _row(item: tuple[str, int, int, str, int, bytes], erased: dict[tuple[int, int], Row[Any]]) -> dict[str, object]:
    ledger, index, position, digest, number, sealed = item
    gone = erased.get((index, position))
    return {
        "ledger": ledger,
        "idx": index,
        "position": position,
        "digest": digest,
        "key_no": number,
        "sealed": None if gone else sealed,
        "erased_by_idx": gone.erased_by_idx if gone else None,
    }
