"""Types with references, lifecycle, deadlines, rules and form: what is read, and what is said of a mistake."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from evidence.canonical import Json, dumps, loads
from evidence.records import (
    PayloadMismatch,
    RecordType,
    RecordTypeInvalid,
    parse_record_types,
    validate,
    validate_shown,
)
from evidence.records.definition import define
from evidence.records.durations import Duration
from evidence.records.loader import Document
from tests.support import every_case
from tests.unit.evidence.records.rich import COMMON, SHARED, TEXT, rich, visit

VISIT = visit()
PAYLOAD: dict[str, Json] = {"subject": "visit/1", "weight": {"value": "1.5", "unit": "kg"}, "guide_ref": "E-1"}


@every_case("lifecycle_types")
def test_defect_is_named_with_its_place(case: dict[str, Any]) -> None:
    document = Document("visit.yaml", rich(*[(path, value) for path, value in case["change"]]))
    with pytest.raises(RecordTypeInvalid) as caught, document.errors():
        define(document.value, SHARED)
    assert case["expected"]["says"] in str(caught.value)
    assert str(caught.value).startswith("visit.yaml")


def test_a_mistake_is_reported_with_its_line() -> None:
    lines = TEXT.splitlines()
    at = next(number for number, line in enumerate(lines) if "close:" in line)
    lines[at] = lines[at].replace("[hr]", "[chef]")
    with pytest.raises(
        RecordTypeInvalid, match=rf"^visit\.yaml, line {at + 1}, lifecycle, event close, by: unknown role"
    ):
        parse_record_types({"_common.yaml": COMMON, "visit.yaml": "\n".join(lines)})


def test_the_events_are_a_field_of_the_payload_and_the_first_is_meant_without() -> None:
    lifecycle = VISIT.lifecycle
    assert lifecycle is not None
    assert lifecycle.default_event == next(iter(lifecycle.events)) == "start"
    validate(VISIT, PAYLOAD)
    validate(VISIT, {**PAYLOAD, "event": "start"})
    without_guide = {name: value for name, value in PAYLOAD.items() if name != "guide_ref"}
    validate(VISIT, {**without_guide, "event": "amend"})
    for payload, problem in (
        (without_guide, ("/guide_ref", "required")),
        ({**PAYLOAD, "event": "close"}, ("/mood", "required")),
        ({**PAYLOAD, "event": "fly"}, ("/event", "enum")),
    ):
        with pytest.raises(PayloadMismatch) as caught:
            validate(VISIT, payload)
        assert problem in caught.value.problems


def test_canonical_data_gives_the_same_type_back() -> None:
    again = RecordType.from_data(loads(dumps(dict(VISIT.data))))
    assert again.digest == VISIT.digest
    assert again.lifecycle is not None
    assert again.lifecycle.default_event == "start"
    assert (again.rules, again.deadlines, again.measures, again.unique) == (
        VISIT.rules, VISIT.deadlines, VISIT.measures, VISIT.unique,
    )  # fmt: skip
    assert again.fields == VISIT.fields


def test_states_of_an_event_are_those_that_it_names() -> None:
    lifecycle = VISIT.lifecycle
    assert lifecycle is not None
    assert (lifecycle.events["start"].opens, lifecycle.events["start"].from_states) == (True, ())
    assert lifecycle.events["amend"].from_states == ("open", "late")  # every one that is not final
    assert (lifecycle.events["amend"].opens, lifecycle.events["amend"].to) == (False, "")
    assert (lifecycle.follow[0].opens, lifecycle.follow[0].from_states) == (True, ("open",))


def test_what_starts_a_deadline_and_who_is_told() -> None:
    first, second = VISIT.deadlines
    assert first.due.within == Duration(0, 1, 24 * 60)
    assert (first.start_events, second.start_events) == (("start",), ())
    assert [step.before_due for step in (*first.escalate, *second.escalate)] == [False, True]
    assert second.escalate[0].offset == timedelta(days=-30)


def test_shown_fields_are_held_against_the_type_and_none_is_missed() -> None:
    validate_shown(VISIT, {"weight": {"value": "1.5", "unit": "t"}})
    validate_shown(VISIT, {"event": "close"})
    misfits: list[dict[str, Json]] = [
        {"weight": {"value": "1.5", "unit": "lb"}},
        {"hat": "red"},
        {"weight": {"value": "1.5"}},
    ]
    for shown in misfits:
        with pytest.raises(PayloadMismatch):
            validate_shown(VISIT, shown)


def test_only_the_definitions_in_use_are_part_of_a_type() -> None:
    schema: Any = VISIT.schema
    assert "plate" not in schema["$defs"]
    assert {"quantity", "decimal"} <= set(schema["$defs"])  # one through the other
