"""The form of a type as data."""

from __future__ import annotations

from typing import Any

import pytest

from evidence.records import RecordType, load_catalogue
from evidence.records.forms import form_of
from tests.unit.evidence.records.rich import visit

VISIT = visit()


def fields(form: Any) -> dict[str, Any]:
    return {field["name"]: field for step in form["steps"] for field in step["fields"]}


def test_steps_and_fields_are_those_of_the_layout_with_the_context_last() -> None:
    form: Any = form_of(VISIT, "zh")
    assert [step["label"] for step in form["steps"]] == ["基本", "评价", "记录信息"]
    assert [field["name"] for field in form["steps"][0]["fields"]] == ["weight", "guide_ref"]
    assert {"subject", "event", "site"} <= {field["name"] for field in form["steps"][2]["fields"]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("weight", {"widget": "quantity", "units": ["kg", "t"], "required": True, "label": "Weight"}),
        ("guide_ref", {"widget": "text", "required": True, "refers_to": ["person"], "required_for": ["start"]}),
        ("mood", {"widget": "choice", "required": False, "personal": "sensitive", "required_for": ["close"]}),
        ("mood", {"options": [{"value": "good", "label": "Good"}, {"value": "bad", "label": "Bad"}]}),
        ("attachments", {"widget": "files", "maxItems": 32}),
        ("event", {"widget": "choice", "label": "Event"}),
    ],
)
def test_a_field_says_how_it_is_entered(name: str, expected: dict[str, Any]) -> None:
    field = fields(form_of(VISIT, "en"))[name]
    assert {key: field[key] for key in expected} == expected


def test_lists_of_objects_name_their_members() -> None:
    field = fields(form_of(VISIT, "zh"))["guests"]
    assert (field["widget"], field["item"]["widget"]) == ("list", "group")
    assert [(m["name"], m["label"], m["required"]) for m in field["item"]["members"]] == [("ref", "编号", True)]


def test_what_is_required_depends_on_the_event() -> None:
    assert fields(form_of(VISIT, "en", "close"))["mood"]["required"]
    assert not fields(form_of(VISIT, "en", "close"))["guide_ref"]["required"]
    with pytest.raises(KeyError):
        form_of(VISIT, "en", "fly")


def test_a_type_without_layout_gets_one_step_of_its_own_fields() -> None:
    plain = visit(("form", None))
    form: Any = form_of(plain, "en")
    assert len(form["steps"]) == 2
    own = [name for name in plain.fields if name in ("weight", "guide_ref", "guests", "mood", "office")]
    assert [field["name"] for field in form["steps"][0]["fields"] if field["name"] in own] == own


@pytest.mark.parametrize("record_type", load_catalogue().all_types(), ids=lambda item: f"{item.id}-{item.version}")
def test_every_shipped_type_has_a_form_with_all_its_fields(record_type: RecordType) -> None:
    events = (None, *record_type.lifecycle.events) if record_type.lifecycle else (None,)
    for event in events:
        placed = fields(form_of(record_type, "zh", event))
        needed = {field.name for field in record_type.fields.values() if field.required}
        assert needed <= set(placed)
        assert all(field["label"] for field in placed.values())
