"""Deadlines as of an instant: the boundary minute, who stops a clock, and that a breach stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evidence.records.deadlines import Deadline, DeadlineState, deadlines_of
from evidence.records.facts import Fact
from evidence.records.model import RecordType
from evidence.records.table import Tables
from tests.fakes.rules import LABELS, NOON, ZONE, fact, record_type, table

HOUR = 60
LIFECYCLE = f"""
lifecycle:
  initial: open
  states:
    open: {{{LABELS}}}
    answered: {{{LABELS}}}
    closed: {{{LABELS}, final: true}}
  events:
    submit: {{{LABELS}, from: [], to: open}}
    remind: {{{LABELS}, from: [open]}}
    acknowledge: {{{LABELS}, from: [open]}}
    answer: {{{LABELS}, from: [open], to: answered, human: true}}
    extend: {{{LABELS}, from: [open], human: true}}
    close: {{{LABELS}, from: [answered, open], to: closed, human: true}}
    reopen: {{{LABELS}, from: [answered, closed], to: open, human: true}}
"""


def having(due: str, starts: str = "event: [submit, reopen], clock: received_at", more: str = "") -> RecordType:
    return record_type(
        LIFECYCLE
        + "deadlines:\n"
        + f"  - {{id: H48, {LABELS}, starts: {{{starts}}}, due: {{{due}}},"
        + f" stops: [acknowledge, answer, extend]{more}}}\n"
    )


TABLES = Tables(
    [
        table(
            "times",
            answer={"high": "PT1H", "low": "P1M", "odd": "soon"},
            window={"note": "PT2H", "high": "PT1H", "other": "PT9H"},
        )
    ]
)


def clocks(kind: RecordType, minutes: float, *facts: Fact) -> tuple[Deadline, ...]:
    return deadlines_of(kind, facts, NOON + timedelta(minutes=minutes), TABLES, ZONE)


def one(kind: RecordType, minutes: float, *facts: Fact) -> Deadline:
    (found,) = clocks(kind, minutes, *facts)
    return found


def at(index: int, event: str = "", minutes: float = 0, **more: Any) -> Fact:
    return fact(index, event, minutes=minutes, **more)


H48 = having("within: PT48H", more=", escalate: [{after: PT24H, to: team_lead}, {after: PT48H, to: site_head}]")
OPENED = at(0)


@pytest.mark.parametrize(
    ("minutes", "state"),
    [
        (0, "running"),
        (24 * HOUR - 1, "running"),
        (24 * HOUR, "due_soon"),
        (48 * HOUR, "due_soon"),
        (48 * HOUR + 1, "breached"),
    ],
)
def test_an_open_clock_by_the_minute(minutes: int, state: str) -> None:
    assert one(H48, minutes, OPENED).state == state


@pytest.mark.parametrize(("minutes", "state"), [(48 * HOUR, "met"), (48 * HOUR + 1, "met_late")])
def test_an_answer_in_the_last_minute_counts_and_one_minute_later_is_late(minutes: int, state: str) -> None:
    clock = one(H48, 1000 * HOUR, OPENED, at(1, "answer", minutes))
    assert (clock.state, clock.met_by, clock.met_kid, clock.met_human) == (state, 1, "k1", True)
    assert clock.breached_at == (clock.due if state == "met_late" else None)


def test_a_late_answer_does_not_erase_the_breach() -> None:
    before, after = one(H48, 50 * HOUR, OPENED), one(H48, 51 * HOUR, OPENED, at(1, "answer", 51 * HOUR))
    assert before.breached_at == after.breached_at == NOON + timedelta(hours=48)


def test_an_answer_that_is_dated_back_is_late_and_says_so() -> None:
    back = at(1, "answer", 51 * HOUR, occurred_at=NOON)
    clock = one(H48, 52 * HOUR, OPENED, back)
    assert (clock.state, clock.stated_in_time) == (DeadlineState.MET_LATE, True)


def test_what_the_ledger_has_not_received_yet_is_not_known() -> None:
    assert one(H48, 30 * HOUR, OPENED, at(1, "answer", 31 * HOUR)).state is DeadlineState.DUE_SOON


@pytest.mark.parametrize(
    "answer",
    [
        at(1, "acknowledge", 1),
        at(1, "answer", 1, role="detector"),
        at(1, "answer", 1, channel="iot"),
    ],
    ids=["no decision", "by a detector", "through a machine's channel"],
)
def test_only_a_person_stops_the_clock(answer: Fact) -> None:
    assert one(H48, 49 * HOUR, OPENED, answer).state is DeadlineState.BREACHED


def test_a_clock_that_needs_no_person_is_stopped_by_anything() -> None:
    kind = having("within: PT48H", more=", human: false")
    assert one(kind, 49 * HOUR, OPENED, at(1, "acknowledge", 1)).state is DeadlineState.MET


def test_an_event_that_was_refused_stops_nothing() -> None:
    answered, again = at(1, "answer", 1), at(2, "reopen", 2)
    refused = at(3, "submit", 3)
    assert [c.state for c in clocks(H48, 60, OPENED, answered, again, refused)] == ["met", "running"]


def test_a_subject_opened_again_gets_a_new_clock_beside_the_old() -> None:
    late, again = at(1, "answer", 50 * HOUR), at(2, "reopen", 60 * HOUR)
    first, second = clocks(H48, 61 * HOUR, OPENED, late, again)
    assert (first.state, second.state) == (DeadlineState.MET_LATE, DeadlineState.RUNNING)
    assert second.started == NOON + timedelta(hours=60)


def test_a_second_start_does_not_set_the_clock_back() -> None:
    kind = having("within: PT48H", "event: [submit, remind], clock: received_at")
    assert one(kind, 50 * HOUR, OPENED, at(1, "remind", 10)).started == NOON


def test_an_event_that_stops_and_starts_gives_a_new_clock() -> None:
    kind = having("within: PT48H", "event: [submit, extend], clock: received_at")
    first, second = clocks(kind, 10, OPENED, at(1, "extend", 5))
    assert (first.state, second.started) == (DeadlineState.MET, NOON + timedelta(minutes=5))


def test_an_extension_after_the_breach_leaves_the_breach() -> None:
    restarting = having("within: PT48H", "event: [submit, extend], clock: received_at")
    first, second = clocks(restarting, 50 * HOUR, OPENED, at(1, "extend", 49 * HOUR))
    assert (first.state, first.breached_at is not None, second.state) == ("met_late", True, "running")


def test_the_end_of_the_subject_stops_the_clock_whatever_the_event() -> None:
    assert one(H48, 49 * HOUR, OPENED, at(1, "close", 47 * HOUR)).state is DeadlineState.MET


def test_a_soft_clock_is_a_reminder_and_never_breached() -> None:
    kind = having("within: PT48H", more=", soft: true, escalate: [{before: PT1H, to: owner}]")
    assert one(kind, 46 * HOUR, OPENED).state is DeadlineState.RUNNING
    assert one(kind, 47 * HOUR, OPENED).state is DeadlineState.DUE_SOON
    late = one(kind, 60 * HOUR, OPENED)
    assert (late.state, late.breached_at) == (DeadlineState.DUE_SOON, None)
    assert one(kind, 99 * HOUR, OPENED, at(1, "answer", 60 * HOUR)).state is DeadlineState.MET


def test_who_is_told_and_when() -> None:
    answered = one(H48, 99 * HOUR, OPENED, at(1, "answer", 25 * HOUR))
    assert [(t.level, t.to, t.at - NOON, t.reached) for t in answered.escalations] == [
        (1, "team_lead", timedelta(hours=24), True),
        (2, "site_head", timedelta(hours=48), False),
    ]


@pytest.mark.parametrize(
    ("value", "due"),
    [
        ("2026-03-10", datetime(2026, 3, 10, 15, 59, 59, 999_999, tzinfo=UTC)),
        ("2026-03-10T08:00:00Z", datetime(2026, 3, 10, 8, tzinfo=UTC)),
        ("next week", None),
        ("2026-02-30", None),
        (None, None),
        (7, None),
    ],
)
def test_a_date_is_due_at_its_end_at_the_site(value: Any, due: datetime | None) -> None:
    kind = having("field: due")
    clock = one(kind, 0, at(0, payload={"due": value}))
    assert (clock.due, clock.state) == (due, DeadlineState.RUNNING)


def test_a_due_time_by_a_table_is_known_once_the_level_is() -> None:
    kind = having("table: times.answer, by: level", more=", human: false")
    assert one(kind, 300, OPENED).due is None
    triaged = fact(1, "extend", minutes=5, payload={"level": "high"})
    kind = record_type(
        LIFECYCLE
        + f"deadlines:\n  - {{id: D1, {LABELS}, starts: {{event: submit, clock: occurred_at}},"
        + " due: {table: times.answer, by: level}, stops: [answer]}\n"
    )
    assert one(kind, 300, OPENED, triaged).due == NOON + timedelta(hours=1)
    assert one(kind, 300, OPENED, fact(1, "extend", payload={"level": "low"})).due == datetime(
        2026, 4, 4, 4, tzinfo=UTC
    )
    for unknown in ("odd", "never heard of", 5, None):
        assert one(kind, 300, OPENED, fact(1, "extend", payload={"level": unknown})).due is None


@pytest.mark.parametrize(
    ("payload", "hours"),
    [
        ({"note": True, "level": "high"}, 2),
        ({"note": False, "level": "high"}, 1),
        ({"level": "high"}, 1),
        ({"note": True}, 2),
        ({"level": "never heard of"}, 9),
        ({"note": False}, None),
        ({"level": 5}, None),
    ],
)
def test_the_first_field_that_names_a_row_decides(payload: dict[str, Any], hours: int | None) -> None:
    kind = having("table: times.window, by: [note, level]")
    expected = None if hours is None else NOON + timedelta(hours=hours)
    assert one(kind, 0, at(0, payload=payload)).due == expected


def test_a_clock_by_a_field_starts_with_the_record_that_has_it() -> None:
    kind = having("within: PT1H", "event: [submit, reopen], clock: 'field:due'")
    assert clocks(kind, 300, OPENED) == ()
    assert one(kind, 300, at(0, payload={"due": "2026-03-04T03:30:00Z"})).due == NOON + timedelta(minutes=30)


def test_a_correction_in_time_moves_the_due_date_and_a_late_one_does_not() -> None:
    kind = having("field: due")
    wrong = at(0, payload={"due": "2026-03-04T06:00:00Z"})

    def due(minutes: int) -> datetime | None:
        right = at(1, minutes=minutes, supersedes="r0", payload={"due": "2026-03-05T06:00:00Z"})
        return one(kind, 1000 * HOUR, wrong, right).due

    assert due(2 * HOUR) == datetime(2026, 3, 5, 6, tzinfo=UTC)
    assert due(2 * HOUR + 1) == datetime(2026, 3, 4, 6, tzinfo=UTC)


def test_without_a_lifecycle_the_next_record_takes_the_place_of_the_last() -> None:
    kind = record_type(
        f"deadlines:\n  - {{id: D1, {LABELS}, starts: {{clock: occurred_at}}, due: {{field: due}}, stops: [],"
        " human: false, escalate: [{before: P30D, to: owner}]}\n"
    )
    first = at(0, payload={"due": "2026-06-01"})
    second = at(1, minutes=60, payload={"due": "2027-06-01"})
    assert [c.state for c in clocks(kind, 120, first, second)] == ["met", "running"]
    assert one(kind, 60 * 24 * 60, first).state is DeadlineState.DUE_SOON
    assert one(kind, 91 * 24 * 60, first).state is DeadlineState.BREACHED


def test_a_due_time_beyond_the_calendar_is_not_known() -> None:
    kind = having("within: P999Y")
    far = at(0, received_at=datetime(9500, 1, 1, tzinfo=UTC))
    (clock,) = deadlines_of(kind, [far], datetime(9600, 1, 1, tzinfo=UTC), TABLES, ZONE)
    assert (clock.due, clock.state) == (None, DeadlineState.RUNNING)
