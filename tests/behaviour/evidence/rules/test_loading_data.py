"""The loading tables and types agree with each other, whatever edition a site brings."""

from __future__ import annotations

import copy
from typing import Any

from evidence.records.loading import Course
from evidence.records.loading.course import EVENTS, OPERATION
from evidence.records.loading.graph import LIMITS, STEPS, step_graph
from evidence.records.table import Table
from evidence.records.table_definition import parse_table
from tests.fakes.loading_site import OPERATION as SUBJECT
from tests.fakes.loading_site import SOUND, START, Site, catalogue

DAY = START.date()
STEP_TABLE = catalogue().tables.at(STEPS, DAY)
GRAPH = step_graph(STEP_TABLE, catalogue().tables.at(LIMITS, DAY))


def lifecycle() -> Any:
    return catalogue().types[OPERATION].lifecycle


def edited(table: Table, change: Any) -> Table:
    data: Any = copy.deepcopy(dict(table.data))
    change(data["values"])
    return parse_table(data)


def test_the_table_has_every_step_of_the_type() -> None:
    schema: Any = catalogue().types["loading_step"].schema
    assert set(schema["properties"]["step_code"]["enum"]) == set(GRAPH.rows)


def test_labels_of_steps_are_those_of_the_table() -> None:
    options = catalogue().types["loading_step"].fields["step_code"].options
    values: Any = STEP_TABLE.values
    assert {code: dict(labels) for code, labels in options.items()} == {c: r["labels"] for c, r in values.items()}


def test_the_graph_has_no_cycle_and_names_only_its_own_steps() -> None:
    done: set[str] = set()
    while len(done) < len(GRAPH.rows):
        ready = {code for code, row in GRAPH.rows.items() if {edge.step for edge in row.needs} <= done} - done
        assert ready, f"a cycle among {sorted(set(GRAPH.rows) - done)}"
        done |= ready
    assert {step for row in GRAPH.rows.values() for step in row.undoes} <= set(GRAPH.rows)


def test_the_order_of_the_sound_loading_fits_the_graph() -> None:
    order = list(SOUND)
    for code in order:
        assert all(order.index(edge.step) < order.index(code) for edge in GRAPH.rows[code].needs), code


def test_moves_of_the_table_are_those_of_the_lifecycle() -> None:
    follow = {item.to: ({*item.from_states} | ({"new"} if item.opens else set())) for item in lifecycle().follow}
    for row in GRAPH.rows.values():
        if row.to:
            assert row.from_states <= follow[row.to], row.code


def test_events_of_the_course_are_those_of_the_lifecycle() -> None:
    for name, event in lifecycle().events.items():
        if event.to:
            sources, to = EVENTS[name]
            assert (set(sources) - {""}, to) == (set(event.from_states), event.to), name
            assert ("" in sources) is event.opens, name
    assert set(EVENTS) == {name for name, event in lifecycle().events.items() if event.to}


def test_emergencies_come_before_nothing_and_need_nothing() -> None:
    assert all(not row.needs for row in GRAPH.rows.values() if row.emergency)


def test_a_site_may_change_the_graph_by_its_own_table() -> None:
    def earth_before_area_check(values: Any) -> None:
        values["S05"]["needs"].append({"step": "S07", "hard": True})

    changed = step_graph(edited(STEP_TABLE, earth_before_area_check), catalogue().tables.at(LIMITS, DAY))
    site = Site()
    site.book()
    site.steps("S01", "S04")
    fact = site._fact("loading_step", SUBJECT, {"step_code": "S05", "result": "pass"}, site.clock)
    course = Course(changed)
    for earlier in site.facts.about(SUBJECT):
        course.follow(earlier)
    assert [(defect.step, defect.reason) for defect in course.defects(fact)] == [("S07", "step_missing")]


def test_the_frozen_state_is_that_of_the_course() -> None:
    site = Site()
    site.book()
    site.steps("S01", "S06")
    site.step("S13")
    site.event("resume", after=40, cause="order", measures="order")
    site.steps("S07", "S22")
    course = Course(GRAPH)
    for fact in site.facts.about(SUBJECT):
        course.follow(fact)
        assert fact.step is not None
        assert course.state == fact.step.to
