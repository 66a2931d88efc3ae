"""The facts below one log index: what a rule about the record at that index may know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evidence.records.facts import Fact, Facts


@dataclass(frozen=True, slots=True)
class Horizon:
    """`facts` without everything from `below` on, whatever the store behind it gives."""

    facts: Facts
    below: int

    def about(self, subject: str) -> Sequence[Fact]:
        """The stream of a subject, oldest first."""
        return self._cut(self.facts.about(subject))

    def mentioning(self, subject: str, record_type: str) -> Sequence[Fact]:
        """Records of one type that refer to the subject, oldest first."""
        return self._cut(self.facts.mentioning(subject, record_type))

    def _cut(self, found: Sequence[Fact]) -> Sequence[Fact]:
        # Facts come in log order, so the newest one tells whether any has to go.
        if not found or found[-1].index < self.below:
            return found
        return [fact for fact in found if fact.index < self.below]
