"""Two versions of a type: what changed, and whether old data still fit."""

from __future__ import annotations

from typing import Any

import pytest

from evidence.records import load_catalogue, validate
from evidence.records.compare import compare
from tests.unit.evidence.records.rich import visit

OLD = visit()
HAT = {"labels": {"zh": "帽", "en": "Hat"}, "schema": {"type": "boolean"}}
GUEST = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ([("fields.hat", HAT)], ("field", "hat", "added", "")),
        ([("fields.badge", None), ("unique", [])], ("field", "badge", "removed", "")),
        ([("fields.badge.labels.en", "Pass")], ("field", "badge", "changed", "labels")),
        ([("fields.badge.schema", {"enum": ["a"]})], ("field", "badge", "changed", "schema")),
        ([("rules.0.severity", "soft")], ("rule", "V3", "changed", "severity")),
        ([("rules", [])], ("rule", "V3", "removed", "")),
        ([("deadlines.0.due", {"within": "PT1H"})], ("deadline", "V1", "changed", "due")),
        ([("lifecycle.events.close.by", ["hr", "auditor"])], ("event", "close", "changed", "by")),
        ([("measures", [])], ("measure", "V4", "removed", "")),
        ([("retention.class", "long")], ("type", "retention", "changed", "")),
    ],
)
def test_a_difference_is_named(changes: list[tuple[str, Any]], difference: tuple[str, ...]) -> None:
    found = compare(OLD, visit(*changes)).differences
    assert difference in [(item.part, item.name, item.change, item.what) for item in found]


def test_a_type_does_not_differ_from_itself() -> None:
    same = compare(OLD, visit())
    assert same.differences == ()
    assert same.old_data_fit


@pytest.mark.parametrize(
    "changes",
    [
        [("fields.hat", HAT)],
        [("fields.mood.schema", {"enum": ["good", "bad", "mixed"]})],
        [("fields.about.schema.maxLength", 200)],
        [("fields.about.schema.maxLength", None)],
        [("fields.guests.schema.items.required", None)],
        [("fields.guests.schema.items.properties.name", {"type": "string"})],
        [("fields.guests.schema.maxItems", 10)],
        [("required", [])],
        [("subject.kind", "*")],
        [("lifecycle.events.start.requires", [])],
    ],
)
def test_old_data_fit_what_only_allows_more(changes: list[tuple[str, Any]]) -> None:
    assert compare(OLD, visit(*changes)).misfits == ()


@pytest.mark.parametrize(
    "changes",
    [
        [("fields.badge", None), ("unique", [])],
        [("fields.hat", HAT), ("required", ["weight", "hat"]), ("form", None)],
        [("required", ["weight", "office"]), ("form", None)],
        [("fields.mood.schema", {"enum": ["good"]})],
        [("fields.about.schema.maxLength", 100)],
        [("fields.about.schema.minLength", 2)],
        [("fields.about.schema.pattern", "^[a-z]+$")],
        [("fields.guests.schema.items", GUEST)],
        [("fields.guests.schema.maxItems", 8)],
        [("fields.due_at.schema", {"type": "integer", "minimum": 0})],
        [("fields.weight.schema.properties.unit.enum", ["kg"])],
        [("subject.kind", "tour")],
        [("lifecycle.events.start.requires", ["guide_ref", "office"]), ("form", None)],
        [("lifecycle.events.amend", None)],
    ],
)
def test_what_allows_less_is_said(changes: list[tuple[str, Any]]) -> None:
    assert compare(OLD, visit(*changes)).misfits != ()


def test_the_product_s_own_types_still_take_what_was_released() -> None:
    catalogue = load_catalogue()
    misfits = {old.id: compare(old, catalogue.types[old.id]).misfits for old in catalogue.released}
    assert misfits
    assert {name: found for name, found in misfits.items() if found} == {}


def test_a_payload_of_the_old_version_is_taken_by_the_new_one() -> None:
    payload: dict[str, Any] = {"subject": "visit/1", "weight": {"value": "1", "unit": "kg"}, "guide_ref": "E-1"}
    for changes in ([("fields.hat", HAT)], [("fields.mood.schema", {"enum": ["good", "bad", "mixed"]})]):
        new = visit(*changes)
        assert compare(OLD, new).old_data_fit
        validate(OLD, payload)
        validate(new, payload)
