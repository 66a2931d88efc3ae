"""The shipped catalogue is whole: every rule of the domain, every record type, both clause maps."""

from __future__ import annotations

from evidence.records import load_catalogue
from evidence.records.predicates import reasons

CATALOGUE = load_catalogue()
RULES = {"TR": 6, "CA": 7, "LO": 10, "IN": 5, "AV": 9}
"""Rules of training, calibration, loading, incidents and detections by their number."""
TYPES = {
    "training_record", "credential", "equipment", "calibration_record", "loading_operation", "loading_step",
    "hazard_report", "risk_assessment", "incident", "nonconformity", "action", "ai_violation", "emergency_drill",
    "contractor_admission", "consultation_record", "work_permit", "legal_requirement", "compliance_evaluation",
    "audit", "audit_finding", "inspection_round", "improvement_proposal", "document_version", "role_appointment",
    "camera", "zone", "model_version", "regulator_access", "erasure", "evidence_package", "key_event",
}  # fmt: skip


def test_every_rule_of_the_domain_has_an_entry() -> None:
    types = CATALOGUE.types.values()
    known = {rule.id for kind in types for rule in kind.rules}
    known |= {deadline.id for kind in types for deadline in kind.deadlines}
    known |= {measure.id for kind in types for measure in kind.measures}
    wanted = {"H48", "RA1"} | {f"{area}{number + 1}" for area, count in RULES.items() for number in range(count)}
    assert wanted - known == set()


def test_every_record_type_of_the_domain_is_there() -> None:
    assert TYPES - set(CATALOGUE.types) == set()


def test_both_standards_have_a_clause_map_that_names_known_types() -> None:
    assert {"iso-45001-2018", "gb-t-33000-2025"} <= set(CATALOGUE.clause_maps)
    for clause_map in CATALOGUE.clause_maps.values():
        named = {record.type for clause in clause_map.clauses for record in clause.records}
        assert named - set(CATALOGUE.types) == set()


def test_every_reason_of_a_rule_has_words() -> None:
    codes = {rule.reason for kind in CATALOGUE.types.values() for rule in kind.rules}
    assert codes - set(reasons()) == set()


def test_every_type_names_a_clause_of_the_standard() -> None:
    clauses = CATALOGUE.clause_maps["iso-45001-2018"]
    lost = {kind.id: [n for n in kind.clauses if not clauses.within(n)] for kind in CATALOGUE.types.values()}
    assert {name: numbers for name, numbers in lost.items() if numbers} == {}
