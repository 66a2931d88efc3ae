"""Queries of receipts: entries with the disclosures that are left, key events, and the anchors that cover an index."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select

from evidence.canonical import loads
from evidence.key_events import RECORD_TYPE
from ledger_service.models import JUDGEMENT_POSITION, anchors, disclosures, entries
from ledger_service.privacy.disclosures import read_disclosures

ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """An entry's bytes and the disclosures that were not erased, in submitted order."""

    index: int
    entry_bytes: bytes
    disclosures: tuple[str, ...]
    judgement: str | None = None
    """Disclosure of the judgement; None where there is none or it was erased."""


@dataclass(frozen=True, slots=True)
class AnchoredSize:
    """A published size with the evidence of every chain that holds it."""

    size: int
    root: bytes
    evidence: tuple[dict[str, object], ...]


def record(connection: Connection, ledger: str, index: int) -> StoredRecord | None:
    """The entry at `index`."""
    here = (entries.c.ledger == ledger, entries.c.idx == index)
    data = connection.execute(select(entries.c.entry_bytes).where(*here)).scalar()
    if data is None:
        return None
    judgement = _texts(connection, ledger, index, disclosures.c.position == JUDGEMENT_POSITION)
    return StoredRecord(index, data, _disclosures(connection, ledger, index), next(iter(judgement), None))


def key_events(connection: Connection, ledger: str, begin: int, end: int) -> list[StoredRecord]:
    """The key events of the half-open range of indices, in log order."""
    query = (
        select(entries.c.idx, entries.c.entry_bytes)
        .where(entries.c.ledger == ledger, entries.c.record_type == RECORD_TYPE)
        .where(entries.c.idx >= begin, entries.c.idx < end)
        .order_by(entries.c.idx)
    )
    found = connection.execute(query).all()
    return [StoredRecord(row.idx, row.entry_bytes, _disclosures(connection, ledger, row.idx)) for row in found]


def newest_anchored(connection: Connection, ledger: str, under: int | None = None) -> AnchoredSize | None:
    """The newest size whose anchor is archived: final on its chain, its evidence verified offline.

    With `under`, exactly that size if such an anchor holds it.
    """
    here = [anchors.c.ledger == ledger, anchors.c.state == ARCHIVED]
    if under is not None:
        here.append(anchors.c.size == under)
    newest = connection.execute(
        select(anchors.c.size, anchors.c.root).where(*here).order_by(anchors.c.size.desc()).limit(1)
    ).first()
    if newest is None:
        return None
    query = (
        select(anchors.c.evidence).where(*here, anchors.c.size == newest.size).order_by(anchors.c.chain, anchors.c.seq)
    )
    texts = connection.execute(query).scalars()
    return AnchoredSize(newest.size, newest.root, tuple(_parsed(text) for text in texts if text is not None))


def _parsed(text: str) -> dict[str, object]:
    data = text.encode()
    value = loads(data, max_bytes=len(data))
    return value if isinstance(value, dict) else {}


def _disclosures(connection: Connection, ledger: str, index: int) -> tuple[str, ...]:
    return _texts(connection, ledger, index, disclosures.c.position < JUDGEMENT_POSITION)


def _texts(connection: Connection, ledger: str, index: int, which: ColumnElement[bool]) -> tuple[str, ...]:
    found = read_disclosures(connection, ledger, disclosures.c.idx == index, which)
    return tuple(item.text for item in found if item.text is not None)
