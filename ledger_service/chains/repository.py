"""Queries for evidence chains."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from ledger_service.chains.integrity import End, Link
from ledger_service.models import blobs, entries, links, stream_heads

CHUNK = 500


def end_of(connection: Connection, ledger: str, stream: str) -> End | None:
    """The head of a stream; None where it has no entry."""
    query = select(stream_heads.c.stream_seq, stream_heads.c.idx, stream_heads.c.leaf_hash)
    row = connection.execute(query.where(stream_heads.c.ledger == ledger, stream_heads.c.stream == stream)).first()
    return None if row is None else End(row.stream_seq, row.idx, row.leaf_hash)


def chain_links(connection: Connection, ledger: str, stream: str, limit: int) -> list[Link]:
    """The stream's first `limit` entries by `stream_seq`."""
    query = select(entries.c.idx, entries.c.stream_seq, entries.c.entry_bytes, entries.c.leaf_hash)
    query = query.where(entries.c.ledger == ledger, entries.c.stream == stream).order_by(entries.c.stream_seq)
    return [Link(*row) for row in connection.execute(query.limit(limit))]


def indices_from(connection: Connection, ledger: str, stream: str, begin: int) -> list[int]:
    """Indices of the stream's entries from `stream_seq` `begin` on."""
    query = select(entries.c.idx).where(
        entries.c.ledger == ledger, entries.c.stream == stream, entries.c.stream_seq >= begin
    )
    return list(connection.execute(query).scalars())


def mention_counts(connection: Connection, ledger: str, target: str) -> dict[str, int]:
    """How many entries of each record type refer to a subject."""
    query = select(links.c.record_type, func.count(links.c.idx.distinct()))
    query = query.where(links.c.ledger == ledger, links.c.target == target).group_by(links.c.record_type)
    return {row[0]: row[1] for row in connection.execute(query)}


def mentions(connection: Connection, ledger: str, target: str, record_type: str, limit: int) -> list[tuple[int, str]]:
    """(index, field) of the newest `limit` links of one type to a subject, newest first."""
    query = select(links.c.idx, links.c.field).where(
        links.c.ledger == ledger, links.c.target == target, links.c.record_type == record_type
    )
    return [(index, field) for index, field in connection.execute(query.order_by(links.c.idx.desc()).limit(limit))]


def newest_of(connection: Connection, ledger: str, stream: str, limit: int) -> list[int]:
    """Indices of the stream's newest `limit` entries, newest first."""
    query = select(entries.c.idx).where(entries.c.ledger == ledger, entries.c.stream == stream)
    return list(connection.execute(query.order_by(entries.c.stream_seq.desc()).limit(limit)).scalars())


def headings(connection: Connection, ledger: str, indices: Sequence[int]) -> list[tuple[int, str, datetime]]:
    """(index, record type, time of the event) of these entries, at most some hundred, ascending."""
    query = select(entries.c.idx, entries.c.record_type, entries.c.occurred_at)
    query = query.where(entries.c.ledger == ledger, entries.c.idx.in_(indices)).order_by(entries.c.idx)
    return [(index, kind, at) for index, kind, at in connection.execute(query)]


def stored_blobs(connection: Connection, digests: Collection[str]) -> set[str]:
    """Those of the digests whose bytes are stored."""
    if not digests:
        return set()
    return set(connection.execute(select(blobs.c.sha256).where(blobs.c.sha256.in_(list(digests)))).scalars())
