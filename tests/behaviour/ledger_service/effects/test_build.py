"""Records of effects at their bounds: persons, missing sites, long lists, and reviews that a violation calls for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from evidence.records.facts import Fact, MemoryFacts
from ledger_service.effects.build import MAX_AFFECTED, MAX_ORIGINS, Builder
from ledger_service.effects.model import Fault, NotBuildable
from ledger_service.judging.effects import PendingEffect
from tests.fakes.plant import Plant
from tests.fakes.recorded import Recorded
from tests.fakes.register import at, catalogue
from tests.fakes.workshop import ASSESSORS, EFFECT_TYPES

NOW = at("2026-03-06 18:00")  # a Friday
GAUGE = "equipment/PG-1"


def fault(record_type: str, rule: str, subject: str, effect: str, **payload: Any) -> Fault:
    kind = catalogue().types[record_type]
    found = next(item for item in kind.rules if item.id == rule)
    fact = Fact(9_000, "r-9000", record_type, kind.version, subject, NOW, NOW, "web", "k", payload)
    pending = PendingEffect(fact.index, fact.index, record_type, subject, rule, effect, found.reason)
    return Fault(pending, fact, kind, found, (fact,))


def build(item: Fault, facts: MemoryFacts | None = None) -> list[dict[str, Any]]:
    builder = Builder(catalogue(), facts or MemoryFacts(), NOW)
    return [dict(opening.payload) for opening in builder.openings(item)]


def uses(facts: MemoryFacts, operations: int) -> None:
    for number in range(operations):
        when = NOW - timedelta(days=1)
        subject = f"loading_operation/LO-{number}"
        fact = Fact(number, f"r-{number}", "loading_step", 2, subject, when, when, "web", "k", {})
        facts.add(fact, [GAUGE])


def test_a_person_is_neither_named_nor_linked() -> None:
    """A site's own rule may well be about a person: the record of its effect still names the record only."""
    [payload] = build(fault("training_record", "TR5", "person/W-1", "open_nonconformity", site="SH-1"))
    assert "origin_refs" not in payload
    assert payload["evidence_refs"] == ["record/r-9000"]
    assert "W-1" not in str(payload)


def test_without_a_site_there_is_no_record() -> None:
    with pytest.raises(NotBuildable, match="no_site"):
        build(fault("equipment", "CA4", GAUGE, "open_nonconformity"))


def test_the_site_is_the_one_that_the_subject_stated_last() -> None:
    item = fault("equipment", "CA4", GAUGE, "open_nonconformity")
    stated = [replace(item.fact, index=n, payload={"site": f"SH-{n}"}) for n in (1, 2)]
    [payload] = build(replace(item, stream=(*stated, item.fact)))
    assert payload["site"] == "SH-2"


@pytest.mark.parametrize(("operations", "listed", "complete"), [
    (0, 0, True), (MAX_AFFECTED, MAX_AFFECTED, True), (MAX_AFFECTED + 1, MAX_AFFECTED, False),
])  # fmt: skip
def test_CA5_the_list_is_bounded_and_says_so(operations: int, listed: int, complete: bool) -> None:
    facts = MemoryFacts()
    uses(facts, operations)
    item = fault("calibration_record", "CA5", GAUGE, "impact_review", site="SH-1", performed_at="2026-03-06")
    [payload] = build(item, facts)
    assert len(payload["affected_refs"]) == listed
    assert (payload["affected_count"], payload["affected_complete"]) == (operations, complete)


def test_CA5_five_working_days_leave_out_the_weekend() -> None:
    item = fault("calibration_record", "CA5", GAUGE, "impact_review", site="SH-1", performed_at="2026-03-06")
    [payload] = build(item)
    assert payload["due_at"] == "2026-03-13T15:59:59Z"


def test_RA1_one_review_for_each_risk_point_and_not_more_than_a_record_takes() -> None:
    risks = [f"R-{number}" for number in range(MAX_ORIGINS + 9)]
    item = fault("incident", "RA1", "incident/IN-1", "open_review", site="SH-1", risk_refs=risks)
    found = build(item)
    assert [payload["origin_refs"][0] for payload in found] == [f"risk/{name}" for name in risks[:MAX_ORIGINS]]


def test_a_review_that_is_not_of_a_risk_is_of_the_subject_itself() -> None:
    [payload] = build(fault("camera", "CAM.moved", "camera/C-1", "open_review", site="SH-1"))
    assert payload["origin_refs"] == ["camera/C-1", "record/r-9000"]
    assert payload["action_type"] == "correction"


def test_every_record_of_an_effect_fits_its_own_type() -> None:
    """Each rule of the catalogue that opens something, with as little in its record as a type allows."""
    from evidence.records.schema import validate
    from ledger_service.effects.model import RECORD_TYPES

    tried = 0
    for kind in catalogue().types.values():
        for rule in kind.rules:
            record_type = RECORD_TYPES.get(rule.effect)
            if record_type is None:
                continue
            item = fault(kind.id, rule.id, f"{kind.subject_kind}/X-1", rule.effect, site="S", performed_at="2026-03-06")
            for payload in build(item):
                validate(catalogue().types[record_type], payload | {"subject": f"{record_type}/{rule.id}-00"})
                tried += 1
    assert tried > 10


def test_RA1_a_cluster_of_confirmed_violations_calls_for_the_review_of_the_zones_risk(plant: Plant) -> None:
    cameras = Recorded(plant)
    assessed = {
        "event": "assess", "method": "lec", "method_version": "LEC-1", "likelihood": "6", "exposure": "6",
        "consequence": "3", "score": "108", "level": 3, "colour": "yellow", "assessors": ASSESSORS,
        "assessed_at": "2026-02-02", "review_due": "2027-02-01", "zones": ["Z-1"],
    }  # fmt: skip
    identified = {"event": "identify", "risk_point": "Bay 3", "activity": "Loading", "hazard_source": "Toluene"}
    for payload in (identified, assessed, {"event": "approve", "approved_by": "P-9"}, {"event": "activate"}):
        cameras.record("risk_assessment", "risk/R-7", "2026-02-02 09:00", payload)
    for number in range(4, 9):
        subject, day = f"violation/AV-{number}", f"2026-03-0{number}"
        cameras.detect(subject, f"{day} 09:12:00", track_id=number)
        cameras.review("confirm", f"{day} 10:00:00", subject)
    counts = plant.services.effects.run("demo")
    views = [cameras.site.view(index) for index in range(plant.services.entries.size("demo"))]
    found = [view.payload["origin_refs"][:2] for view in views if view.entry.record_type in EFFECT_TYPES]
    # The risk that the detections name themselves, and the one assessed for their zone.
    assert found == [["risk/R-1", "violation/AV-6"], ["risk/R-7", "violation/AV-6"]]
    assert (counts.opened, counts.covered, counts.not_built) == (2, 4, 0)
