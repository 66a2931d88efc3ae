"""Queries of judging: opened entries of streams, who refers to a subject, and the projections of new judgements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, bindparam, delete, select, update

from evidence.erasures import RECORD_TYPE as ERASURE
from evidence.records.facts import MENTIONS_LIMIT
from ledger_service.entries import repository as entry_rows
from ledger_service.entries.model import Disclosure
from ledger_service.kit.dialect import insert_rows
from ledger_service.models import cursors, entries, judgement_inputs, links
from ledger_service.privacy.errors import SealBroken

CHUNK = 500
LINK_COLUMNS = ("ledger", "target", "record_type", "idx", "field")
INPUT_COLUMNS = ("ledger", "input_idx", "idx")

_HASH_AT = select(entries.c.leaf_hash).where(entries.c.ledger == bindparam("ledger"), entries.c.idx == bindparam("idx"))
_MENTIONS = (
    select(links.c.idx)
    .distinct()
    .where(links.c.ledger == bindparam("ledger"), links.c.target == bindparam("target"))
    .where(links.c.record_type == bindparam("record_type"), links.c.idx < bindparam("end"))
    .order_by(links.c.idx.desc())
    .limit(MENTIONS_LIMIT)
)


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """An entry's bytes, what is still disclosed of it, and its judgement."""

    index: int
    entry_bytes: bytes
    disclosures: tuple[Disclosure, ...]
    judgement: Disclosure | None


def size(connection: Connection, ledger: str) -> int:
    """Number of entries."""
    return entry_rows.size(connection, ledger)


def erased_since(connection: Connection, ledger: str, begin: int) -> bool:
    """Whether an erasure stands at `begin` or behind it: what was read before may repeat what it took away."""
    query = select(entries.c.idx).where(entries.c.ledger == ledger, entries.c.idx >= begin)
    return connection.execute(query.where(entries.c.record_type == ERASURE).limit(1)).first() is not None


def leaf_hash_at(connection: Connection, ledger: str, index: int) -> bytes | None:
    """Leaf hash of the entry at `index`."""
    found: bytes | None = connection.execute(_HASH_AT, {"ledger": ledger, "idx": index}).scalar()
    return found


def stream_indices(connection: Connection, ledger: str, streams: Sequence[str], end: int) -> dict[str, list[int]]:
    """Indices below `end` of the entries of these streams, ascending."""
    found: dict[str, list[int]] = {stream: [] for stream in streams}
    for chunk in chunks(streams):
        query = select(entries.c.stream, entries.c.idx).where(entries.c.ledger == ledger, entries.c.stream.in_(chunk))
        for stream, index in connection.execute(query.where(entries.c.idx < end).order_by(entries.c.stream_seq)):
            found[stream].append(index)
    return found


def mention_indices(connection: Connection, ledger: str, target: str, record_type: str, end: int) -> list[int]:
    """Indices below `end` of the newest records of a type that refer to a subject, ascending."""
    values = {"ledger": ledger, "target": target, "record_type": record_type, "end": end}
    return sorted(connection.execute(_MENTIONS, values).scalars())


def links_between(connection: Connection, ledger: str, begin: int, end: int) -> list[tuple[int, str, str]]:
    """(index, target, record type) of the links of the entries in `[begin, end)`, in log order."""
    query = select(links.c.idx, links.c.target, links.c.record_type).distinct()
    query = query.where(links.c.ledger == ledger, links.c.idx >= begin, links.c.idx < end)
    return [(index, target, kind) for index, target, kind in connection.execute(query.order_by(links.c.idx))]


def opened(connection: Connection, ledger: str, indices: Iterable[int]) -> Iterator[OpenedEntry]:
    """These entries, ascending, with what is disclosed of them."""
    wanted = iter(sorted(set(indices)))
    while chunk := list(islice(wanted, CHUNK)):
        query = select(entries.c.idx, entries.c.entry_bytes).where(entries.c.ledger == ledger, entries.c.idx.in_(chunk))
        rows = connection.execute(query.order_by(entries.c.idx)).all()
        shown = entry_rows.disclosures_of(connection, ledger, chunk)
        judged = entry_rows.judgements_of(connection, ledger, chunk)
        for index, data in rows:
            yield OpenedEntry(index, data, shown[index], judged.get(index))


def readable(connection: Connection, ledger: str, indices: Iterable[int]) -> Iterator[OpenedEntry]:
    """The same without entries of which a disclosure does not open: for sweeps, which one bent row must not stop."""
    wanted = iter(sorted(set(indices)))
    while chunk := list(islice(wanted, CHUNK)):
        try:
            yield from list(opened(connection, ledger, chunk))
        except SealBroken:
            for index in chunk:
                with suppress(SealBroken):  # fsck names it.
                    yield from list(opened(connection, ledger, [index]))


def add_links(connection: Connection, rows: Sequence[tuple[str, str, str, int, str]]) -> None:
    """Write rows of `LINK_COLUMNS`."""
    if rows:
        insert_rows(connection, links.name, LINK_COLUMNS, rows)


def add_inputs(connection: Connection, rows: Sequence[tuple[str, int, int]]) -> None:
    """Write rows of `INPUT_COLUMNS`."""
    if rows:
        insert_rows(connection, judgement_inputs.name, INPUT_COLUMNS, rows)


def forget_links(connection: Connection, ledger: str, index: int) -> None:
    """Take out what an entry refers to: for the erasure of the fields that said so."""
    connection.execute(delete(links).where(links.c.ledger == ledger, links.c.idx == index))


def cursor(connection: Connection, ledger: str, name: str) -> int:
    """How far the work `name` has come; 0 before its first step."""
    query = select(cursors.c.idx).where(cursors.c.ledger == ledger, cursors.c.name == name)
    return connection.execute(query).scalar() or 0


def move_cursor(connection: Connection, ledger: str, name: str, index: int) -> None:
    """Set the cursor of the work `name`."""
    row = {"ledger": ledger, "name": name, "idx": index}
    here = (cursors.c.ledger == ledger) & (cursors.c.name == name)
    if not connection.execute(update(cursors).where(here).values(row)).rowcount:
        connection.execute(cursors.insert().values(row))


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """`values` without repetitions, in lists short enough for one query."""
    unique = iter(dict.fromkeys(values))
    while chunk := list(islice(unique, CHUNK)):
        yield chunk
