"""How long records must be kept at least: by the class of their type and the table `retention`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from evidence.records import Catalogue
from evidence.records.durations import add_months

TABLE = "retention"
PERMANENT = "permanent"
OWN_CHOICE = frozenset({"site policy", "two certification cycles"})
"""Sources that are a decision of the site: they do not stand against a request to erase."""
_PERIOD = re.compile(r"P([0-9]{1,4})([YMD])")


@dataclass(frozen=True, slots=True)
class Period:
    """`minimum` is ISO 8601 or `permanent`; it runs from the record, or at least from the last one of its stream."""

    name: str
    minimum: str
    after: str
    source: str

    @property
    def is_statutory(self) -> bool:
        """Whether a law demands it. What is kept for good as a proof counts as such."""
        return self.minimum == PERMANENT or self.source not in OWN_CHOICE

    def until(self, occurred: date, newest: date) -> date | None:
        """The last day on which the record must be there; None for good.

        What runs from an end that no record states (of employment, of a device's life) runs at least from the newest
        record of the stream.
        """
        if self.minimum == PERMANENT:
            return None
        begin = occurred if self.after == "record" else newest
        found = _PERIOD.fullmatch(self.minimum)
        if found is None:
            return None  # Unreadable: better kept too long than lost.
        count, unit = int(found[1]), found[2]
        if unit == "D":
            return date.fromordinal(begin.toordinal() + count)
        return add_months(begin, count * (12 if unit == "Y" else 1))


def periods(catalogue: Catalogue, day: date) -> Mapping[str, Period]:
    """The period of every type's records, by type, as of `day`; a class that the table lacks is kept for good."""
    try:
        values: Mapping[str, Any] = catalogue.tables.at(TABLE, day).values
    except KeyError:
        values = {}
    found = {}
    for name, record_type in catalogue.types.items():
        row = values.get(record_type.retention_class) or {
            "minimum": PERMANENT,
            "after": "record",
            "source": "the class is not in the table",
        }
        found[name] = Period(record_type.retention_class, row["minimum"], row["after"], row["source"])
    return found
