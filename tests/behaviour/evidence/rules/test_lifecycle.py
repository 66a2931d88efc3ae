"""The fold of a subject's stream, held to a slow reference, and the short way to its end."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.records.facts import Fact, MemoryFacts
from evidence.records.judgement import Severity, Step
from evidence.records.lifecycle import current, display_state, fold
from tests.fakes.rules import engine, fact, record_type
from tests.reference.lifecycle import Rule, Said, accepted, state_after

BODY = """
lifecycle:
  initial: open
  states:
    open: {labels: {zh: 开, en: Open}}
    waiting: {labels: {zh: 等, en: Waiting}}
    done: {labels: {zh: 完, en: Done}, final: true}
  events:
    begin: {labels: {zh: 始, en: Begin}, from: [], to: open}
    wait: {labels: {zh: 等, en: Wait}, from: [open], to: waiting, by: [worker]}
    note: {labels: {zh: 记, en: Note}, from: ['*']}
    finish: {labels: {zh: 完, en: Finish}, from: [waiting], to: done, by: [site_head], human: true}
    reopen: {labels: {zh: 重, en: Reopen}, from: [done], to: open}
  timed:
    - {state: waiting, from: [open], when: "payload.n > 3"}
"""
TYPE = record_type(BODY)
RULES = {
    "begin": Rule(frozenset({""}), "open", frozenset(), human=False),
    "wait": Rule(frozenset({"open"}), "waiting", frozenset({"worker"}), human=False),
    "note": Rule(frozenset({"open", "waiting"}), "", frozenset(), human=False),
    "finish": Rule(frozenset({"waiting"}), "done", frozenset({"site_head"}), human=True),
    "reopen": Rule(frozenset({"done"}), "open", frozenset(), human=False),
}
EVENTS = st.sampled_from(["", *RULES, "fly"])
ROLES = st.sampled_from(["worker", "site_head", "detector", "", "service"])


@st.composite
def streams(draw: st.DrawFn) -> list[Fact]:
    found: list[Fact] = []
    for index in range(draw(st.integers(0, 7))):
        replaces = draw(st.sampled_from([None, None, "r99", *(item.record_id for item in found)]))
        blocked = draw(st.sampled_from([None, None, None, Severity.SOFT, Severity.HARD]))
        found.append(fact(index, draw(EVENTS), role=draw(ROLES), supersedes=replaces, blocked=blocked))
    return found


def said(stream: list[Fact]) -> list[Said]:
    return [
        Said(item.record_id, item.event or "begin", item.role, item.supersedes, item.blocked is Severity.HARD)
        for item in stream
    ]


@settings(max_examples=150)
@given(streams())
def test_the_fold_is_the_slow_reference(stream: list[Fact]) -> None:
    course = fold(TYPE, stream)
    assert course.state == state_after(RULES, said(stream))
    assert [move.accepted for move in course.moves] == [
        accepted(RULES, said(stream[: i + 1])) for i in range(len(stream))
    ]
    assert course.final == (course.state == "done")


@settings(max_examples=150)
@given(streams())
def test_the_short_way_ends_where_the_fold_does(stream: list[Fact]) -> None:
    judge, known = engine(TYPE), MemoryFacts()
    frozen: list[Fact] = []
    for item in stream:
        bare = replace(item, blocked=None)
        judgement = judge.judge(bare, known)
        frozen.append(replace(bare, step=judgement.step, blocked=judgement.blocked()))
        known.add(frozen[-1])
    course = fold(TYPE, frozen)
    last = course.accepted[-1].fact if course.accepted else None
    assert current(TYPE, frozen) == (course.state, last)
    assert course.state == fold(TYPE, [replace(item, blocked=None) for item in stream]).state


def test_a_frozen_move_is_believed_rather_than_worked_out_again() -> None:
    opened = fact(0, step=Step("begin", "", "open", accepted=True))
    refused = fact(1, "wait", step=Step("wait", "open", "open", accepted=False))
    assert fold(TYPE, [opened, refused]).state == "open"
    assert current(TYPE, [opened, refused]) == ("open", opened)


def test_a_refused_record_can_hold_the_subject() -> None:
    opened = fact(0, step=Step("begin", "", "open", accepted=True))
    held = fact(1, "note", step=Step("note", "open", "waiting", accepted=False))
    assert fold(TYPE, [opened, held]).state == "waiting"
    assert current(TYPE, [opened, held]) == ("waiting", opened)


def test_a_move_frozen_in_states_that_no_longer_exist_is_worked_out_again() -> None:
    opened = fact(0, step=Step("begin", "", "planned", accepted=True))
    assert fold(TYPE, [opened]).state == "open"
    assert current(TYPE, [opened]) == ("open", opened)


def test_since_is_the_move_that_brought_the_state() -> None:
    course = fold(TYPE, [fact(0), fact(1, "wait"), fact(2, "note"), fact(3, "begin")])
    assert course.since is not None
    assert course.since.fact.index == 1
    assert [move.fact.index for move in course.refused] == [3]


def test_time_alone_shows_another_state_without_storing_it() -> None:
    lifecycle = TYPE.lifecycle
    assert lifecycle is not None
    assert display_state(lifecycle, "open", lambda when: when == "payload.n > 3") == "waiting"
    assert display_state(lifecycle, "open", lambda when: False) == "open"
    assert display_state(lifecycle, "done", lambda when: True) == "done"
