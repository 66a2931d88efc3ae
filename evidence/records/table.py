"""Tables: the numbers, lists and graphs that rules go by, as dated data with a source.

A table has a validity in time, so a rule about an instant goes by the edition that was valid then. A site may bring
its own edition of a table; it replaces the shipped one as a whole and its digest is what a judgement names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from evidence.canonical import Json, dumps
from evidence.encoding import b64url_encode
from evidence.hashing import sha256


@dataclass(frozen=True, eq=False)
class Table:
    """One edition of a table, valid from `valid_from` to `valid_to` inclusive; None is open."""

    id: str
    version: int
    labels: Mapping[str, str]
    source: str
    confidence: str
    """`v` stated by a source, `k` general knowledge, `c` sources conflict: k and c want the operator's confirmation."""
    valid_from: date | None
    valid_to: date | None
    values: Mapping[str, Json]
    data: Mapping[str, Json] = field(repr=False)
    """The whole file; the digest is taken over its canonical form."""

    def valid_on(self, day: date) -> bool:
        """Whether this edition is in force on `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the RFC 8785 form of `data`."""
        return sha256(dumps(dict(self.data)))


class Tables:
    """All editions of all tables of one site."""

    def __init__(self, editions: Iterable[Table]) -> None:
        self._editions: dict[str, list[Table]] = {}
        for table in editions:
            self._editions.setdefault(table.id, []).append(table)

    def at(self, table_id: str, day: date) -> Table:
        """The edition in force on `day`; of several the highest version. Raises `KeyError` where there is none."""
        fitting = [table for table in self._editions.get(table_id, ()) if table.valid_on(day)]
        if not fitting:
            raise KeyError(table_id)
        return max(fitting, key=lambda table: table.version)

    def editions(self) -> tuple[Table, ...]:
        """Every edition, by id and version."""
        return tuple(sorted((t for group in self._editions.values() for t in group), key=lambda t: (t.id, t.version)))

    @cached_property
    def digest(self) -> str:
        """Base64url SHA-256 over the digests of all editions in order: what a judgement names as `tables`."""
        return b64url_encode(sha256(b"".join(table.digest for table in self.editions())))
