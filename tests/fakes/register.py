"""A log in memory in which every record is held against its type, judged by the real engine, and kept with its verdict.

`at("2026-03-04 09:12")` is a time at the site (Asia/Shanghai).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from evidence.encoding import format_time
from evidence.records.catalogue import Catalogue, load_catalogue
from evidence.records.deadlines import Deadline, deadlines_of
from evidence.records.facts import Fact, MemoryFacts
from evidence.records.judgement import Judgement, Outcome
from evidence.records.predicates import predicates
from evidence.records.predicates.scope import Scope
from evidence.records.rules.engine import RuleEngine
from evidence.records.schema import validate

SITE_ZONE = ZoneInfo("Asia/Shanghai")
_ROLES = {
    "training_record": "hr", "credential": "hr", "role_appointment": "site_head", "calibration_record": "laboratory",
    "equipment": "safety_officer", "contractor_admission": "safety_officer",
}  # fmt: skip


@cache
def catalogue() -> Catalogue:
    """The shipped catalogue, read once."""
    return load_catalogue()


@cache
def engine() -> RuleEngine:
    """An engine over the shipped catalogue."""
    return RuleEngine(catalogue())


def at(local: str) -> datetime:
    """An instant from a local time at the site: `2026-03-04 09:12`, seconds and fractions allowed."""
    return datetime.fromisoformat(local).replace(tzinfo=SITE_ZONE).astimezone(UTC)


def utc(local: str) -> str:
    """The same as text, for payloads."""
    return format_time(at(local))


class Register:
    """Records in log order."""

    def __init__(self) -> None:
        self.facts = MemoryFacts()
        self.index = 0

    def record(
        self, record_type: str, subject: str, when: str, payload: dict[str, Any], **claims: Any
    ) -> Judgement:  # fmt: skip
        """Judge a record that occurred at a local time, and add it; `claims`: role, supersedes, channel, kid, …"""
        whole = {"subject": subject, "site": "SH-1", **payload}
        validate(catalogue().types[record_type], whole)
        fact = self.fact(record_type, subject, when, whole, **claims)
        judgement = engine().judge(fact, self.facts)
        self.keep(fact, judgement)
        return judgement

    def fact(self, record_type: str, subject: str, when: str, payload: dict[str, Any], **claims: Any) -> Fact:
        """A fact as the next entry of the log; not added."""
        occurred = at(when)
        given = {"channel": "web", "kid": "key-1", "received_at": occurred + timedelta(seconds=2), **claims}
        if given.get("role") is None:
            given["role"] = _ROLES.get(record_type, "safety_officer")
        version = catalogue().types[record_type].version
        return Fact(
            index=self.index, record_id=f"r-{self.index}", type=record_type, version=version, subject=subject,
            occurred_at=occurred, payload=payload, **given,
        )  # fmt: skip

    def keep(self, fact: Fact, judgement: Judgement | None = None) -> Fact:
        """Add a fact, with what a judgement froze where there is one."""
        if judgement is not None:
            fact = replace(fact, blocked=judgement.blocked(), step=judgement.step)
        links = [link.subject for link in catalogue().types[fact.type].links(fact.payload)]
        self.facts.add(fact, links)
        self.index += 1
        return fact

    @property
    def last(self) -> str:
        """The id of the newest record."""
        return f"r-{self.index - 1}"

    def ask(self, name: str, *arguments: Any, when: str = "2026-03-04 09:12") -> tuple[bool, tuple[str, ...]]:
        """A predicate's answer and its reasons, asked from the end of the log."""
        scope = self.scope(when)
        answer = predicates()[name](scope, *arguments)
        return bool(answer), tuple(scope.reasons)

    def scope(self, when: str = "2026-03-04 09:12") -> Scope:
        """A scope from which predicates can be asked, at the end of the log."""
        probe = self.fact("evidence_package", "package/probe", when, {})
        return engine().scope(probe, self.facts)

    def deadlines(self, record_type: str, subject: str, now: str) -> dict[str, Deadline]:
        """The newest clock of each deadline of a subject."""
        whole = catalogue()
        stream = self.facts.about(subject)
        found = deadlines_of(
            whole.types[record_type], stream, at(now), whole.tables, whole.zone, engine().guard(self.facts)
        )
        return {item.id: item for item in found}


def failed(judgement: Judgement) -> dict[str, str]:
    """Rule and reason of every rule that failed or could not be decided, marks included."""
    against = (Outcome.FAIL, Outcome.UNKNOWN)
    return {item.rule: item.reason for item in judgement.results if item.outcome in against}


def passes(judgement: Judgement, rule: str) -> bool:
    """Whether a rule applied and passed."""
    result = judgement.result(rule)
    return result is not None and result.outcome is Outcome.PASS
