"""Late knowledge: what was known of an instant when a record came in, and what is known of it today.

A record may say something about the past: it was kept offline, replaces an earlier one, or states since when it counts.
Judging an earlier record again "as of its own instant" means: with everything that the log held below it, and with
those later entries that speak of that instant.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from evidence.encoding import parse_time
from evidence.errors import Malformed
from evidence.records.facts import Fact, Facts
from evidence.records.judgement import Judgement, RuleResult

SINCE_FIELDS: Final = (
    "effective_at", "effective_from", "withdrawn_from", "withdrawn_on", "revoked_at", "verified_at", "reviewed_on",
    "valid_from",
)  # fmt: skip
"""Payload fields that say from when a record counts; a date begins with its day at the site."""


def counts_since(fact: Fact, zone: ZoneInfo) -> datetime:
    """The earliest instant of which the record says something: when it happened, or from when it counts."""
    stated = (_instant(fact.payload.get(name), zone) for name in SINCE_FIELDS)
    return min((item for item in stated if item is not None and item < fact.occurred_at), default=fact.occurred_at)


def _instant(value: object, zone: ZoneInfo) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        if len(value) == len("2026-01-01"):
            return datetime.combine(date.fromisoformat(value), time(), zone).astimezone(UTC)
        return parse_time(value)
    except (Malformed, ValueError, OverflowError):
        return None


@dataclass
class LateFacts:
    """Implements `Facts` for judging `candidate` again: what was known then, and later entries about its instant."""

    facts: Facts
    candidate: Fact
    zone: ZoneInfo
    _kept: dict[tuple[str, str], Sequence[Fact]] = field(default_factory=dict)

    def about(self, subject: str) -> Sequence[Fact]:
        """The stream of a subject; that of the candidate itself as it happened, if something came late."""
        key = subject, ""
        if key not in self._kept:
            kept = self._known(self.facts.about(subject))
            if subject == self.candidate.subject and kept and kept[-1].index > self.candidate.index:
                # The moves that were frozen on the way did not know of the late one: the course is worked out again.
                kept = [replace(fact, step=None) for fact in sorted(kept, key=lambda item: item.occurred_at)]
            self._kept[key] = kept
        return self._kept[key]

    def mentioning(self, subject: str, record_type: str) -> Sequence[Fact]:
        """Records of one type that refer to the subject."""
        key = subject, record_type
        if key not in self._kept:
            self._kept[key] = self._known(self.facts.mentioning(subject, record_type))
        return self._kept[key]

    def _known(self, found: Sequence[Fact]) -> list[Fact]:
        kept: list[Fact] = []
        ids: set[str] = set()
        for fact in found:
            if fact.index < self.candidate.index or (fact.index > self.candidate.index and self._speaks(fact, ids)):
                kept.append(fact)
                ids.add(fact.record_id)
        return kept

    def _speaks(self, fact: Fact, known: Collection[str]) -> bool:
        """Whether a later fact is about the candidate's instant, or corrects one that is."""
        return fact.supersedes in known or counts_since(fact, self.zone) <= self.candidate.occurred_at


@dataclass(frozen=True, slots=True)
class KnownThen:
    """Implements `Facts`: what the log held below the candidate."""

    facts: Facts
    below: int

    def about(self, subject: str) -> Sequence[Fact]:
        """The stream of a subject."""
        return [fact for fact in self.facts.about(subject) if fact.index < self.below]

    def mentioning(self, subject: str, record_type: str) -> Sequence[Fact]:
        """Records of one type that refer to the subject."""
        return [fact for fact in self.facts.mentioning(subject, record_type) if fact.index < self.below]


def changed_rules(before: Judgement, after: Judgement) -> tuple[str, ...]:
    """Ids of the rules whose outcome, severity or reason is another, in order."""
    one, other = _outcomes(before), _outcomes(after)
    return tuple(sorted(rule for rule in one.keys() | other.keys() if one.get(rule) != other.get(rule)))


def _outcomes(judgement: Judgement) -> dict[str, tuple[str, str, str]]:
    return {item.rule: _outcome(item) for item in judgement.results}


def _outcome(item: RuleResult) -> tuple[str, str, str]:
    return str(item.outcome), str(item.severity), item.reason
