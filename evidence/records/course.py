"""The course of a subject: what its records tried, and what counted."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.records.facts import Fact
from evidence.records.lifecycle_definition import Event


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event was not accepted: the rule `LC1`, `LC2` or `LC3`, or empty for another hard rule, and a reason."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """One record's attempt to move its subject. `from_state` is `""` for a subject that was new."""

    fact: Fact
    event: str
    from_state: str
    to: str
    accepted: bool
    human: bool
    """It is a person's decision: the event says so, and no machine signed it."""
    corrects: bool = False
    """It replaces an earlier record of the stream (`supersedes`)."""


@dataclass(frozen=True, slots=True)
class Course:
    """What a subject went through, oldest first."""

    record_type: str
    state: str
    moves: tuple[Move, ...]
    final: bool

    @property
    def since(self) -> Move | None:
        """The move that brought the present state; None for a new subject."""
        return next((m for m in reversed(self.moves) if m.to == self.state and m.from_state != m.to), None)

    @property
    def accepted(self) -> tuple[Move, ...]:
        """The moves that counted."""
        return tuple(move for move in self.moves if move.accepted)

    @property
    def refused(self) -> tuple[Move, ...]:
        """The attempts that did not."""
        return tuple(move for move in self.moves if not move.accepted)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an event meets: where it starts, where it would lead, and what speaks against it."""

    event: str
    from_state: str
    to: str
    definition: Event | None
    refusal: Refusal | None = None
    corrects: Move | None = None
