"""Queries for data keys: one live key for each holder, destroyed ones beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from ledger_service.models.privacy import data_keys

CHUNK = 500
"""Values in one IN list: every database takes that many."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A live data key as it is stored."""

    ledger: str
    number: int
    holder: str
    master: str
    wrapped: bytes
    created_idx: int

    @property
    def context(self) -> bytes:
        """What the wrapping is bound to: a wrapped key put into another row does not open."""
        return f"safety-ledger/data-key/v1\n{self.ledger}\n{self.number}\n{self.holder}".encode()


class StoredKey(NamedTuple):
    """A key, None once it was destroyed, and the erasure entry that ordered that."""

    key: DataKey | None
    destroyed_by: int | None


_COLUMNS = [data_keys.c[name] for name in ("ledger", "key_no", "holder", "master", "wrapped", "created_idx")]
_LIVE = select(*_COLUMNS).where(data_keys.c.wrapped.is_not(None))
_ALL = select(*_COLUMNS, data_keys.c.destroyed_by_idx)


def live(connection: Connection, ledger: str, holders: Iterable[str]) -> dict[str, DataKey]:
    """The live keys of these holders; who has none is missing."""
    wanted = sorted(set(holders))
    found: dict[str, DataKey] = {}
    for begin in range(0, len(wanted), CHUNK):
        here = (data_keys.c.ledger == ledger, data_keys.c.holder.in_(wanted[begin : begin + CHUNK]))
        for row in connection.execute(_LIVE.where(*here)):
            found[row.holder] = DataKey(*row)
    return found


def numbered(connection: Connection, ledger: str, numbers: Iterable[int]) -> dict[int, StoredKey]:
    """The keys of these numbers, live or destroyed; a number that no key has is missing."""
    wanted = sorted(set(numbers))
    found: dict[int, StoredKey] = {}
    for begin in range(0, len(wanted), CHUNK):
        here = (data_keys.c.ledger == ledger, data_keys.c.key_no.in_(wanted[begin : begin + CHUNK]))
        for row in connection.execute(_ALL.where(*here)):
            *columns, destroyed_by = row
            key = None if row.wrapped is None else DataKey(*columns)
            found[row.key_no] = StoredKey(key, destroyed_by)
    return found


def numbers(connection: Connection, ledger: str) -> list[int]:
    """The number of every key of the ledger."""
    query = select(data_keys.c.key_no).where(data_keys.c.ledger == ledger)
    return [int(number) for number in connection.execute(query).scalars()]


def all_live(connection: Connection) -> Iterator[DataKey]:
    """Every live key of every ledger, in order."""
    for row in connection.execute(_LIVE.order_by(data_keys.c.ledger, data_keys.c.key_no)).all():
        yield DataKey(*row)


def any_live(connection: Connection) -> DataKey | None:
    """Some live key of some ledger: whether the master key is the right one can be tried on it."""
    row = connection.execute(_LIVE.limit(1)).first()
    return None if row is None else DataKey(*row)


def next_number(connection: Connection, ledger: str) -> int:
    """The number after the highest one, 1 for the first."""
    highest = connection.execute(select(func.max(data_keys.c.key_no)).where(data_keys.c.ledger == ledger)).scalar()
    return 1 if highest is None else int(highest) + 1


def add(connection: Connection, keys: Iterable[DataKey]) -> None:
    """Write new keys."""
    connection.execute(insert(data_keys), [_row(key) for key in keys])


def rewrap(connection: Connection, key: DataKey, master: str, wrapped: bytes) -> None:
    """The same key, wrapped by another master key."""
    here = (data_keys.c.ledger == key.ledger) & (data_keys.c.key_no == key.number)
    connection.execute(update(data_keys).where(here).values(_row(key) | {"master": master, "wrapped": wrapped}))


def destroy(connection: Connection, key: DataKey, erasure_idx: int) -> None:
    """What was sealed under the key can never be opened again."""
    here = (data_keys.c.ledger == key.ledger) & (data_keys.c.key_no == key.number)
    gone = {"master": None, "wrapped": None, "destroyed_by_idx": erasure_idx}
    connection.execute(update(data_keys).where(here).values(_row(key) | gone))


def _row(key: DataKey) -> dict[str, object]:
    return {
        "ledger": key.ledger,
        "key_no": key.number,
        "holder": key.holder,
        "master": key.master,
        "wrapped": key.wrapped,
        "created_idx": key.created_idx,
        "destroyed_by_idx": None,
    }
