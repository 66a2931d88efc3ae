"""Reading disclosures: the one place where rows of `disclosures` become text again.

A disclosure whose key was destroyed reads as erased, whatever is still stored of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select

from ledger_service.models import disclosures
from ledger_service.models.privacy import data_keys
from ledger_service.privacy.data_keys import DataKey
from ledger_service.privacy.vault import Sealed, Vault, vault_of


@dataclass(frozen=True, slots=True)
class Opened:
    """A disclosure; `text` is None once erased, and `erased_by` the index of the erasure that ordered it."""

    index: int
    position: int
    digest: str
    text: str | None
    erased_by: int | None
    key_no: int


_JOINED = disclosures.outerjoin(
    data_keys, and_(data_keys.c.ledger == disclosures.c.ledger, data_keys.c.key_no == disclosures.c.key_no)
)
_COLUMNS = select(
    disclosures.c.ledger,
    disclosures.c.idx,
    disclosures.c.position,
    disclosures.c.digest,
    disclosures.c.sealed,
    disclosures.c.erased_by_idx,
    disclosures.c.key_no,
    data_keys.c.holder,
    data_keys.c.master,
    data_keys.c.wrapped,
    data_keys.c.created_idx,
    data_keys.c.destroyed_by_idx,
).select_from(_JOINED)


def stored_disclosures(*where: ColumnElement[bool]) -> Select[Any]:
    """Rows with their keys, by index and position."""
    return _COLUMNS.where(*where).order_by(disclosures.c.idx, disclosures.c.position)


def read_disclosures(connection: Connection, ledger: str, *where: ColumnElement[bool]) -> Iterator[Opened]:
    """The disclosures of `ledger` that fit, by index and position. Raises SealBroken and what the master key raises."""
    vault = vault_of(connection)
    for row in connection.execute(stored_disclosures(disclosures.c.ledger == ledger, *where)):
        yield opened(vault, row)


def opened(vault: Vault, row: Any) -> Opened:
    """One row of `stored_disclosures`."""
    ledger, index, position, digest, sealed, erased_by, number, holder, master, wrapped, created, destroyed_by = row
    if sealed is None or wrapped is None:
        # Of two orders the first counts; the later one found nothing left.
        by = destroyed_by if erased_by is None else erased_by
        return Opened(index, position, digest, None, by, number)
    key = DataKey(ledger, number, holder, master, wrapped, created)
    text = vault.open(Sealed(ledger, index, position, digest, sealed, key))
    return Opened(index, position, digest, text, erased_by, number)
