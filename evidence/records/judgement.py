"""What the rules said about a record when it entered the log: rule, version, result, and the entries it rests on.

The ledger commits to a judgement in the entry itself (entry version 2), as a salted disclosure named `rule_results`:
fixed together with the record, provable beside it, and erasable like any other personal fact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final, TypeVar

from evidence.canonical import Json, require_object
from evidence.encoding import MAX_SAFE_INTEGER, format_time, parse_time
from evidence.errors import LimitExceeded, Malformed, UnsupportedVersion

VERSION: Final = 1
NAME: Final = "rule_results"
MAX_RESULTS: Final = 64
MAX_INPUTS: Final = 64
MAX_MARKS: Final = 16
_TEXT_LIMIT: Final = 80

_MEMBERS: Final = frozenset({"v", "at", "known", "rules", "tables", "results", "marks"})
_RESULT_MEMBERS: Final = frozenset({"rule", "version", "outcome", "severity", "reason", "inputs"})
_Enum = TypeVar("_Enum", bound=StrEnum)


class Outcome(StrEnum):
    """`unknown`: the rule could not be decided from what is known; never read it as a pass."""

    PASS = "pass"  # noqa: S105  # an outcome, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    OVERRIDDEN = "overridden"


class Severity(StrEnum):
    """`hard` blocks and has no override; `soft` can be overridden with a reason and a photo; `mark` only flags."""

    HARD = "hard"
    SOFT = "soft"
    MARK = "mark"


_AGAINST: Final = frozenset({Outcome.FAIL, Outcome.UNKNOWN})


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule that applied. `reason` is a code from the rule's data (`expired`, `no_record`), never a value."""

    rule: str
    version: int
    outcome: Outcome
    severity: Severity
    reason: str = ""
    inputs: tuple[int, ...] = ()
    """Log indices of the decisive entries, ascending."""


@dataclass(frozen=True, slots=True)
class Step:
    """The move in the subject's lifecycle.

    Where the event was not accepted `to` equals `from_state`, or is `held` where a failed rule holds the subject.
    """

    event: str
    from_state: str
    to: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judgement on one record as of `at`, knowing the entries below `known`.

    `rules` is the schema claim of the type version whose rules were applied; `tables` the digest of the tables used.
    """

    at: datetime
    known: int
    rules: str
    tables: str
    results: tuple[RuleResult, ...] = ()
    marks: tuple[str, ...] = ()
    """Flags that need no rule: `late`, `offline`, `superseding`, …"""
    step: Step | None = None

    def failed(self, severity: Severity | None = None) -> tuple[RuleResult, ...]:
        """The rules that failed, of one severity or of any."""
        return tuple(
            item
            for item in self.results
            if item.outcome is Outcome.FAIL and (severity is None or item.severity is severity)
        )

    def result(self, rule: str) -> RuleResult | None:
        """The result of a rule; None where it did not apply."""
        return next((item for item in self.results if item.rule == rule), None)

    def blocked(self) -> Severity | None:
        """What stands against the record: a hard rule failed or undecided, else a soft one failed and not overridden.

        Marks never block. Later records go by this instead of judging the earlier one again: it is frozen.
        """
        if any(item.severity is Severity.HARD and item.outcome in _AGAINST for item in self.results):
            return Severity.HARD
        return Severity.SOFT if self.failed(Severity.SOFT) else None

    def to_value(self) -> dict[str, Json]:
        """The JSON value that is committed to."""
        value: dict[str, Json] = {
            "v": VERSION,
            "at": format_time(self.at),
            "known": self.known,
            "rules": self.rules,
            "tables": self.tables,
            "results": [_result_value(item) for item in self.results],
            "marks": list(self.marks),
        }
        if self.step is not None:
            step = self.step
            value["step"] = {
                "event": step.event,
                "from": step.from_state,
                "to": step.to,
                "accepted": step.accepted,
            }
        return value


def parse_judgement(value: Any) -> Judgement:
    """A judgement from its JSON value. Raises `Malformed`, `UnsupportedVersion` or `LimitExceeded`."""
    if isinstance(value, dict) and (value.get("v") != VERSION or value["v"] is True):
        raise UnsupportedVersion(f"judgement version is {VERSION}")
    has_step = isinstance(value, dict) and "step" in value
    members = require_object(value, _MEMBERS | {"step"} if has_step else _MEMBERS)
    marks = _bounded_list(members["marks"], MAX_MARKS, "marks")
    return Judgement(
        at=parse_time(_text(members["at"])),
        known=_natural(members["known"]),
        rules=_text(members["rules"]),
        tables=_text(members["tables"]),
        results=tuple(_parse_result(item) for item in _bounded_list(members["results"], MAX_RESULTS, "results")),
        marks=tuple(_text(item) for item in marks),
        step=_parse_step(members["step"]) if "step" in members else None,
    )


def _result_value(item: RuleResult) -> dict[str, Json]:
    return {
        "rule": item.rule,
        "version": item.version,
        "outcome": str(item.outcome),
        "severity": str(item.severity),
        "reason": item.reason,
        "inputs": list(item.inputs),
    }


def _parse_result(value: Any) -> RuleResult:
    members = require_object(value, _RESULT_MEMBERS)
    inputs = tuple(_natural(item) for item in _bounded_list(members["inputs"], MAX_INPUTS, "inputs"))
    if len(inputs) > 1 and any(later <= earlier for earlier, later in pairwise(inputs)):
        raise Malformed("a rule result's inputs are ascending")
    return RuleResult(
        rule=_text(members["rule"]),
        version=_natural(members["version"]),
        outcome=_member(Outcome, members["outcome"]),
        severity=_member(Severity, members["severity"]),
        reason=_text(members["reason"]),
        inputs=inputs,
    )


def _parse_step(value: Any) -> Step:
    members = require_object(value, frozenset({"event", "from", "to", "accepted"}))
    if type(members["accepted"]) is not bool:
        raise Malformed("a step's accepted is true or false")
    return Step(_text(members["event"]), _text(members["from"]), _text(members["to"]), members["accepted"])


def _member(kind: type[_Enum], value: Any) -> _Enum:
    try:
        return kind(_text(value))
    except ValueError as error:
        raise Malformed(f"a judgement's {kind.__name__.lower()} is one of {', '.join(kind)}") from error


def _bounded_list(value: Any, limit: int, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed(f"a judgement's {name} are a list")
    if len(value) > limit:
        raise LimitExceeded(f"more than {limit} {name} in a judgement")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_LIMIT:
        raise Malformed("a judgement's texts are short strings")
    return value


def _natural(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MAX_SAFE_INTEGER:
        raise Malformed("a judgement's numbers are natural")
    return value
