"""Reading disclosures: the one place where rows of `disclosures` become text again.

A disclosure whose key was destroyed reads as erased, whatever is still stored of it. Rows and keys are read apart and
put together here: many rows share a key, and a listing opens thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from ledger_service.models import disclosures
from ledger_service.privacy import data_keys
from ledger_service.privacy.data_keys import StoredKey
from ledger_service.privacy.vault import Cipher, Vault, vault_of


@dataclass(slots=True)  # Not frozen: thousands are made for a listing, and freezing triples what each costs.
class Opened:
    """A disclosure; `text` is None once erased, and `erased_by` the index of the erasure that ordered it."""

    index: int
    position: int
    digest: str
    text: str | None
    erased_by: int | None
    key_no: int


_COLUMNS = select(
    disclosures.c.idx,
    disclosures.c.position,
    disclosures.c.digest,
    disclosures.c.sealed,
    disclosures.c.erased_by_idx,
    disclosures.c.key_no,
)


def stored_disclosures(connection: Connection, ledger: str, *where: ColumnElement[bool]) -> Sequence[Any]:
    """Rows as they are stored, by index and position."""
    query = _COLUMNS.where(disclosures.c.ledger == ledger, *where)
    return connection.execute(query.order_by(disclosures.c.idx, disclosures.c.position)).all()


def read_disclosures(connection: Connection, ledger: str, *where: ColumnElement[bool]) -> Iterator[Opened]:
    """The disclosures of `ledger` that fit, by index and position. Raises SealBroken and what the master key raises."""
    rows = stored_disclosures(connection, ledger, *where)
    opener = Opener(connection, ledger, vault_of(connection), (row[5] for row in rows if row[3] is not None))
    return map(opener.open, rows)


class Opener:
    """Opens rows of one ledger, with the keys they need read once."""

    def __init__(self, connection: Connection, ledger: str, vault: Vault, numbers: Iterable[int]) -> None:
        self._vault = vault
        self._ledger = ledger
        self._keys = data_keys.numbered(connection, ledger, numbers)
        self._ciphers: dict[int, Cipher] = {}

    def open(self, row: Any) -> Opened:
        """One row of `stored_disclosures`. Raises SealBroken and what the master key raises."""
        index, position, digest, sealed, erased_by, number = row
        if sealed is None:
            return Opened(index, position, digest, None, erased_by, number)
        cipher = self._ciphers.get(number)
        if cipher is None:
            stored = self._keys.get(number) or StoredKey(None, None)
            if stored.key is None:
                by = stored.destroyed_by if erased_by is None else erased_by
                return Opened(index, position, digest, None, by, number)
            cipher = self._ciphers[number] = self._vault.cipher(stored.key)
        text = self._vault.open(cipher, self._ledger, index, position, digest, number, sealed)
        return Opened(index, position, digest, text, erased_by, number)

    @classmethod
    def of_all(cls, connection: Connection, ledger: str, vault: Vault) -> Opener:
        """With every key of the ledger."""
        return cls(connection, ledger, vault, data_keys.numbers(connection, ledger))

    def has_key(self, number: int) -> bool:
        """Whether there is a key of this number, and it was not destroyed."""
        return number in self._keys and self._keys[number].key is not None
