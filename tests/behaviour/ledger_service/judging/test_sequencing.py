"""Records are judged where they are sequenced: in order, with what the log holds, whatever breaks on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from evidence.records.facts import Fact, Facts
from evidence.records.judgement import Judgement, Outcome
from ledger_service.context import build_services
from ledger_service.errors import RetryLater
from ledger_service.fsck.model import Finding
from ledger_service.judging.model import ENGINE_ERROR
from ledger_service.judging.service import Judge
from ledger_service.kit.db import write
from ledger_service.statements.model import Sequenced
from tests.fakes.check_ledger import check_ledger
from tests.fakes.faults import breaking
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.site import CREDENTIAL, DRIVER, Site, training

MOST_STEPS = 80


@pytest.fixture
def site(plant: Plant) -> Site:
    plant.clock.advance(days=1)
    made = Site(plant)
    made.crew()
    return made


def sound(plant: Plant) -> list[Finding]:
    """Findings of a check that makes every judgement again: the oracle of this file."""
    check_ledger(plant.services.engine, LEDGER)
    return list(plant.services.fsck.report(LEDGER, rejudge=True).findings)


def outcomes(judgement: Judgement) -> dict[str, tuple[Outcome, str]]:
    return {item.rule: (item.outcome, item.reason) for item in judgement.results}


def test_a_record_is_judged_with_what_the_log_holds(site: Site) -> None:
    step = site.papers()
    assert step.judgement is not None
    assert outcomes(step.judgement)["LO2"] == (Outcome.PASS, "")
    assert site.judgement(step.index) == step.judgement
    [rule] = [item for item in step.judgement.results if item.rule == "LO2"]
    assert {site.view(index).entry.record_type for index in rule.inputs} == {"credential"}
    assert sound(site.plant) == []


def test_the_answer_and_the_entry_show_what_failed(site: Site) -> None:
    booked, step = site.paper_records()
    [_, first] = site.plant.submit(booked, step)
    [_, again] = site.plant.submit(booked, step)
    assert isinstance(first, Sequenced)
    assert isinstance(again, Sequenced)
    assert (again.created, again.judgement) == (False, first.judgement)
    view = site.view(first.index)
    assert view.judgement_disclosure is not None
    assert "rule_results" not in view.payload
    assert len(view.disclosures) == len(view.payload)


class Writing(Site):
    """A site that writes its statements down instead of sending them."""

    def __init__(self, plant: Plant) -> None:
        super().__init__(plant)
        self.statements: list[str] = []

    def put(self, *args: Any, **kwargs: Any) -> Any:
        self.statements.append(self.compact(*args, **kwargs))


def test_a_group_is_judged_like_the_same_statements_one_by_one(tmp_path: Path) -> None:
    judged: list[list[Any]] = []
    for together in (True, False):
        plant = Plant(tmp_path / str(together))
        plant.clock.advance(days=1)
        site = Writing(plant)
        site.crew()
        statements = [*site.statements, *site.paper_records()]
        groups = [statements] if together else [[item] for item in statements]
        found = [outcome for group in groups for outcome in plant.submit(*group)]
        judged.append([item.judgement for item in found if isinstance(item, Sequenced)])
        assert len(judged[-1]) == len(statements)
        assert sound(plant) == []
        plant.services.close()
    assert judged[0] == judged[1]
    assert outcomes(judged[0][-1])["LO2"] == (Outcome.PASS, "")


@pytest.fixture
def neighbour(site: Site) -> Iterator[Plant]:
    """Another process on the same folder, with a cache of its own."""
    other = object.__new__(Plant)
    other.__dict__ |= site.plant.__dict__
    other.services = build_services(site.plant.settings, site.plant.clock, site.plant.random, rule_sets=False)
    yield other
    other.services.close()


def test_two_processes_know_of_each_others_records(site: Site, neighbour: Plant) -> None:
    for number in range(3):
        first, second = site.paper_records(f"loading_operation/LO-000{number}")
        neighbour.submit(first)
        [step] = site.plant.submit(second)
        assert isinstance(step, Sequenced)
        assert step.judgement is not None
        assert outcomes(step.judgement)["LO2"] == (Outcome.PASS, "")
        # The one process extends a stream that the other keeps.
        neighbour.submit(site.compact("credential", CREDENTIAL, {"event": "activate"}))
    assert sound(site.plant) == []


@pytest.mark.parametrize("limit", [1, 3, 17])
def test_a_cache_of_any_size_gives_the_same_judgements(site: Site, limit: int) -> None:
    services = site.plant.services
    small = Judge(services.judge.engine, services.catalogue, services.keystore.stream_key, site.plant.random, limit)
    services.sequencer._judge = small
    for number in range(4):
        site.plant.submit(*site.paper_records(f"loading_operation/LO-000{number}"))
        site.train(DRIVER)
    assert sound(site.plant) == []


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_nothing_of_a_broken_group_is_known_to_the_next(site: Site, persisted: bool) -> None:
    """The write is broken at every step; a credential is activated once, so a leftover would change what follows."""
    for step in range(1, MOST_STEPS):
        site.certify(f"P-{step}")
        subject = f"credential/P-{step}-licence"
        group = [
            site.compact("credential", subject, {"event": "activate"}),
            *site.paper_records(f"loading_operation/LO-{step:04d}"),
        ]
        with breaking(site.plant.services.engine, step, persisted=persisted) as trap, suppress(RetryLater):
            site.plant.submit(*group)
        # A record about somebody else takes the index that the group had: what is left over would stand before it.
        site.put("training_record", f"person/P-{step}", training("annual_refresher", site.now() - timedelta(days=1)))
        site.plant.submit(*group)
        if not trap.sprung:
            break
    assert 8 < step < MOST_STEPS - 1
    assert sound(site.plant) == []


class Broken:
    """An engine that fails in one of several ways."""

    def __init__(self, way: str, sound_engine: Any) -> None:
        self.way, self.sound = way, sound_engine

    def judge(self, candidate: Fact, facts: Facts) -> Judgement:
        if self.way == "raises":
            raise ZeroDivisionError(f"person {candidate.payload}")
        judgement: Judgement = self.sound.judge(candidate, facts)
        return {
            "of another index": replace(judgement, known=judgement.known + 1),
            "of another instant": replace(judgement, at=candidate.received_at.replace(year=1999)),
            "beyond a bound": replace(judgement, results=judgement.results * 65),
            "from the future": replace(judgement, results=(replace(judgement.results[0], inputs=(candidate.index,)),)),
        }[self.way]


@pytest.mark.parametrize(
    "way", ["raises", "of another index", "of another instant", "beyond a bound", "from the future"]
)
def test_an_engine_that_fails_costs_the_judgement_and_never_the_record(site: Site, way: str) -> None:
    judge = site.plant.services.judge
    judge.engine = Broken(way, judge.engine)
    with capture_logs() as logs:
        step = site.papers()
    assert step.judgement is not None
    assert {item.outcome for item in step.judgement.results} == {Outcome.UNKNOWN}
    assert {item.reason for item in step.judgement.results} == {ENGINE_ERROR}
    assert check_ledger(site.plant.services.engine, LEDGER) == step.index + 1
    lines = [line for line in logs if line["event"] == "rules failed"]
    assert [line["index"] for line in lines] == [step.index - 1, step.index]
    assert not any(value in str(logs) for value in ("W-1", "D-1", "Toluene", "Pujiang"))


class Swallowing:
    """An engine that takes a failing database for an undecidable rule."""

    def __init__(self, plant: Plant, sound_engine: Any) -> None:
        self.plant, self.sound = plant, sound_engine

    def judge(self, candidate: Fact, facts: Facts) -> Judgement:
        with (
            breaking(self.plant.services.engine, 1, persisted=False),
            suppress(Exception),
        ):
            facts.about("person/never-asked-for-before")
        judgement: Judgement = self.sound.judge(candidate, facts)
        return judgement


def test_a_database_that_fails_under_a_rule_fails_the_group(site: Site) -> None:
    judge = site.plant.services.judge
    before = check_ledger(site.plant.services.engine, LEDGER)
    group = site.paper_records()
    engine, judge.engine = judge.engine, Swallowing(site.plant, judge.engine)
    with pytest.raises(RetryLater):
        site.plant.submit(*group)
    judge.engine = engine
    assert check_ledger(site.plant.services.engine, LEDGER) == before
    assert len(site.plant.submit(*group)) == 2
    assert sound(site.plant) == []


def test_erased_facts_are_forgotten_by_every_cache(site: Site) -> None:
    """A fact kept in memory must not outlive the erasure that the log orders."""
    services = site.plant.services
    seen: list[list[dict[str, Any]]] = []

    class Spy:
        def judge(self, candidate: Fact, facts: Facts) -> Judgement:
            seen.append([dict(fact.payload) for fact in facts.about(f"person/{DRIVER}")])
            judgement: Judgement = engine.judge(candidate, facts)
            return judgement

    engine, services.judge.engine = services.judge.engine, Spy()
    site.train(DRIVER)
    assert all(payload["person_name"] == "Li" for payload in seen[-1])
    [first] = [view for view in map(site.view, range(10)) if view.entry.record_type == "training_record"][:1]
    digest = next(
        item.digest
        for item, name in zip(first.disclosures, sorted(first.payload), strict=True)
        if name == "person_name"
    )
    erasure: dict[str, Any] = {
        "record_id": first.entry.record_id, "entry_index": first.entry.index, "digests": [digest],
        "legal_basis": "PIPL 47", "reason": "asked by the person concerned", "requested_by": "person",
        "executed_by": "service",
    }  # fmt: skip
    fields = services.record_types["erasure"].schema["properties"]
    assert isinstance(fields, dict)
    known = {name: value for name, value in erasure.items() if name in fields}
    subject = {"subject": f"record/{first.entry.record_id}"}
    signer = services.reconsider._signer
    order_id = signer.record_id(LEDGER, "test", site.now(), 1)
    prepared = signer.prepare(LEDGER, "erasure", order_id, known | subject, site.now())
    [order] = services.sequencer.sequence([prepared])
    assert isinstance(order, Sequenced), order.error.detail
    with write(services.engine) as connection:
        query = "UPDATE disclosures SET sealed = NULL, erased_by_idx = :by WHERE idx = :idx AND digest = :digest"
        connection.execute(text(query), {"by": order.index, "idx": first.entry.index, "digest": digest})
    site.train(DRIVER)
    assert "person_name" not in seen[-1][0]
