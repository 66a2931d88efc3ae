"""Verification reports: numbered, named checks, each VALID, INVALID or UNKNOWN, and a verdict over them.

A verification function raises; `CheckList.run` catches the error in one place and records which answer it means.
A network or lookup failure is UNKNOWN, never INVALID, and the report never says "compliant".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from evidence.errors import EvidenceError, Undetermined

_T = TypeVar("_T")


class Outcome(StrEnum):
    """Answer of a check. UNKNOWN means that something outside the evidence is needed to answer."""

    VALID = "VALID"
    INVALID = "INVALID"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Check:
    """One numbered check and its answer."""

    number: int
    name: str
    outcome: Outcome
    reason: str
    """Stable reason code: `Proven`, `NotRun`, or the name of the error."""
    detail: str
    """One sentence for a person; no payload values."""
    required: bool = True
    """Whether an UNKNOWN here leaves the verdict UNKNOWN. An INVALID always counts."""

    def to_json(self) -> dict[str, Any]:
        """JSON value for `--json`."""
        return {
            "number": self.number, "name": self.name, "outcome": str(self.outcome), "reason": self.reason,
            "detail": self.detail, "required": self.required,
        }  # fmt: skip


def verdict_of(outcomes: Iterable[Outcome]) -> Outcome:
    """INVALID if any is INVALID, else UNKNOWN if any is UNKNOWN, else VALID."""
    seen = set(outcomes)
    return next((item for item in (Outcome.INVALID, Outcome.UNKNOWN) if item in seen), Outcome.VALID)


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked about one subject (a receipt, a folder, a log)."""

    subject: str
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Outcome:
        """Overall answer; a report without checks proves nothing and is UNKNOWN."""
        if not self.checks:
            return Outcome.UNKNOWN
        return verdict_of(check.outcome for check in self.checks if check.required or check.outcome is Outcome.INVALID)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that are not VALID, INVALID ones first."""
        return tuple(sorted((c for c in self.checks if c.outcome is not Outcome.VALID), key=lambda c: c.outcome))

    def to_json(self) -> dict[str, Any]:
        """JSON value for `--json`."""
        return {
            "subject": self.subject,
            "verdict": str(self.verdict),
            "checks": [check.to_json() for check in self.checks],
        }


@dataclass
class CheckList:
    """Collects the checks of one report in order."""

    subject: str
    _checks: list[Check] = field(default_factory=list)

    def run(self, name: str, action: Callable[[], _T], detail: str | Callable[[_T], str], required: bool = True) -> _T:
        """Run one check: record VALID with `detail`, or the error's answer and then raise `CheckStopped`."""
        try:
            result = action()
        except EvidenceError as error:
            outcome = Outcome.UNKNOWN if isinstance(error, Undetermined) else Outcome.INVALID
            self.add(name, outcome, error.reason, str(error), required)
            raise CheckStopped from error
        self.add(name, Outcome.VALID, "Proven", detail if isinstance(detail, str) else detail(result), required)
        return result

    def add(self, name: str, outcome: Outcome, reason: str, detail: str, required: bool = True) -> None:
        """Record an answer that was found elsewhere."""
        self._checks.append(Check(len(self._checks) + 1, name, outcome, reason, detail, required))

    def skip(self, names: Iterable[str], required: bool = True) -> None:
        """Record checks that an earlier answer kept from running: nothing is known about them."""
        for name in names:
            self.add(name, Outcome.UNKNOWN, "NotRun", "not run, because an earlier check did not pass", required)

    def report(self) -> Report:
        """The report so far."""
        return Report(self.subject, tuple(self._checks))


class CheckStopped(Exception):
    """A check did not pass; what depends on it cannot be answered. Never leaves the verification functions."""
