"""Judge a whole log again, from scratch, and say where the frozen judgements differ: what an auditor with the log runs.

Nothing that was frozen is believed: each record's move and what stands against it come from the judgement made here,
not from the one that the ledger stored.

differences = rejudge(engine, records)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from evidence.records.facts import Fact, MemoryFacts
from evidence.records.judgement import Judgement
from evidence.records.rules.engine import RuleEngine

UNJUDGED = "unjudged"
UNKNOWN_TYPE = "unknown_type"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record of the log with the judgement that its entry commits to; None where it has none or it is erased."""

    fact: Fact
    judgement: Judgement | None
    complete: bool = True
    """Every field is disclosed. A record of which something is erased or withheld cannot be judged as it was then."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One point in which a frozen judgement is not the one that the same rules give now.

    `what` is a rule id, or `rules`, `tables`, `marks`, `step`, `at`, `known`, `unjudged`, `unknown_type`.
    """

    index: int
    what: str
    frozen: str
    now: str
    certain: bool
    """False where something that the judgement may rest on is no longer disclosed."""


def rejudge(engine: RuleEngine, records: Iterable[Recorded]) -> tuple[Difference, ...]:
    """The differences over a log's records in log order, gapless as far as rules look.

    Records of a type that the engine does not know are reported and kept as facts. Judgements by other versions of
    rules or tables differ in `rules` or `tables`: judge those with the catalogue of their day.
    """
    facts = MemoryFacts()
    found: list[Difference] = []
    complete = True
    for record in records:
        complete = complete and record.complete
        fact = replace(record.fact, blocked=None, step=None)
        try:
            now = engine.judge(fact, facts)
        except KeyError:
            found.append(Difference(fact.index, UNKNOWN_TYPE, "", "", True))
            facts.add(fact)
            continue
        found += _differences(fact.index, record.judgement, now, complete)
        plan = engine.plan(fact.type, fact.version)
        links = (link.subject for link in plan.record_type.links(fact.payload))
        facts.add(replace(fact, blocked=now.blocked(), step=now.step), links)
    return tuple(found)


def _differences(index: int, frozen: Judgement | None, now: Judgement, certain: bool) -> list[Difference]:
    if frozen is None:
        nothing = not now.results and not now.marks and now.step is None
        return [] if nothing else [Difference(index, UNJUDGED, "", "", certain)]
    before, after = _points(frozen), _points(now)
    return [
        Difference(index, what, before.get(what, ""), after.get(what, ""), certain)
        for what in sorted(before.keys() | after.keys())
        if before.get(what) != after.get(what)
    ]


def _points(judgement: Judgement) -> dict[str, str]:
    """A judgement as named short texts: codes, indices and digests, never payload values."""
    step = judgement.step
    points = {
        "at": judgement.at.isoformat(),
        "known": str(judgement.known),
        "rules": judgement.rules,
        "tables": judgement.tables,
        "marks": ",".join(judgement.marks),
        "step": f"{step.event}:{step.from_state}>{step.to}:{step.accepted}" if step is not None else "",
    }
    for item in judgement.results:
        inputs = ",".join(map(str, item.inputs))
        points[item.rule] = f"v{item.version} {item.severity} {item.outcome} {item.reason} [{inputs}]"
    return points
