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
    planted: int = 0
    """Rows that are faulty on purpose and have to be rejected."""


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


@dataclass(frozen=True)
class FaultFact:
    """One planted fault. `index` is the record that shows it, `judged_at` the entry that holds the judgement on it."""

    name: str
    subject: str
    step: str
    rule: str
    reason: str
    late: bool
    index: int
    judged_at: int
    state: str
    caught: bool
    """Whether that rule failed for that reason."""


@dataclass(frozen=True)
class LinkFact:
    """What a chain leads to: a neighbour, by which fields, and a record on it."""

    subject: str
    fields: str
    record_type: str
    index: int


@dataclass(frozen=True)
class ChainFact:
    """The evidence chain of one faulty loading."""

    subject: str
    state: str
    entries: list[int]
    sound: bool
    attachments: int
    links: list[LinkFact]


@dataclass(frozen=True)
class DeadlineFact:
    """Subjects that went past a deadline. `ahead`: they will have, if nobody answers."""

    deadline: str
    label_zh: str
    label_en: str
    breached: int
    met_late: int
    subject: str
    ahead: bool = False


@dataclass(frozen=True)
class HealthFact:
    """The data-health report in numbers."""

    records: int
    sources: int
    findings: dict[str, int]


@dataclass(frozen=True)
class ErasureFact:
    """The erasure of one worker: nothing here names him."""

    entries: list[int]
    disclosures: int
    kept: int
    ordered_by: list[int]
    files: list[str] = field(default_factory=list)
    """Files that still contain his name or number."""
    searched: int = 0
    said: int = 0
    """Receipts whose verification says so."""

    @property
    def clean(self) -> bool:
        return bool(self.entries and self.ordered_by and self.searched and self.said) and not self.files


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
    pack: str = ""
    sources: list[SourceFact] = field(default_factory=list)
    batches: list[BatchFact] = field(default_factory=list)
    entries: int = 0
    streams: int = 0
    devices: int = 0
    attachments: int = 0
    receipts: int = 0
    redacted: int = 0
    operations: int = 0
    faults: list[FaultFact] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    reconsidered: int = 0
    chain_of: ChainFact | None = None
    deadlines: list[DeadlineFact] = field(default_factory=list)
    health: HealthFact | None = None
    erasure: ErasureFact | None = None
    checks: list[CheckFact] = field(default_factory=list)
    tampered: list[TamperFact] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether everything verified, every fault and alteration was found, and nothing else was."""
        return (
            all(source.rejected == source.planted for source in self.sources)
            and bool(self.checks and self.tampered and self.faults)
            and all(check.passed for check in self.checks)
            and all(fault.caught for fault in self.faults)
            and not self.unexpected
            and self.chain_of is not None
            and self.chain_of.sound
            and self.erasure is not None
            and self.erasure.clean
            and all(item.found_by for item in self.tampered)
        )

    def to_json(self) -> dict[str, Any]:
        """JSON value for `--json`."""
        return {**asdict(self), "passed": self.passed}
