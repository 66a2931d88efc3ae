"""What an erasure would do and did. Nothing in here repeats a payload value: it may be shown, logged and kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class Why(StrEnum):
    """Why something about the person stays. It may be stored and protected, nothing else (PIPL 47)."""

    LEGAL_HOLD = "legal_hold"
    STATUTORY_PERIOD = "statutory_period"
    SIGNING_KEY = "signing_key"
    """A key event: what the key signed about others could not be verified without it."""
    PROOF = "proof"
    """A record kept for good as a proof: an erasure, a hold, a package."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """Disclosures of one entry that are destroyed, by field; the judgement on it stands under `rule_results`."""

    index: int
    record_id: str
    record_type: str
    fields: tuple[str, ...]
    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry that speaks of the person and stays. `until` is the last day of its period, None where none is known."""

    index: int
    record_id: str
    record_type: str
    fields: tuple[str, ...]
    why: Why
    until: date | None
    source: str


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What an erasure would destroy and what stays, as of `size` entries."""

    ledger: str
    stream: str
    """The person, blinded."""
    size: int
    erase: tuple[Doomed, ...]
    kept: tuple[Kept, ...]
    blobs: tuple[str, ...]
    """SHA-256 of attachments that nothing else refers to: their files are deleted."""
    shared_blobs: tuple[str, ...]
    """Attachments of erased fields that stay, because other records refer to them."""
    keys: tuple[int, ...]
    """Data keys under which nothing is left then: they are destroyed."""
    searched: int
    """Disclosures that were looked into."""
    terms: tuple[int, ...]
    """For each text searched for, the number of entries that contain it."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to erase."""
        return not (self.erase or self.keys)

    @property
    def disclosures(self) -> int:
        """How many disclosures would go."""
        return sum(len(item.digests) for item in self.erase)

    def to_json(self) -> dict[str, Any]:
        """JSON value for `--json` and the API."""
        value = asdict(self)
        value["kept"] = [asdict(item) | {"until": item.until and item.until.isoformat()} for item in self.kept]
        return value | {"disclosures": self.disclosures, "nothing_left": self.is_empty}


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done: the erasure entries, and what is gone."""

    indices: tuple[int, ...]
    entries: int
    disclosures: int
    blobs: int
    keys: int
    log_truncated: bool
    """Whether the database's write-ahead log was emptied; if not, the next checkpoint or start does it."""

    def to_json(self) -> dict[str, Any]:
        """JSON value for `--json` and the API."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold that is in force: its subject, what it is about, on what ground, and the last day, None for open."""

    subject: str
    scope: str
    basis: str
    until: date | None
    index: int

    def to_json(self) -> dict[str, Any]:
        """JSON value for `--json` and the API."""
        return asdict(self) | {"until": self.until and self.until.isoformat()}
