"""Which earlier entries a new one may throw another light on: the queries of reconsideration."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from ledger_service.judging.repository import chunks
from ledger_service.models import JUDGEMENT_POSITION, disclosures, entries, judgement_inputs, links

JUDGEMENT = "judgement"


def newest_occurred_at(connection: Connection, ledger: str, below: int) -> datetime:
    """The latest instant of a judged entry below the index; the beginning of time where there is none.

    Reads all of them: ask once and go on from there.
    """
    judged = entries.join(
        disclosures, (disclosures.c.ledger == entries.c.ledger) & (disclosures.c.idx == entries.c.idx)
    )
    query = select(func.max(entries.c.occurred_at)).select_from(judged)
    query = query.where(entries.c.ledger == ledger, entries.c.idx < below, disclosures.c.position == JUDGEMENT_POSITION)
    moment: datetime | None = connection.execute(query).scalar()
    return moment or datetime.min.replace(tzinfo=UTC)


def index_of(connection: Connection, ledger: str, record_id: str) -> int | None:
    """The entry of this record."""
    query = select(entries.c.idx).where(entries.c.ledger == ledger, entries.c.record_id == record_id)
    index: int | None = connection.execute(query).scalar()
    return index


def targets_of(connection: Connection, ledger: str, index: int) -> set[str]:
    """The subjects that an entry mentions."""
    query = select(links.c.target).where(links.c.ledger == ledger, links.c.idx == index)
    return set(connection.execute(query).scalars())


def touched(connection: Connection, ledger: str, streams: Iterable[str], since: datetime, below: int) -> set[int]:
    """Entries below the index, from `since` on, about one of the subjects, in a stream that mentions one, or judged by
    its records."""
    found: set[int] = set()
    other = entries.alias("mentioning")
    mine = (entries.c.ledger == ledger, entries.c.idx < below, entries.c.occurred_at >= since)
    for chunk in chunks(streams):
        found |= set(connection.execute(select(entries.c.idx).where(*mine, entries.c.stream.in_(chunk))).scalars())
        # A step of an operation knows its people from the operation's own record: the whole stream is concerned.
        linked = other.join(links, (links.c.ledger == other.c.ledger) & (links.c.idx == other.c.idx))
        mentioning = select(other.c.stream).select_from(linked)
        mentioning = mentioning.where(links.c.ledger == ledger, links.c.target.in_(chunk))
        found |= set(connection.execute(select(entries.c.idx).where(*mine, entries.c.stream.in_(mentioning))).scalars())
        decisive = select(entries.c.idx).where(entries.c.ledger == ledger, entries.c.stream.in_(chunk))
        resting = entries.join(
            judgement_inputs,
            (judgement_inputs.c.ledger == entries.c.ledger) & (judgement_inputs.c.idx == entries.c.idx),
        )
        query = select(entries.c.idx).select_from(resting)
        found |= set(connection.execute(query.where(*mine, judgement_inputs.c.input_idx.in_(decisive))).scalars())
    return found


def with_judgement(connection: Connection, ledger: str, indices: Collection[int]) -> list[int]:
    """Those of the entries that have a judgement, ascending."""
    found: list[int] = []
    ordered = sorted(indices)
    for begin in range(0, len(ordered), 500):
        query = select(disclosures.c.idx).where(
            disclosures.c.ledger == ledger,
            disclosures.c.idx.in_(ordered[begin : begin + 500]),
            disclosures.c.position == JUDGEMENT_POSITION,
        )
        found += connection.execute(query.order_by(disclosures.c.idx)).scalars()
    return found
