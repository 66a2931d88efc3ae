"""What a loading step costs to check and judge, against the verification of its signature."""

from __future__ import annotations

import os
from collections.abc import Iterator

from bench.loading_sample import LoadingSite
from bench.measure import Row, duel, each, timed
from bench.sample import DEVICE
from evidence.encoding import format_time
from evidence.records.catalogue import load_catalogue
from evidence.records.facts import Fact, MemoryFacts
from evidence.records.model import RecordType
from evidence.records.rules.engine import RuleEngine
from evidence.records.schema import validate
from evidence.statement import Claims, Statement, issue, stream_id, uuid7, verify_signature


def rows(quick: bool) -> Iterator[Row]:
    """One row: every step of a clean operation, in order, each judged over what the log holds before it."""
    rounds, repeats = (1, 2) if quick else (9, 40)
    catalogue = load_catalogue()
    engine = RuleEngine(catalogue)
    record_type = catalogue.types["loading_step"]
    steps = list(_steps(engine, LoadingSite(catalogue, engine)))
    statements = [_statement(record_type, fact) for fact, _ in steps]

    def ours() -> None:
        for _ in range(repeats):
            for fact, known in steps:
                validate(record_type, fact.payload)
                engine.judge(fact, known)

    def peer() -> None:
        for _ in range(repeats):
            for statement in statements:
                verify_signature(statement, DEVICE.public)

    result = duel(timed(ours), timed(peer), rounds)
    count = repeats * len(steps)
    name = f"validate and judge a loading step (mean of {len(steps)}) / verify its Ed25519 signature"
    yield Row(name, 1 / result.ratio, 3, each(count, result.ours), each(count, result.peer), at_most=True)


def _steps(engine: RuleEngine, site: LoadingSite) -> Iterator[tuple[Fact, MemoryFacts]]:
    for fact in site.steps():
        known = site.snapshot()
        yield fact, known
        site.take_judged(fact, engine.judge(fact, known))


def _statement(record_type: RecordType, fact: Fact) -> Statement:
    seconds = int(fact.occurred_at.timestamp())
    claims = Claims(
        iss="urn:example:device:tablet-1", iat=seconds, jti=uuid7(seconds * 1000, os.urandom(10)), type=fact.type,
        schema=record_type.schema_claim, stream=stream_id(bytes(32), fact.subject),
        occurred_at=format_time(fact.occurred_at), channel=fact.channel,
    )  # fmt: skip
    return issue(claims, dict(fact.payload), DEVICE, salt=lambda: os.urandom(16))
