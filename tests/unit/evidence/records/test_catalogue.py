"""The catalogue: versions, a site's own files, tables and clause maps."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from evidence.records import RecordTypeInvalid, load_catalogue
from evidence.records.clause_map import parse_clause_map
from evidence.records.loader import shipped
from tests.support import every_case
from tests.unit.evidence.records.rich import TEXT

CATALOGUE = load_catalogue()
RELEASED = {
    "ai_violation": "1;sha-256=tK0A5GCaAoCfpxNuCBERyaVskhpkORbO7rjYI_fN6uA",
    "calibration_record": "1;sha-256=oOb5q3-p2KsjNo3hzD66OXN5JUJf4eQNmw5Ywf6x1gs",
    "erasure": "1;sha-256=ZHYnovVW8hrz9bnSn-3-FDYzkiFRb0SLBFcECRiuMtM",
    "evidence_package": "1;sha-256=Cvza6f45gn7xWNpHHNckPoTC8h79o8f6jj35fT_zb70",
    "key_event": "1;sha-256=yM500RbW1EkJOqVPHQCICVTLXv057Hs4Nm1wWJDvbDA",
    "loading_step": "1;sha-256=FMqTd0ivfpXzB71UoliY0b_unN9dm_2WTHHfUiuZ1vY",
    "training_record": "1;sha-256=5qXylokiVRJciah3oddAaykFP9_hS682NJ7cDsJmbO8",
}
"""Claims that statements in the world were signed with."""
TABLE: dict[str, Any] = {
    "id": "limits-of-site", "version": 1, "labels": {"zh": "限值", "en": "Limits"}, "source": "test", "confidence": "k",
    "valid_from": None, "valid_to": "2026-06-30", "schema": {"type": "object"}, "values": {"limit": "5"},
}  # fmt: skip


@pytest.mark.parametrize(("type_id", "claim"), RELEASED.items())
def test_released_versions_are_known_by_the_claims_they_were_signed_with(type_id: str, claim: str) -> None:
    found = CATALOGUE.by_claim(type_id, claim)
    assert found is not None
    assert (found.id, found.version, found.lifecycle, found.rules) == (type_id, 1, None, ())
    assert CATALOGUE.types[type_id].version > 1


def test_an_unknown_claim_is_no_version() -> None:
    assert CATALOGUE.by_claim("training_record", RELEASED["key_event"]) is None
    current = CATALOGUE.types["training_record"]
    assert CATALOGUE.by_claim("training_record", current.schema_claim) is current


@every_case("catalogue_files")
def test_a_site_file_with_a_defect_is_named(case: dict[str, Any]) -> None:
    own = shipped("types")
    files = {path: own[f"{text[1:]}.yaml"] if text[:1] == "@" else text for path, text in case["files"].items()}
    with pytest.raises(RecordTypeInvalid) as caught:
        _ = load_catalogue(files).zone
    assert case["expected"]["says"] in str(caught.value)


def test_a_site_adds_a_type_and_nothing_else_changes() -> None:
    site = load_catalogue({"types/visit.yaml": TEXT})
    assert set(site.types) - set(CATALOGUE.types) == {"visit"}
    assert site.types["key_event"] is CATALOGUE.types["key_event"]
    assert "visit" not in load_catalogue().types


def test_a_table_is_that_of_the_day() -> None:
    later = {**TABLE, "version": 2, "valid_from": "2026-07-01", "valid_to": None, "values": {"limit": "3"}}
    correction = {**TABLE, "version": 3, "valid_from": "2026-06-01", "values": {"limit": "4"}}
    editions = {
        f"tables/limits-of-site-{item['version']}.yaml": json.dumps(item) for item in (TABLE, later, correction)
    }
    tables = load_catalogue(editions).tables
    days = [date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 30), date(2026, 7, 1)]
    assert [tables.at("limits-of-site", day).values["limit"] for day in days] == ["5", "4", "4", "3"]
    alone = load_catalogue({"tables/limits-of-site.yaml": json.dumps(TABLE)}).tables
    with pytest.raises(KeyError):
        alone.at("limits-of-site", date(2026, 7, 1))


def test_the_zone_is_that_of_the_newest_site_table() -> None:
    assert str(CATALOGUE.zone) == "Asia/Shanghai"
    own = shipped("tables")["site.yaml"].replace("version: 1", "version: 2").replace("Asia/Shanghai", "Europe/Vienna")
    assert str(load_catalogue({"tables/site.yaml": own}).zone) == "Europe/Vienna"


def test_a_clause_answers_for_those_below_it() -> None:
    label = {"zh": "题", "en": "Title"}

    def clause(number: str, *records: tuple[str, bool]) -> dict[str, Any]:
        types = [{"type": name, "primary": primary} for name, primary in records]
        return {"number": number, "title": label, "di": "R", "question": label, "records": types}

    clauses = [
        clause("8.1.1", ("loading_step", False)),
        clause("8.1.2", ("work_permit", True), ("loading_step", False)),
        clause("8.10", ("incident", True)),
        clause("8.2"),
    ]
    found = parse_clause_map(
        {"id": "m", "version": 1, "labels": dict(label), "source": "s", "confidence": "c", "clauses": list(clauses)}
    )
    assert [(item.type, item.primary) for item in found.types_for("8.1")] == [
        ("work_permit", True),
        ("loading_step", False),
    ]
    assert [item.type for item in found.types_for("8")] == ["work_permit", "incident", "loading_step"]
    assert found.types_for("8.2") == ()
    assert [item.number for item in found.clauses_for("loading_step")] == ["8.1.1", "8.1.2"]
