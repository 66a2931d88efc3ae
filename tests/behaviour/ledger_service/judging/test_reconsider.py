"""Late knowledge: a second judgement beside the first, exactly once, whatever breaks; never a changed one."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import update

from evidence.entry import parse_entry
from evidence.records.judgement import Outcome, parse_judgement
from ledger_service.context import build_services
from ledger_service.entries.model import EntryView
from ledger_service.errors import ServiceError
from ledger_service.judging import repository
from ledger_service.judging.effects import pending
from ledger_service.judging.reconsider import CURSOR
from ledger_service.kit.db import read, write
from ledger_service.models import cursors
from ledger_service.statements.model import Sequenced
from tests.fakes.check_ledger import check_ledger
from tests.fakes.faults import breaking
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.site import CREDENTIAL, DRIVER, ESCORT, OPERATION, Site

MOST_STEPS = 60


@pytest.fixture
def site(plant: Plant) -> Site:
    plant.clock.advance(days=1)
    made = Site(plant)
    for person in (DRIVER, ESCORT):
        made.train(person)
    return made


def sweep(site: Site) -> int:
    return site.plant.services.reconsider.run(LEDGER)


def revoked_late(site: Site) -> tuple[Sequenced, Sequenced]:
    """A step judged with good papers, and the revocation that is recorded later and counts from before."""
    site.certify()
    site.certify(ESCORT, "hazmat_escort")
    step = site.papers()
    site.plant.clock.advance(days=1)
    return step, site.revoke(site.now() - timedelta(days=3))


def changes_of(view: EntryView) -> dict[str, str]:
    """The rules that a late judgement changes, with their outcome now."""
    judgement = parse_judgement(view.payload["rule_results"])
    found = {rule: judgement.result(rule) for rule in view.payload["changed_rules"]}
    return {rule: "gone" if item is None else f"{item.outcome} {item.reason}".strip() for rule, item in found.items()}


def test_a_certificate_withdrawn_later_leads_to_a_second_judgement(site: Site) -> None:
    step, cause = revoked_late(site)
    before = site.view(step.index)
    assert sweep(site) == 1
    [late] = site.late()
    assert changes_of(late) == {"LO2": "fail revoked"}
    assert late.payload["of_record"] == step.record_id
    assert (late.payload["of_index"], late.payload["cause_index"]) == (step.index, cause.index)
    assert late.payload["subject"] == OPERATION
    assert "supersedes_judgement" not in late.payload
    judgement = parse_judgement(late.payload["rule_results"])
    assert judgement.at == before.entry.occurred_at
    assert judgement.known == cause.index + 1
    lo2 = judgement.result("LO2")
    assert lo2 is not None
    assert cause.index in lo2.inputs


def test_the_first_judgement_stays_as_it_was(site: Site) -> None:
    step, _ = revoked_late(site)
    before = site.view(step.index)
    sweep(site)
    after = site.view(step.index)
    assert (after.judgement, after.entry.entry_bytes) == (before.judgement, before.entry.entry_bytes)
    assert after.judgement is not None
    result = after.judgement.result("LO2")
    assert result is not None
    assert result.outcome is Outcome.PASS
    assert site.plant.services.fsck.report(LEDGER, rejudge=True).findings == ()


def test_it_is_signed_by_the_service_and_stands_in_the_subjects_stream(site: Site) -> None:
    step, _ = revoked_late(site)
    sweep(site)
    [late] = site.late()
    entry = parse_entry(late.entry.entry_bytes)
    assert late.entry.kid == site.plant.ledger.service_kid
    assert late.entry.stream == step.stream
    assert (entry.judgement, late.judgement) == (None, None)


def test_running_again_adds_nothing(site: Site) -> None:
    revoked_late(site)
    assert [sweep(site) for _ in range(3)] == [1, 0, 0]
    assert len(site.late()) == 1


def test_a_lost_cursor_adds_nothing_twice(site: Site) -> None:
    """A database restored without its cursor, or a new one on an old log, looks at everything once more."""
    revoked_late(site)
    sweep(site)
    with write(site.plant.services.engine) as connection:
        connection.execute(update(cursors).values(ledger=LEDGER, name=CURSOR, idx=0))
    assert sweep(site) == 0
    assert len(site.late()) == 1


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_a_sweep_that_breaks_anywhere_adds_each_judgement_once(site: Site, persisted: bool) -> None:
    site.certify()
    site.certify(ESCORT, "hazmat_escort")
    for step in range(1 + persisted, MOST_STEPS, 3):
        site.plant.submit(*site.paper_records(f"loading_operation/LO-{step:04d}"))
        site.plant.clock.advance(minutes=5)
        event = "suspend" if step % 2 else "resume"
        since = (site.now() - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
        site.put("credential", CREDENTIAL, {"event": event, "effective_at": since, "reason": "register"})
        with breaking(site.plant.services.engine, step, persisted=persisted) as trap, suppress(ServiceError):
            sweep(site)
        sweep(site)
        site.plant.clock.advance(minutes=5)
        if not trap.sprung and step > 20:
            break
    seen = [(view.payload["of_index"], view.payload["cause_index"]) for view in site.late()]
    assert len(seen) == len(set(seen)) > 8
    newest: dict[object, str] = {}
    for view in site.late():
        # Each one follows the one before it, so no two were made on the same knowledge.
        assert view.payload.get("supersedes_judgement") == newest.get(view.payload["of_record"])
        newest[view.payload["of_record"]] = view.entry.record_id
    check_ledger(site.plant.services.engine, LEDGER)


def test_two_processes_sweep_and_each_judgement_is_added_once(site: Site) -> None:
    revoked_late(site)
    plant = site.plant
    other = build_services(plant.settings, plant.clock, plant.random, rule_sets=False)
    services = plant.services.reconsider
    prepare = services._signer.prepare

    def meanwhile(*arguments: object) -> object:
        """The other process does all the work between this one's look and its write."""
        services._signer.prepare = prepare  # type: ignore[method-assign]
        assert other.reconsider.run(LEDGER) == 1
        return prepare(*arguments)  # type: ignore[arg-type]

    services._signer.prepare = meanwhile  # type: ignore[method-assign, assignment]
    assert sweep(site) == 0
    other.close()
    assert len(site.late()) == 1


def test_a_certificate_that_came_late_acquits(site: Site) -> None:
    """The step was refused for want of a certificate that existed: nothing but its operation names the driver."""
    site.certify(ESCORT, "hazmat_escort")
    step = site.papers()
    assert step.judgement is not None
    result = step.judgement.result("LO2")
    assert result is not None
    assert result.outcome is Outcome.FAIL
    happened = site.now() - timedelta(days=2)
    site.plant.clock.advance(days=1)
    site.certify(DRIVER, "hazmat_driver", happened)
    assert sweep(site) == 1
    assert changes_of(site.late()[0]) == {"LO2": "pass"}


def test_what_happens_today_says_nothing_about_yesterday(site: Site) -> None:
    site.certify()
    site.certify(ESCORT, "hazmat_escort")
    site.papers()
    site.plant.clock.advance(days=1)
    site.revoke(site.now())
    site.plant.submit(*site.paper_records("loading_operation/LO-0002"))
    assert sweep(site) == 0
    assert site.late() == []


def test_a_second_change_follows_the_first(site: Site) -> None:
    step, _ = revoked_late(site)
    sweep(site)
    site.plant.clock.advance(days=1)
    payload = {"event": "revoke", "effective_at": "2026-11-23T00:00:00Z", "reason": "register"}
    [wrong] = [view for view in map(site.view, range(step.index + 3)) if view.payload.get("event") == "revoke"]
    # The revocation is corrected: it counts from a day after the step.
    later = payload | {"effective_at": site.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
    site.put("credential", CREDENTIAL, later, supersedes=wrong.entry.record_id)
    assert sweep(site) == 1
    first, second = site.late()
    assert second.payload["supersedes_judgement"] == first.entry.record_id
    assert changes_of(second) == {"LO2": "pass"}


def test_what_was_erased_is_not_judged_again(site: Site) -> None:
    step, _ = revoked_late(site)
    with write(site.plant.services.engine) as connection:
        connection.exec_driver_sql("DROP TRIGGER disclosures_no_update")
        connection.exec_driver_sql(f"UPDATE disclosures SET sealed = NULL WHERE idx = {step.index} AND position = 1")
    assert sweep(site) == 0


def test_effects_that_judgements_ask_for_are_read_from_the_log(site: Site) -> None:
    step, cause = revoked_late(site)
    sweep(site)
    services = site.plant.services
    with read(services.engine) as connection:
        first = list(pending(connection, LEDGER, services.catalogue, 0, step.index + 1))
        late = list(pending(connection, LEDGER, services.catalogue, cause.index + 1))
        assert repository.cursor(connection, LEDGER, CURSOR) == services.entries.size(LEDGER)
    known = {rule.id: rule.effect for rule in services.record_types["loading_step"].rules if rule.effect}
    failed = {item.rule for item in site.judgement(step.index).failed()}
    assert {item.rule for item in first if item.of_index == step.index} == failed & known.keys()
    assert [(item.rule, item.of_index, item.effect) for item in late] == (
        [("LO2", step.index, known["LO2"])] if "LO2" in known else []
    )
