"""The order rule of a loading, written as its definition reads: recursively, from the raw table, without any memory.

Every question is answered by going back over the whole record. Slow and obvious; for records in order of time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

AFTER_TRANSFER = {"stopped", "closing", "completed", "aborted"}
NO_STEP = {"held", "emergency_stopped", "completed", "aborted"}
CAN_BE_HELD = {"", "draft", "booked", "checking", "authorised", "transferring", "stopped", "closing", "resumed"}


@dataclass(frozen=True)
class Done:
    """A step with its result, or a resumption (`code` is `resume`), at a minute."""

    code: str
    minute: int
    passed: bool = True


class SlowOrder:
    """Judges each record of an operation by all records before it."""

    def __init__(self, records: Sequence[Done], steps: Mapping[str, Any], limits: Mapping[str, Any]) -> None:
        self.records, self.steps, self.limits = records, steps, limits
        self.missing = cache(self._missing)
        self.state = cache(self._state)
        self.phase = cache(self._phase)
        self.held_since = cache(self._held_since)

    def refused(self, n: int) -> set[tuple[str, bool]]:
        """The preconditions that record `n` lacks, and whether each is hard; `("", True)` for a closed operation."""
        row = self.steps[self.records[n].code]
        found = set(self.missing(n))
        if self.state(n) in NO_STEP and not row.get("shutdown") and not self.records[n].code.startswith("X"):
            found.add(("", True))
        return found

    def _missing(self, n: int) -> frozenset[tuple[str, bool]]:
        record = self.records[n]
        return frozenset(
            (edge["step"], edge["hard"])
            for edge in self.steps[record.code]["needs"]
            if not ("if" in edge and all(earlier.code != edge["if"] for earlier in self.records[:n]))
            if not self.fresh(edge, n)
        )

    def fresh(self, edge: Mapping[str, Any], n: int) -> bool:
        """The edge's step stands before record `n` and is not older than allowed."""
        if not self.stands(edge["step"], n):
            return False
        latest = max(i for i in range(n) if self.records[i].code == edge["step"])
        return "within" not in edge or (
            self.records[n].minute - self.records[latest].minute <= self.limits[edge["within"]]
        )

    def stands(self, code: str, n: int) -> bool:
        """Of the records before `n`, the last that says anything about `code` is a good one of it."""
        for i in reversed(range(n)):
            if self.records[i].code == code:
                return self.good(i)
            if self.undoes(i, code):
                return False
        return False

    def good(self, n: int) -> bool:
        """Record `n` passed in order."""
        return self.records[n].passed and not self.refused(n)

    def undoes(self, n: int, code: str) -> bool:
        """After record `n`, `code` no longer stands."""
        record = self.records[n]
        if record.code == "resume":
            held = self.state(n) == "held"
            long = held and record.minute - self.held_since(n) > self.limits["held_repeat_minutes"]
            return long and code in self.limits["repeat_after_break"] and self.phase(n) not in AFTER_TRANSFER
        counts = record.code.startswith("X") or self.good(n)
        return counts and code in self.steps[record.code].get("undoes", ())

    def _state(self, n: int) -> str:
        """The state before record `n`."""
        if n == 0:
            return ""
        before, record = self.state(n - 1), self.records[n - 1]
        if record.code == "resume":
            return "resumed" if before == "held" else before
        row = self.steps[record.code]
        if record.code.startswith("X") or self.good(n - 1):
            moves = row.get("moves", {"from": [], "to": ""})
            return moves["to"] if (before or "draft") in moves["from"] else before
        hard = any(is_hard for _, is_hard in self.refused(n - 1)) or (row["hard"] and not record.passed)
        return "held" if hard and before in CAN_BE_HELD else before

    def _phase(self, n: int) -> str:
        """The last state before record `n` that was neither a hold nor a resumption."""
        if n == 0:
            return ""
        state = self.state(n)
        return self.phase(n - 1) if state in ("held", "resumed") else state

    def _held_since(self, n: int) -> int:
        """The minute since when the operation is held before record `n`."""
        if self.state(n - 1) == "held":
            return self.held_since(n - 1)
        return self.records[n - 1].minute
