"""What a later record says of an earlier instant, and what is known of that instant today."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from evidence.records.facts import Fact, MemoryFacts
from evidence.records.judgement import Judgement, Outcome, RuleResult, Severity, Step
from evidence.records.late import KnownThen, LateFacts, changed_rules, counts_since

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def fact(index: int, subject: str = "person/A", hours: float = 0, **changes: Any) -> Fact:
    """A fact that happened `hours` after noon."""
    at = NOON + HOUR * hours
    made = Fact(index, f"r{index}", "note", 1, subject, at, at, "api", "k", changes.pop("payload", {}))
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, NOON),
        ({"effective_at": "2026-11-01T00:00:00Z"}, datetime(2026, 11, 1, tzinfo=UTC)),
        ({"effective_at": "2026-12-01T00:00:00Z"}, NOON),
        ({"valid_from": "2026-11-01"}, datetime(2026, 10, 31, 16, 0, tzinfo=UTC)),
        ({"valid_from": "2026-11-01", "withdrawn_from": "2026-10-01T00:00:00Z"}, datetime(2026, 10, 1, tzinfo=UTC)),
        ({"valid_from": "2026-13-41", "effective_at": "soon", "withdrawn_on": 7}, NOON),
        ({"valid_from": "0001-01-01", "remark": "2020-01-01"}, NOON),
    ],
)
def test_from_when_a_record_counts(payload: dict[str, Any], expected: datetime) -> None:
    assert counts_since(fact(1, payload=payload), ZONE) == expected


def known(*facts: Fact) -> MemoryFacts:
    memory = MemoryFacts()
    for item in facts:
        memory.add(item, ["person/B"])
    return memory


def indices(facts: Any) -> list[int]:
    return [item.index for item in facts]


def test_later_entries_are_known_where_they_speak_of_the_instant() -> None:
    candidate = fact(1, "operation/1")
    early, after = fact(0, hours=-5), fact(2, hours=1)
    late, since = fact(3, hours=-1), fact(4, hours=2, payload={"effective_at": "2026-11-02T03:00:00Z"})
    memory = known(early, candidate, after, late, since)
    facts = LateFacts(memory, candidate, ZONE)
    assert indices(facts.about("person/A")) == [0, 3, 4]
    assert indices(facts.mentioning("person/B", "note")) == [0, 3, 4]
    assert indices(KnownThen(memory, 1).about("person/A")) == [0]


def test_a_correction_of_a_known_entry_is_known_whenever_it_counts_from() -> None:
    candidate = fact(1, "operation/1")
    late, correction = fact(2, hours=-1), fact(3, hours=9, supersedes="r2")
    unrelated = fact(4, hours=9, supersedes="r9")
    facts = LateFacts(known(candidate, late, correction, unrelated), candidate, ZONE)
    assert indices(facts.about("person/A")) == [2, 3]


def test_the_candidates_own_stream_is_told_as_it_happened_without_frozen_moves() -> None:
    step = Step("go", "a", "b", True)
    first, candidate, late = fact(0, hours=-3, step=step), fact(1, step=step), fact(2, hours=-4, step=step)
    facts = LateFacts(known(first, candidate, late), candidate, ZONE).about("person/A")
    assert [(item.index, item.step) for item in facts] == [(2, None), (0, None)]
    alone = LateFacts(known(first, candidate), candidate, ZONE).about("person/A")
    assert [(item.index, item.step) for item in alone] == [(0, step)]


def test_rules_change_by_outcome_severity_or_reason_and_not_by_inputs() -> None:
    def judgement(*results: RuleResult) -> Judgement:
        return Judgement(NOON, 1, "1;sha-256=x", "t", results)

    a = RuleResult("A", 1, Outcome.PASS, Severity.HARD)
    b = RuleResult("B", 1, Outcome.FAIL, Severity.HARD, "late")
    assert changed_rules(judgement(a, b), judgement(replace(a, inputs=(0,)), b)) == ()
    assert changed_rules(judgement(a, b), judgement(b, replace(a, outcome=Outcome.UNKNOWN))) == ("A",)
    assert changed_rules(judgement(a, b), judgement(a, replace(b, reason="expired"))) == ("B",)
    assert changed_rules(judgement(a), judgement(b)) == ("A", "B")
