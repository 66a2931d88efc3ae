"""What failed rules ask for becomes records: the right ones, about the right subjects, and no flood of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from evidence.encoding import parse_time
from evidence.records.judgement import Outcome
from ledger_service.chains.model import IN
from ledger_service.effects.model import EffectCounts
from ledger_service.kit.db import write
from ledger_service.models import JUDGEMENT_POSITION
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.workshop import GAUGE, RISK, Workshop

OPERATION = "loading_operation/LO-1"


@pytest.fixture
def shop(plant: Plant) -> Workshop:
    plant.clock.advance(days=1)
    return Workshop(plant)


@pytest.fixture
def overdue(shop: Workshop) -> Workshop:
    """The gauge's certificate ran out a month ago."""
    shop.register()
    shop.certify_gauge(days_ago=214)
    return shop


def test_CA4_a_use_while_locked_is_a_nonconformity_with_its_three_parts(overdue: Workshop) -> None:
    use = overdue.use()
    assert overdue.sweep() == EffectCounts(opened=1)
    [found] = overdue.opened()
    payload = found.payload
    assert str(payload["subject"]).startswith("nonconformity/CA4-")
    assert str(payload["requirement_ref"]).startswith("CA4 (ISO 45001:2018 ")
    assert "超期锁定的设备不得使用" in str(payload["requirement_text"])
    assert payload["evidence_refs"] == [f"record/{use.record_id}"]
    assert payload["origin_refs"] == [GAUGE]
    statement = str(payload["statement"])
    assert all(part in statement for part in ("CA4 v1", use.record_id, f"#{use.index}", "超期锁定", "locked"))
    assert (payload["grade"], payload["event"], payload["site"]) == ("major", "raise", "SH-1")


def test_the_record_of_an_effect_is_judged_and_sound(overdue: Workshop) -> None:
    overdue.use()
    overdue.sweep()
    [found] = overdue.opened()
    assert found.judgement is not None
    assert found.judgement.failed() == ()
    assert found.judgement.step is not None
    assert (found.judgement.step.to, found.judgement.step.accepted) == ("raised", True)
    assert overdue.plant.services.fsck.report(LEDGER, rejudge=True).findings == ()


def test_it_appears_in_the_chain_of_the_subject_that_it_names(overdue: Workshop) -> None:
    overdue.use()
    overdue.sweep()
    [found] = overdue.opened()
    neighbours = overdue.plant.services.chains.get(LEDGER, GAUGE).neighbours
    assert found.payload["subject"] in {item.subject for item in neighbours if item.direction == IN}


def test_CA4_a_locked_gauge_in_a_loading_step_names_operation_and_gauge(overdue: Workshop) -> None:
    overdue.step(OPERATION, instrument_ref="PG-1", measured={"value": "0.4", "unit": "MPa"})
    overdue.sweep()
    [found] = [view for view in overdue.opened("nonconformity") if "CA4" in str(view.payload["subject"])]
    assert found.payload["origin_refs"] == [OPERATION, GAUGE]


def test_a_second_fault_opens_nothing_while_the_first_is_open(overdue: Workshop) -> None:
    overdue.use()
    overdue.use()
    assert overdue.sweep() == EffectCounts(opened=1, covered=1)
    overdue.use()
    assert overdue.sweep() == EffectCounts(covered=1)


def test_a_fault_after_the_closing_opens_another(overdue: Workshop) -> None:
    overdue.use()
    overdue.sweep()
    overdue.cancel(overdue.opened()[0])
    assert overdue.sweep() == EffectCounts()
    overdue.use()
    assert overdue.sweep() == EffectCounts(opened=1)
    first, second = overdue.opened()
    assert first.payload["subject"] != second.payload["subject"]


def test_another_gauge_has_a_nonconformity_of_its_own(overdue: Workshop) -> None:
    overdue.register("equipment/PG-2")
    overdue.certify_gauge("equipment/PG-2", 214)
    overdue.use()
    overdue.use("equipment/PG-2")
    overdue.sweep()
    assert [view.payload["origin_refs"] for view in overdue.opened()] == [[GAUGE], ["equipment/PG-2"]]


def test_X03_a_spill_opens_an_incident_of_its_own_time(shop: Workshop) -> None:
    spill = shop.spill()
    happened = shop.now()
    shop.plant.clock.advance(minutes=20)
    shop.sweep()
    [found] = shop.opened("incident")
    assert found.payload["loading_op_ref"] == "LO-1"
    assert found.payload["evidence_refs"] == [f"record/{spill.record_id}"]
    assert (found.payload["event_type"], found.payload["location"]) == ("leak", "B1")
    assert found.entry.occurred_at == happened
    neighbours = shop.plant.services.chains.get(LEDGER, OPERATION).neighbours
    assert found.payload["subject"] in {item.subject for item in neighbours}


def test_X03_a_spill_that_names_its_incident_opens_none(shop: Workshop) -> None:
    shop.step(OPERATION, "X03", cause="hose burst", incident_ref="IN-1")
    shop.sweep()
    assert shop.opened("incident") == []


def test_RA1_an_incident_on_a_risk_point_calls_for_its_review(shop: Workshop) -> None:
    shop.assess()
    shop.plant.clock.advance(days=2)
    incident = shop.incident("incident/IN-1")
    shop.sweep()
    [found] = shop.opened("action")
    assert found.payload["origin_refs"] == [RISK, "incident/IN-1", f"record/{incident.record_id}"]
    assert (found.payload["action_type"], found.payload["event"]) == ("preventive", "call_for")
    assert str(found.payload["title"]).startswith("复评风险 Review the risk assessment: RA1, ")
    assert found.judgement is not None
    assert found.judgement.failed() == ()


def test_RA1_a_second_incident_waits_for_the_same_review(shop: Workshop) -> None:
    shop.assess()
    shop.plant.clock.advance(days=2)
    for number in (1, 2):
        shop.incident(f"incident/IN-{number}")
    assert shop.sweep() == EffectCounts(opened=1, covered=1)


def test_CA5_a_gauge_found_wrong_lists_what_was_made_with_it(shop: Workshop) -> None:
    shop.register()
    shop.certify_gauge(days_ago=100)
    for number in (1, 2):
        for code in ("S10", "S13"):
            shop.step(f"loading_operation/LO-{number}", code, instrument_ref="PG-1")
    shop.sweep()
    shop.plant.clock.advance(days=1)
    failing = shop.certify_gauge(as_found_conformity="fail", adjusted=True)
    shop.sweep()
    [found] = [view for view in shop.opened("action") if "CA5" in str(view.payload["subject"])]
    assert found.payload["affected_refs"] == ["loading_operation/LO-1", "loading_operation/LO-2"]
    assert (found.payload["affected_count"], found.payload["affected_complete"]) == (4, True)
    assert found.payload["origin_refs"] == [GAUGE, f"record/{failing.record_id}"]
    # Wednesday 25 November: five working days later is Wednesday 2 December, to the end of that day at the site.
    assert found.payload["due_at"] == "2026-12-02T15:59:59Z"


def test_an_action_that_is_called_for_gets_an_owner_and_is_done(shop: Workshop) -> None:
    shop.assess()
    shop.plant.clock.advance(days=2)
    shop.incident("incident/IN-1")
    shop.sweep()
    [found] = shop.opened("action")
    assign, done = {"event": "assign", "owner_ref": "P-3"}, {"event": "done", "done_at": shop.stamp(), "result": "done"}
    shop.answer(found, assign, done)
    chain = shop.plant.services.chains.get(LEDGER, str(found.payload["subject"]))
    assert chain.state == "done"
    assert all(view.judgement is not None and not view.judgement.failed() for view in chain.items)


def test_effects_lead_to_no_further_effects(overdue: Workshop) -> None:
    """The first report of a spill on a risk point, by the service, asks for no review by itself."""
    overdue.use()
    overdue.spill()
    overdue.sweep()
    made = len(overdue.opened())
    assert [overdue.sweep() for _ in range(3)] == [EffectCounts()] * 3
    assert len(overdue.opened()) == made


def test_late_knowledge_leads_to_effects_too(shop: Workshop) -> None:
    """A use was fine; the certificate is withdrawn later, from before the use."""
    shop.register()
    good = shop.certify_gauge(days_ago=100)
    use = shop.use()
    shop.sweep()
    assert shop.opened("nonconformity") == []
    shop.plant.clock.advance(days=1)
    withdrawn = (shop.now() - timedelta(days=3)).date().isoformat()
    shop.certify_gauge(days_ago=101, supersedes=good.record_id, withdrawn_on=withdrawn, withdrawal_reason="forged")
    shop.plant.services.reconsider.run(LEDGER)
    shop.sweep()
    judged = shop.late()
    assert any(view.payload["of_index"] == use.index for view in judged)
    [found] = [view for view in shop.opened("nonconformity") if "CA4-" in str(view.payload["subject"])]
    assert found.payload["evidence_refs"] == [f"record/{use.record_id}"]
    assert "复核" in str(found.payload["statement"])


def test_an_erased_subject_is_counted_and_named_by_index_only(overdue: Workshop) -> None:
    use = overdue.use()
    with write(overdue.plant.services.engine) as connection:
        connection.exec_driver_sql("DROP TRIGGER disclosures_no_update")
        erase = f"UPDATE disclosures SET sealed = NULL WHERE idx = {use.index} AND position < {JUDGEMENT_POSITION}"
        connection.exec_driver_sql(erase)
    overdue.use("equipment/PG-1")
    with capture_logs() as logs:
        assert overdue.sweep() == EffectCounts(opened=1, not_built=1)
    [warning] = [line for line in logs if line["log_level"] == "warning"]
    assert (warning["index"], warning["why"], warning["rule"]) == (use.index, "erased", "CA4")
    assert "PG-1" not in json.dumps(logs)


def test_no_person_is_named(overdue: Workshop) -> None:
    overdue.step(OPERATION, instrument_ref="PG-1", witnessed_by="W-2")
    overdue.spill()
    overdue.sweep()
    text = json.dumps([view.payload for view in overdue.opened()], ensure_ascii=False)
    assert not any(person in text for person in ("W-1", "W-2", "person/"))


def test_every_rule_with_an_effect_that_opens_a_record_is_carried_out(overdue: Workshop) -> None:
    """Each failed rule with such an effect is opened, covered or counted: none is passed over."""
    overdue.use()
    overdue.step(OPERATION, "S20", instrument_ref="PG-1")
    overdue.spill()
    services = overdue.plant.services
    types = services.record_types
    asked = 0
    for index in range(services.entries.size(LEDGER)):
        view = overdue.view(index)
        rules = {rule.id: rule.effect for rule in types[view.entry.record_type].rules}
        for item in view.judgement.results if view.judgement is not None else ():
            asked += item.outcome is Outcome.FAIL and rules.get(item.rule, "") not in ("", "hold")
    counts = overdue.sweep()
    assert asked == counts.opened + counts.covered + counts.not_built
    assert counts.opened > 2
    assert counts.not_built == 0


def test_a_review_is_due_within_the_tables_working_days(shop: Workshop) -> None:
    shop.assess()
    shop.plant.clock.advance(days=2)
    shop.incident("incident/IN-1")
    shop.sweep()
    due = parse_time(str(shop.opened("action")[0].payload["due_at"]))
    assert timedelta(days=13) < due - shop.now() < timedelta(days=15)
