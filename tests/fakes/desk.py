"""A site office in memory: records of any type, held against their types and judged in turn, as the log would.

desk = Desk()
judgement = desk.record("hazard_report", "hazard/H-1", event="submit", attachments=[photo("photo_before")], …)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from evidence.encoding import format_time
from evidence.records.catalogue import Catalogue, load_catalogue
from evidence.records.deadlines import Deadline, deadlines_of
from evidence.records.facts import Fact, MemoryFacts
from evidence.records.judgement import Judgement, Outcome
from evidence.records.lifecycle import display_state
from evidence.records.rules.engine import RuleEngine
from evidence.records.schema import validate

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # 08:00 at the site
TICK = timedelta(microseconds=1)


@cache
def catalogue() -> Catalogue:
    """The shipped catalogue, read once."""
    return load_catalogue()


@cache
def engine() -> RuleEngine:
    """An engine over the shipped catalogue."""
    return RuleEngine(catalogue())


def at(**after: float) -> str:
    """A time so long after the start, as payloads spell it."""
    return format_time(START + timedelta(**after))


def photo(role: str, content: str = "a1", captured_at: str | None = None, **more: Any) -> dict[str, Any]:
    """A picture with a role; two with other `content` have other bytes."""
    taken = {} if captured_at is None else {"captured_at": captured_at}
    return {
        "sha256": content * 32,
        "size": 9,
        "media_type": "image/jpeg",
        "name": "p.jpg",
        "role": role,
        **taken,
        **more,
    }


def failed(judgement: Judgement) -> dict[str, str]:
    """Rule → reason of every rule that failed or could not be decided."""
    return {item.rule: item.reason for item in judgement.results if item.outcome in (Outcome.FAIL, Outcome.UNKNOWN)}


class Desk:
    """Facts in log order, and a clock that `wait` moves on; every record occurs now unless it says otherwise."""

    def __init__(self, start: datetime = START) -> None:
        self.facts = MemoryFacts()
        self.clock = start
        self._streams: dict[str, list[Fact]] = {}
        self._index = 0

    def wait(self, **duration: float) -> Desk:
        """Let time pass."""
        self.clock += timedelta(**duration)
        return self

    def record(
        self, record_type: str, subject: str, /, *, role: Any = "safety_officer", occurred: Any = None,
        supersedes: Any = None, **payload: Any,
    ) -> Judgement:  # fmt: skip
        """Hold a record against its type, judge it, and add it with what its judgement froze.

        `role`: of the signing key; `occurred`: an earlier instant than now; `supersedes`: the record it replaces.
        """
        own = {"subject": subject, "site": "SH-1", **payload}
        definition = catalogue().types[record_type]
        validate(definition, own)
        claims: dict[str, Any] = {
            "index": self._index, "record_id": f"r-{self._index}", "type": record_type, "version": definition.version,
            "subject": subject, "occurred_at": occurred or self.clock, "received_at": self.clock, "channel": "mobile",
            "kid": f"key-{role}", "payload": own, "role": role, "supersedes": supersedes,
        }  # fmt: skip
        judgement = engine().judge(Fact(**claims), self.facts)
        fact = Fact(**claims, blocked=judgement.blocked(), step=judgement.step)
        self.facts.add(fact, [link.subject for link in definition.links(own)])
        self._streams.setdefault(subject, []).append(fact)
        self._index += 1
        return judgement

    def state(self, subject: str) -> str:
        """The state that the newest judgement of the subject froze."""
        frozen = [fact.step.to for fact in self._streams.get(subject, []) if fact.step is not None]
        return frozen[-1] if frozen else ""

    def shown(self, record_type: str, subject: str, now: datetime) -> str:
        """The state to show as of `now`: what time alone brings stands in place of the stored one."""
        lifecycle = catalogue().types[record_type].lifecycle
        assert lifecycle is not None
        last = self._streams[subject][-1]
        asked = Fact(
            index=self._index, record_id="", type=record_type, version=last.version, subject=subject, occurred_at=now,
            received_at=now, channel="", kid="", payload={},
        )  # fmt: skip
        state, needs = self.state(subject), engine().plan(record_type).display_needs

        def holds(expression: str) -> bool:
            evaluation = engine().evaluation(needs, asked, state)
            return evaluation.verdict(expression, engine().scope(asked, self.facts)).value is True

        return display_state(lifecycle, state, holds)

    def deadline(self, record_type: str, subject: str, name: str, now: datetime) -> Deadline:
        """The newest clock of a name on a subject, as of `now`."""
        found = self.deadlines(record_type, subject, now)[name]
        return found[-1]

    def deadlines(self, record_type: str, subject: str, now: datetime) -> Mapping[str, list[Deadline]]:
        """All clocks of a subject by name, as of `now`."""
        listed = deadlines_of(
            catalogue().types[record_type], self.facts.about(subject), now, catalogue().tables, catalogue().zone
        )
        found: dict[str, list[Deadline]] = {}
        for item in listed:
            found.setdefault(item.id, []).append(item)
        return found
