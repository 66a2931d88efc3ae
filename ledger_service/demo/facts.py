"""What a run of the demo found out: plain values, made by the steps, shown by `show`, written as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class SourceFact:
    """One export that was imported."""

    file: str
    record_type: str
    records: int
    created: int
    repeated: int
    rejected: int
    seconds: float


@dataclass(frozen=True)
class BatchFact:
    """One published and anchored checkpoint: the half-open range of entries that it added."""

    first: int
    size: int
    root: str
    anchor_seq: int
    anchor_state: str
    block: int
    block_hash: str
    transaction: str
    new: bool
    """Made in this run."""


@dataclass(frozen=True)
class CheckFact:
    """One offline verification of everything of a kind; `problem` is the first thing that is not VALID."""

    name: str
    subjects: int
    valid: int
    seconds: float
    problem: str = ""

    @property
    def passed(self) -> bool:
        return self.valid == self.subjects > 0


@dataclass(frozen=True)
class TamperFact:
    """One alteration on a copy: where, and what found it. `found_by` is empty if nothing did."""

    name: str
    place: str
    found_by: str


@dataclass
class DemoFacts:
    """Everything about one run."""

    run: int
    month: str
    ledger: str
    origin: str
    chain: str
    output: str
    data: str
    sources: list[SourceFact] = field(default_factory=list)
    batches: list[BatchFact] = field(default_factory=list)
    entries: int = 0
    streams: int = 0
    devices: int = 0
    attachments: int = 0
    receipts: int = 0
    redacted: int = 0
    checks: list[CheckFact] = field(default_factory=list)
    tampered: list[TamperFact] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether everything verified and every alteration was found."""
        rejected = sum(source.rejected for source in self.sources)
        checks, tampered = self.checks, self.tampered
        return (
            not rejected
            and bool(checks and tampered)
            and all(c.passed for c in checks)
            and all(t.found_by for t in tampered)
        )

    def to_json(self) -> dict[str, Any]:
        """JSON value for `--json`."""
        return {**asdict(self), "passed": self.passed}
