"""A row that was bent costs the judgement on its own subject, never another record, and stops no sweep."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evidence.records.judgement import Outcome
from ledger_service.statements.model import Sequenced
from tests.fakes.bend import bend
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.site import CREDENTIAL, DRIVER, ESCORT, Site
from tests.fakes.workshop import Workshop


@pytest.fixture
def shop(plant: Plant) -> Workshop:
    plant.clock.advance(days=1)
    return Workshop(plant)


@pytest.mark.parametrize(("table", "column"), [("disclosures", "sealed"), ("entries", "entry_bytes")])
def test_a_bent_stream_keeps_no_record_of_its_group_out(plant: Plant, table: str, column: str) -> None:
    [first] = plant.submit(plant.statement())
    assert isinstance(first, Sequenced)
    bend(plant.services.engine, table, column, first.index)
    group = (plant.statement(seq=2), plant.statement(subject="loading_operation/LO-2"))
    mine, other = plant.reopen().submit(*group)
    assert isinstance(mine, Sequenced)
    assert isinstance(other, Sequenced)
    assert mine.judgement is not None
    assert {item.outcome for item in mine.judgement.results} == {Outcome.UNKNOWN}
    assert other.judgement is not None
    assert any(item.outcome is not Outcome.UNKNOWN for item in other.judgement.results)


def test_a_bent_row_costs_no_group_of_a_process_that_catches_up(plant: Plant) -> None:
    plant.submit(plant.statement())
    ahead = Plant.__new__(Plant)
    ahead.__dict__ |= plant.__dict__
    ahead.services = type(plant.services)(
        plant.settings, plant.services.engine, plant.clock, plant.services.keystore, plant.random, rule_sets=False
    )
    [step] = ahead.submit(plant.statement(subject="loading_operation/LO-3"))
    assert isinstance(step, Sequenced)
    bend(plant.services.engine, "disclosures", "sealed", step.index)
    [mine] = plant.submit(plant.statement(seq=2))
    assert isinstance(mine, Sequenced)


def test_late_knowledge_is_found_behind_a_bent_row(plant: Plant) -> None:
    plant.clock.advance(days=1)
    site = Site(plant)
    for person in (DRIVER, ESCORT):
        site.train(person)
    site.certify()
    site.certify(ESCORT, "hazmat_escort")
    site.papers()
    bent = site.put("credential", "credential/E-9-licence", {"event": "apply", "person_ref": "E-9",
                    "credential_type": "hazmat_escort", "category": "hazmat_transport", "cert_no": "C-9",
                    "issuer": "Shanghai", "valid_from": "2025-01-01", "valid_to": "2027-06-30"})  # fmt: skip
    plant.clock.advance(days=1)
    site.revoke(site.now() - timedelta(days=3))
    bend(plant.services.engine, "disclosures", "sealed", bent.index)
    assert plant.services.reconsider.run(LEDGER) == 1
    assert CREDENTIAL


def test_effects_are_carried_out_behind_a_bent_row(shop: Workshop) -> None:
    shop.assess()
    bent = shop.plant.submit(shop.plant.statement())[0]
    assert isinstance(bent, Sequenced)
    shop.plant.clock.advance(days=2)
    shop.incident("incident/IN-1")
    bend(shop.plant.services.engine, "disclosures", "sealed", bent.index)
    assert shop.sweep().opened >= 1
