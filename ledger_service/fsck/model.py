"""What fsck finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy.exc import DBAPIError

from anchors.errors import AnchoringError
from evidence.errors import EvidenceError
from ledger_service.errors import ServiceError


class Severity(StrEnum):
    """ERROR: stored bytes are not what was promised. WARNING: nothing is wrong, somebody should tidy up or look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit. `detail` carries no payload values."""

    severity: Severity
    code: str
    """Stable word for programs."""
    where: str
    """The place: `entries[demo,17].leaf_hash`, or a path below the data folder."""
    detail: str

    def to_json(self) -> dict[str, str]:
        """JSON value for `--json`."""
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class FsckReport:
    """All findings, and how much was read to make them."""

    ledger: str
    findings: tuple[Finding, ...]
    entries: int
    files: int
    bytes_hashed: int

    @property
    def is_sound(self) -> bool:
        """Whether nothing stored is damaged; warnings do not count."""
        return not any(item.severity is Severity.ERROR for item in self.findings)


class Findings:
    """Collects findings of one run."""

    def __init__(self) -> None:
        self.items: list[Finding] = []
        self.entries = 0
        self.files = 0
        self.bytes_hashed = 0

    def error(self, code: str, where: str, detail: str) -> None:
        """Note damage."""
        self.items.append(Finding(Severity.ERROR, code, where, detail))

    def warning(self, code: str, where: str, detail: str) -> None:
        """Note something to tidy up."""
        self.items.append(Finding(Severity.WARNING, code, where, detail))

    def equal(self, code: str, where: str, stored: object, expected: object) -> None:
        """Note an error unless the stored value is the expected one. The values themselves stay out of the text."""
        if stored != expected:
            self.error(code, where, "is not what the rest of the data says")

    @contextmanager
    def guard(self, code: str, where: str) -> Iterator[None]:
        """Turn whatever damaged data makes a reader raise into a finding; the next check goes on."""
        try:
            yield
        except (EvidenceError, ServiceError, AnchoringError) as error:
            self.error(code, where, f"{type(error).__name__}: {error}"[:300])
        except (DBAPIError, OSError, ValueError, TypeError, KeyError, OverflowError) as error:
            # The driver's and the parser's texts may repeat stored values: only their kind is told.
            self.error(code, where, f"cannot be read ({type(error).__name__})")
