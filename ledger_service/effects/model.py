"""The values of effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from evidence.canonical import Json
from evidence.records import RecordType
from evidence.records.facts import Fact
from evidence.records.rule_definition import RuleDef
from ledger_service.judging.effects import PendingEffect

RECORD_TYPES: Mapping[str, str] = {
    "open_nonconformity": "nonconformity",
    "open_incident": "incident",
    "open_review": "action",
    "impact_review": "action",
}
"""The type of the record that an effect opens. `hold` opens none: it is a state of the subject."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that a rule failed on, with all that the record of its effect tells of it."""

    effect: PendingEffect
    fact: Fact
    record_type: RecordType
    rule: RuleDef
    stream: tuple[Fact, ...]
    """What was known about its subject when it was judged, the record itself last."""

    @property
    def own(self) -> str:
        """The judged record as a subject."""
        return f"record/{self.fact.record_id}"


@dataclass(frozen=True, slots=True)
class Opening:
    """A record to be made. `name` is what stays one thing while it is open; a second fault of it opens nothing."""

    record_type: str
    name: tuple[str, ...]
    payload: Mapping[str, Json]
    """Without `subject`: which one it is follows from the name and from what was closed before."""
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class EffectCounts:
    """What a run did. `covered`: the same thing was open already; `not_built`: something needed is erased or unfit."""

    opened: int = 0
    covered: int = 0
    not_built: int = 0

    def __add__(self, other: EffectCounts) -> EffectCounts:
        return EffectCounts(self.opened + other.opened, self.covered + other.covered, self.not_built + other.not_built)


class NotBuildable(Exception):
    """Nothing can be made of an effect. The message is a code such as `erased`, never a value."""
