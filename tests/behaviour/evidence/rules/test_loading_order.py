"""The order rule against its slow definition, over loadings that went wrong in every way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.records.facts import Fact
from evidence.records.loading import Course
from evidence.records.loading.graph import LIMITS, STEPS, step_graph
from tests.fakes.loading_site import OPERATION, SOUND, START, catalogue
from tests.reference.loading_order import Done, SlowOrder

TABLES = (catalogue().tables.at(STEPS, START.date()), catalogue().tables.at(LIMITS, START.date()))
CODES = [*SOUND, "X01", "X02", "X03"]


@st.composite
def loadings(draw: st.DrawFn) -> list[Done]:
    """The sound order with steps left out, moved, repeated, failed and held, at random distances in time."""
    codes = draw(st.lists(st.sampled_from(list(SOUND)), max_size=4))
    order = [code for code in SOUND if code not in codes[:2]] if draw(st.booleans()) else list(SOUND)
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(order)))
        change = draw(st.sampled_from(["insert", "resume", "swap", "emergency"]))
        if change == "swap" and 0 < place < len(order):
            order[place - 1], order[place] = order[place], order[place - 1]
        elif change != "swap":
            emergency = st.sampled_from(["X01", "X02", "X03"])
            choice = {"resume": st.just("resume"), "emergency": emergency}.get(change, st.sampled_from(CODES))
            order.insert(place, draw(choice))
    minute, records = 0, []
    for code in order:
        minute += draw(st.sampled_from([0, 1, 5, 5, 14, 16, 31]))
        records.append(Done(code, minute, draw(st.integers(0, 14)) != 0))
    return records


def as_fact(index: int, done: Done) -> Fact:
    kind, payload = "loading_step", {"step_code": done.code, "result": "pass" if done.passed else "fail"}
    if done.code == "resume":
        kind, payload = "loading_operation", {"event": "resume"}
    values: dict[str, Any] = {"payload": payload | {"direction": "load"}}
    at = START + timedelta(minutes=done.minute)
    return Fact(index, f"r-{index}", kind, 2, OPERATION, at, at, "mobile", "tablet", **values)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(loadings())
def test_LO1_the_order_is_that_of_its_recursive_definition(records: list[Done]) -> None:
    slow = SlowOrder(records, TABLES[0].values, TABLES[1].values)
    course = Course(step_graph(*TABLES))
    for index, done in enumerate(records):
        fact = as_fact(index, done)
        assert course.state == slow.state(index), f"state before record {index}"
        if done.code != "resume":
            found = {(defect.step, defect.hard) for defect in course.defects(fact)}
            assert found == slow.refused(index), f"record {index}, {done.code}"
        course.follow(fact)


@settings(max_examples=40, deadline=None)
@given(loadings())
def test_LO1_looking_ahead_changes_nothing(records: list[Done]) -> None:
    course = Course(step_graph(*TABLES))
    for index, done in enumerate(records):
        fact = as_fact(index, done)
        ahead = course.after(fact).state
        course.follow(fact)
        assert course.state == ahead
