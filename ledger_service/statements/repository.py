"""Queries of the sequencer. Plain Core with lists of values: a group is a handful of statements, whatever its size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, bindparam, select

from ledger_service.entries.model import read_judgement
from ledger_service.entries.repository import judgements_of
from ledger_service.kit.dialect import insert_rows
from ledger_service.models import JUDGEMENT_POSITION, disclosures, entries, erased_blobs, stream_heads
from ledger_service.models.types import microseconds
from ledger_service.privacy.concerns import judgement_holder
from ledger_service.privacy.vault import Sealable, vault_of
from ledger_service.statements.model import Sequenced
from ledger_service.statements.plan import Head, Known, Placed

CHUNK = 500
"""Values in one IN list: every database takes that many."""

ENTRY_COLUMNS = tuple(column.name for column in entries.columns)
"""All of them, in the order of `_entry_row`."""
SEALED_COLUMNS = ("ledger", "idx", "position", "digest", "key_no", "sealed")
"""In the order of `Vault.seal`."""

_TAIL = (
    select(entries.c.idx, entries.c.received_at)
    .where(entries.c.ledger == bindparam("ledger"))
    .order_by(entries.c.idx.desc())
    .limit(1)
)
_KNOWN = select(
    entries.c.record_id,
    entries.c.statement_digest,
    entries.c.idx,
    entries.c.leaf_hash,
    entries.c.stream,
    entries.c.stream_seq,
    entries.c.received_at,
).where(entries.c.ledger == bindparam("ledger"), entries.c.record_id.in_(bindparam("wanted", expanding=True)))
_ERASED = select(erased_blobs.c.sha256).where(erased_blobs.c.sha256.in_(bindparam("wanted", expanding=True)))
_HEADS = select(stream_heads.c.stream, stream_heads.c.stream_seq, stream_heads.c.leaf_hash).where(
    stream_heads.c.ledger == bindparam("ledger"), stream_heads.c.stream.in_(bindparam("wanted", expanding=True))
)


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """`values` without repetitions, in lists short enough for one query."""
    unique = iter(dict.fromkeys(values))
    while chunk := list(islice(unique, CHUNK)):
        yield chunk


def tail(connection: Connection, ledger: str) -> tuple[int, datetime | None]:
    """The next free index, and when the entry before it was received."""
    row = connection.execute(_TAIL, {"ledger": ledger}).first()
    return (0, None) if row is None else (row.idx + 1, row.received_at)


def known_records(connection: Connection, ledger: str, record_ids: Iterable[str]) -> dict[str, Known]:
    """The entries that already carry one of these record ids."""
    found: dict[str, Known] = {}
    for chunk in chunks(record_ids):
        rows = connection.execute(_KNOWN, {"ledger": ledger, "wanted": chunk}).all()
        judged = judgements_of(connection, ledger, [row.idx for row in rows]) if rows else {}
        for row in rows:
            record_id, digest, index, leaf_hash, stream, stream_seq, received_at = row
            judgement = read_judgement(judged.get(index))
            again = Sequenced(
                ledger, record_id, index, leaf_hash, stream, stream_seq, received_at, created=False, judgement=judgement
            )
            found[record_id] = Known(digest, again)
    return found


def heads(connection: Connection, ledger: str, streams: Iterable[str]) -> dict[str, Head]:
    """The heads of these streams; a stream without entries is missing."""
    return {
        stream: Head(stream_seq, leaf_hash)
        for chunk in chunks(streams)
        for stream, stream_seq, leaf_hash in connection.execute(_HEADS, {"ledger": ledger, "wanted": chunk})
    }


def erased(connection: Connection, digests: Iterable[str]) -> frozenset[str]:
    """Those of the attachments whose bytes an erasure took away."""
    found: set[str] = set()
    for chunk in chunks(digests):
        found |= set(connection.execute(_ERASED, {"wanted": chunk}).scalars())
    return frozenset(found)


def add_entries(connection: Connection, placed: Sequence[Placed]) -> None:
    """Write the entries, all of one ledger, and after them their disclosures, sealed."""
    insert_rows(connection, entries.name, ENTRY_COLUMNS, [_entry_row(item) for item in placed])
    items = [item for entry in placed for item in _sealables(entry)]
    if items:
        rows = vault_of(connection).seal(connection, placed[0].statement.ledger, items)
        insert_rows(connection, disclosures.name, SEALED_COLUMNS, rows)


def move_heads(connection: Connection, ledger: str, moved: Mapping[str, tuple[Head, int]]) -> None:
    """Let these streams, new ones too, end at their new heads: (head, its index)."""
    rows = [(ledger, stream, head.stream_seq, head.leaf_hash, index) for stream, (head, index) in moved.items()]
    columns = ("ledger", "stream", "stream_seq", "leaf_hash", "idx")
    insert_rows(connection, stream_heads.name, columns, rows, replacing=("ledger", "stream"))


def _sealables(item: Placed) -> Iterator[Sealable]:
    statement, index = item.statement, item.sequenced.index
    disclosed = zip(statement.disclosures, statement.holders, strict=True)
    for position, ((digest, text), holder) in enumerate(disclosed):
        yield Sealable(index, position, digest, text, holder)
    if item.judgement is not None:
        holder = judgement_holder(str(statement.payload.get("subject")), statement.stream)
        yield Sealable(index, JUDGEMENT_POSITION, item.judgement.digest_text, item.judgement.disclosure, holder)


def _entry_row(item: Placed) -> tuple[object, ...]:
    statement, sequenced = item.statement, item.sequenced
    return (
        statement.ledger,
        sequenced.index,
        item.entry_bytes,
        sequenced.leaf_hash,
        statement.record_id,
        statement.record_type,
        statement.kid,
        statement.channel,
        statement.stream,
        sequenced.stream_seq,
        microseconds(statement.occurred_at),
        microseconds(sequenced.received_at),
        statement.digest,
    )
