"""What a domain predicate works with.

The facts known, the instant it judges, the tables in force, and where it notes which entries were decisive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from evidence.canonical import Json
from evidence.records.facts import Fact, Facts
from evidence.records.table import Tables

Predicate = Callable[..., Any]
"""Called as `predicate(scope, *arguments)`; the arguments come from CEL: text, whole numbers, booleans, datetimes,
lists and maps. Returns a CEL value."""


class Undecidable(Exception):
    """A predicate cannot decide from what is known (a fact is erased or withheld). The rule's outcome is `unknown`.

    The message is a reason code such as `erased`, never a value.
    """


@dataclass
class Scope:
    """One record being judged."""

    candidate: Fact
    """The record itself; its index is the horizon: `facts` holds only earlier entries."""
    facts: Facts
    tables: Tables
    zone: ZoneInfo
    """Time zone of the site: a certificate is valid to the end of the day *there*."""
    inputs: set[int] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)
    memo: dict[Any, Any] = field(default_factory=dict)
    """What one rule worked out and the next need not: one mapping for all rules of one judgement."""
    position: Callable[[str, str], tuple[str, Fact | None]] | None = None
    """Given by the engine: state of a subject by the lifecycle of a record type (empty: that of its kind), as of the
    horizon, and the record that brought it. Use `state_of`."""

    @property
    def at(self) -> datetime:
        """The instant that is judged."""
        return self.candidate.occurred_at

    def use(self, fact: Fact) -> Fact:
        """Note that the fact was decisive, and return it."""
        self.inputs.add(fact.index)
        return fact

    def because(self, reason: str) -> bool:
        """Note why the answer is no, and return False: `return scope.because("expired")`."""
        self.reasons.append(reason)
        return False

    def state_of(self, subject: str, record_type: str = "") -> str:
        """The lifecycle state of a subject before the judged record; `""` for one that is not open.

        Notes the record that brought it. Raises `Undecidable` for a subject whose kind has no lifecycle.
        """
        if self.position is None:
            raise Undecidable("no_lifecycle")
        state, fact = self.position(subject, record_type)
        if fact is not None:
            self.use(fact)
        return state

    def table(self, table_id: str, at: datetime | None = None) -> Mapping[str, Json]:
        """The values of a table in force at an instant (the judged one by default). Raises `Undecidable`."""
        moment = at or self.at
        key = ("table", table_id, moment)
        found: Mapping[str, Json] | None = self.memo.get(key)
        if found is None:
            try:
                found = self.memo[key] = self.tables.at(table_id, self.local_day(moment)).values
            except KeyError:
                raise Undecidable("no_table") from None
        return found

    def local_day(self, at: datetime) -> date:
        """The calendar day of an instant at the site."""
        return at.astimezone(self.zone).date()
