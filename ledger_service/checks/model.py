"""Which questions can be asked, and what an answer is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Check:
    """A question: the predicate that answers it, and what it is asked with, in order.

    With `takes_at` the predicate takes the instant after its first arguments and before the `optional` ones; all of
    them see it as the judged instant anyway. `stated` are facts that the asker states itself, such as a certificate.
    """

    predicate: str
    arguments: tuple[str, ...]
    optional: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    takes_at: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Every argument by name, in the order in which the command line takes them."""
        return (*self.arguments, *self.optional, *self.stated)


CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "admitted": Check("admitted", ("contractor",)),
        "competent": Check("competent", ("person", "post")),
        "entry_allowed": Check("entry_allowed", ("person", "contractor")),
        "fit_for_post": Check("fit_for_post", ("person", "post")),
        "in_calibration": Check("in_calibration", ("equipment",), ("use",)),
        "in_service": Check("in_service_at", ("equipment",)),
        "permit_active": Check("permit_active", ("place",), ("kind",)),
        "risk_current": Check("risk_current", ("risk",)),
        "sds_compatible": Check(
            "sds_compatible", ("previous", "product"), stated=("cleaning_certificate_no",), takes_at=False
        ),
        "segregated": Check("segregated", ("one", "other"), takes_at=False),
        "usable": Check("usable", ("equipment",)),
    }
)
"""By name. `permit_active` is asked of `area/<id>` or `bay/<id>`, `risk_current` of `risk/<id>`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`answer` None: it cannot be decided from what is known; never read it as a yes.

    `reason` is a code, with its words in Chinese and English; empty for a yes, and where there is nothing to say.
    """

    check: str
    answer: bool | None
    reason: str
    words: tuple[str, str]
    inputs: tuple[int, ...]
    """Log indices of the decisive entries, ascending."""
    at: datetime
    known: int
    """The entries below this index were known."""
    tables: str
    """Digest of the tables in force, as in judgements."""
