"""The values of judging, and the ports through which it sees the rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from evidence import rule_results
from evidence.encoding import b64url_encode
from evidence.records.facts import Fact, Facts
from evidence.records.judgement import Judgement

ENGINE_ERROR = "engine_error"
"""Reason of a result that no rule gave: the engine failed on this record. It is stored as not decided."""


class Engine(Protocol):
    """Judges one record by the rules of its type; pure."""

    def judge(self, candidate: Fact, facts: Facts) -> Judgement:
        """The judgement on `candidate`, knowing `facts`."""
        ...


@dataclass(frozen=True)
class Sealed:
    """A judgement with the disclosure that shows it."""

    judgement: Judgement
    disclosure: str

    @cached_property
    def digest(self) -> bytes:
        """What the entry commits to."""
        return rule_results.digest(self.disclosure)

    @property
    def digest_text(self) -> str:
        """The same as it stands in the entry and in the row of the disclosure."""
        return b64url_encode(self.digest)

    @property
    def inputs(self) -> tuple[int, ...]:
        """Indices of all entries that the judgement rests on, ascending."""
        return inputs_of(self.judgement)


def inputs_of(judgement: Judgement) -> tuple[int, ...]:
    """Indices of all entries that a judgement rests on, ascending."""
    return tuple(sorted({index for item in judgement.results for index in item.inputs}))


def failures_value(judgement: Judgement) -> dict[str, object]:
    """What a sender should see at once: the rules that failed or were not decided, the marks, and the state."""
    step = judgement.step
    return {
        "failed": [
            {
                "rule": item.rule,
                "outcome": str(item.outcome),
                "severity": str(item.severity),
                "reason": item.reason,
            }
            for item in judgement.results
            if item.outcome in ("fail", "unknown")
        ],
        "marks": list(judgement.marks),
        "state": None if step is None else step.to,
    }
