"""The values of a data-health report. None of them holds a payload value: sources, codes, counts and log indices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from evidence.encoding import format_time

MAX_EXAMPLES: Final = 10
LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "sequence_gap": ("序号缺失", "Numbers missing in the source's own sequence"),
    "pause": ("更新间断", "Pauses longer than the source's cadence"),
    "missing_field": ("缺少应填字段", "Records without a field that their type or event needs"),
    "late": ("迟报", "Records that came later than the source may be late"),
    "same_content": ("内容重复", "The same content recorded again"),
    "same_reference": ("来源编号重复", "One source reference with different content"),
    "same_name": ("业务编号冲突", "Two subjects with the values that should name one thing"),
    "contradiction": ("内容矛盾", "Different values stated of one thing"),
    "overlap": ("时段重叠", "Times that one subject cannot spend twice"),
    "silent": ("来源停更", "Sources silent for longer than their cadence"),
    "orphan": ("引用无记录", "References to subjects that have no record"),
}
"""Every code with its words in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One record as the report looks at it. `payload` has the fields still disclosed."""

    index: int
    record_id: str
    type: str
    source: str
    kid: str
    occurred_at: datetime
    received_at: datetime
    payload: Mapping[str, Any]
    erased: bool
    """Whether some field is no longer disclosed: then a missing one proves nothing."""
    counter: int | None = None
    superseded: bool = False
    """A later record replaces this one: what it states counts no more, when it came still does."""
    references: tuple[str, ...] = ()
    """Subjects that the record points at and that have no record in the ledger."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """How late a source's records may be, and how long it may be silent."""

    late_after: timedelta
    silent_after: timedelta


@dataclass(frozen=True, slots=True)
class Finding:
    """`n` cases of one kind; `examples` are log indices of the first ten of them."""

    code: str
    n: int
    examples: tuple[int, ...]

    def to_value(self) -> dict[str, Any]:
        """As JSON."""
        return {"code": self.code, "n": self.n, "examples": list(self.examples)}


@dataclass(frozen=True)
class SourceHealth:
    """One source in the period."""

    source: str
    records: int
    first: datetime
    last: datetime
    delay_minutes: Mapping[str, int]
    """From occurrence to receipt: p50, p90, p99, max, whole minutes."""
    unjudged: int
    """Records with erased fields: what of them is missing or contradictory cannot be told any more."""
    findings: tuple[Finding, ...]

    def to_value(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "source": self.source,
            "records": self.records,
            "first": format_time(self.first),
            "last": format_time(self.last),
            "delay_minutes": dict(self.delay_minutes),
            "unjudged": self.unjudged,
            "findings": [finding.to_value() for finding in self.findings],
        }


@dataclass(frozen=True)
class HealthReport:
    """The report on a ledger. `begin` and `end` bound `occurred_at`, None is open; `made_at` is when it was made."""

    ledger: str
    made_at: datetime
    begin: datetime | None
    end: datetime | None
    records: int
    size: int
    """Entries of the log that the report knows."""
    sources: tuple[SourceHealth, ...] = ()

    def to_value(self) -> dict[str, Any]:
        """As JSON, with the words for the codes that occur."""
        codes = dict.fromkeys(finding.code for source in self.sources for finding in source.findings)
        return {
            "ledger": self.ledger,
            "made_at": format_time(self.made_at),
            "from": None if self.begin is None else format_time(self.begin),
            "to": None if self.end is None else format_time(self.end),
            "records": self.records,
            "size": self.size,
            "labels": {code: {"zh": LABELS[code][0], "en": LABELS[code][1]} for code in codes},
            "sources": [source.to_value() for source in self.sources],
        }
