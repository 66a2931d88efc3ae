"""LO10: an operation's record counts as complete only once every entry of it lies under a final anchor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evidence.records.facts import Fact
from evidence.records.loading.course import Course
from evidence.records.loading.graph import StepGraph


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether the record of an operation is whole; `reason` is a code, empty where it is complete."""

    complete: bool
    reason: str = ""
    unanchored: tuple[int, ...] = ()
    """Log indices not yet covered by a final anchor."""


def completeness(stream: Sequence[Fact], final_size: int, graph: StepGraph) -> Completeness:
    """LO10 for the stream of one operation, oldest first.

    `final_size` is the tree size of the newest anchor that is final; 0 where there is none.
    """
    course = Course(graph)
    for fact in stream:
        course.follow(fact)
    if course.state != "completed":
        return Completeness(False, "not_completed")
    open_entries = tuple(fact.index for fact in stream if fact.index >= final_size)
    return Completeness(False, "not_anchored", open_entries) if open_entries else Completeness(True)
