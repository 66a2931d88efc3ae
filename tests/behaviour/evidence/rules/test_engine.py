"""The rules engine: hostile values, outcomes, what it may know, and that it always says the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.canonical import dumps
from evidence.records.facts import Fact, MemoryFacts
from evidence.records.judgement import Judgement, Outcome, Severity, Step, parse_judgement
from evidence.records.predicates.scope import Scope, Undecidable
from evidence.records.rules.rejudge import Recorded, rejudge
from tests.fakes.rules import NOON, engine, fact, record_type, rule
from tests.support import every_case

LIFECYCLE = """
lifecycle:
  initial: open
  states:
    open: {labels: {zh: 开, en: Open}}
    held: {labels: {zh: 停, en: Held}}
    done: {labels: {zh: 完, en: Done}, final: true}
  events:
    begin: {labels: {zh: 始, en: Begin}, from: [], to: open, by: [worker]}
    note: {labels: {zh: 记, en: Note}, from: [open, held]}
    hold: {labels: {zh: 停, en: Hold}, from: [open], to: held}
    finish: {labels: {zh: 完, en: Finish}, from: [open], to: done, by: [site_head], when: "payload.n > 1", human: true}
"""


def no(scope: Scope, *_: Any) -> bool:
    return scope.because("because_no")


def other(scope: Scope, *_: Any) -> bool:
    return scope.because("because_other")


def erased(scope: Scope, *_: Any) -> bool:
    raise Undecidable("erased")


def raises(scope: Scope, value: Any) -> bool:
    raise ValueError(f"cannot use {value}")


def endless(scope: Scope, value: Any) -> Any:
    return endless(scope, value)


HELPERS: dict[str, Any] = {
    "yes": lambda scope, *_: True,
    "no": no,
    "other": other,
    "erased": erased,
    "raises": raises,
    "endless": endless,
    "two": lambda scope, first, second: True,
    "float": lambda scope, _: 0.5,
    "thing": lambda scope, _: object(),
    "huge": lambda scope, _: 2**80,
    "naive": lambda scope, _: datetime(2026, 3, 4),  # noqa: DTZ001  # what a careless predicate gives
}


def judged(body: str, candidate: Fact, *known: Fact) -> Judgement:
    facts = MemoryFacts()
    for item in known:
        facts.add(item)
    return engine(record_type(body), **HELPERS).judge(candidate, facts)


def long(value: Any, repeat: int) -> Any:
    """A case's `list` members, each repeated: a file needs no thousand lines."""
    if isinstance(value, dict):
        return {k: [v] * repeat if k == "list" and type(v) is int else long(v, repeat) for k, v in value.items()}
    return value


def test_a_hostile_value_gives_an_outcome_and_nothing_leaks(capfd: pytest.CaptureFixture[str]) -> None:
    @every_case("rules/judgements")
    def check(case: Any) -> None:
        payload = long(case["payload"], case.get("repeat", 1)) if "repeat" in case else case["payload"]
        judgement = judged(f"rules:\n{rule(case['check'])}", fact(7, payload=payload))
        (result,) = judgement.results
        assert (str(result.outcome), result.reason) == (case["outcome"], case["reason"])
        assert b"Zhang San" not in dumps(judgement.to_value())

    check()
    assert capfd.readouterr() == ("", "")


def test_a_predicate_gets_maps_in_one_order() -> None:
    seen: list[list[str]] = []

    def look(scope: Scope, payload: dict[str, Any], q: dict[str, Any]) -> bool:
        seen.append([*payload, *q])
        return True

    kind = record_type(f"rules:\n{rule('look(payload, payload.q)')}")
    payload = {"q": {"value": "1", "unit": "kg"}, "n": 1, "code": "c", "list": [], "due": "", "level": "", "items": []}
    for _ in range(20):
        engine(kind, look=look).judge(fact(1, payload=payload), MemoryFacts())
    assert all(names == [*sorted(payload), "unit", "value"] for names in seen)


def test_what_ends_the_program_is_not_swallowed() -> None:
    def interrupted(scope: Scope) -> bool:
        raise KeyboardInterrupt

    rules = record_type(f"rules:\n{rule('stop() || true')}")
    with pytest.raises(KeyboardInterrupt):
        engine(rules, stop=interrupted).judge(fact(1), MemoryFacts())


def test_a_rule_that_does_not_apply_leaves_no_result() -> None:
    body = "rules:\n" + rule("false", "R1", more="applies: 'payload.n > 5'") + rule("true", "R2")
    assert [item.rule for item in judged(body, fact(1, payload={"n": 1})).results] == ["R2"]
    assert [item.rule for item in judged(body, fact(1, payload={"n": 6})).results] == ["R1", "R2"]


def test_a_rule_of_which_nobody_knows_whether_it_applies_is_unknown() -> None:
    body = "rules:\n" + rule("true", "R1", more="applies: 'payload.n > 5'")
    result = judged(body, fact(1)).result("R1")
    assert result is not None
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "missing_field")


def test_a_rule_applies_to_its_events_only() -> None:
    body = LIFECYCLE + "rules:\n" + rule("true", "R1", more="on: [note]")
    opened = fact(1)
    assert judged(body, opened).result("R1") is None
    assert judged(body, fact(2, "note"), opened).result("R1") is not None


def test_a_reason_of_applies_is_no_reason_of_the_check() -> None:
    body = "rules:\n" + rule("payload.n > 5", "R1", more="applies: '!no(1)'")
    result = judged(body, fact(1, payload={"n": 1})).result("R1")
    assert result is not None
    assert (result.outcome, result.reason) == (Outcome.FAIL, "not_met")


def test_decisive_entries_are_named_newest_64_ascending_and_never_the_record_itself() -> None:
    def all_of_them(scope: Scope) -> bool:
        return all(scope.use(item) is item for item in [*reversed(scope.facts.about("matter/M-1")), scope.candidate])

    known = MemoryFacts()
    for index in range(100):
        known.add(fact(index))
    rules = record_type(f"rules:\n{rule('look()')}")
    (result,) = engine(rules, look=all_of_them).judge(fact(100), known).results
    assert result.inputs == tuple(range(36, 100))


def test_a_rule_answers_for_itself_alone() -> None:
    def used(scope: Scope) -> bool:
        return scope.because("because_no") or bool(scope.use(scope.facts.about("matter/M-1")[0]))

    body = "rules:\n" + rule("used() || erased(1)", "R1") + rule("payload.n > 1", "R2") + rule("payload.n > 7", "R3")
    facts = MemoryFacts()
    facts.add(fact(1))
    judge = engine(record_type(body), **HELPERS, used=used)
    assert [(i.reason, i.inputs) for i in judge.judge(fact(2), facts).results] == [
        ("", (1,)),
        ("missing_field", ()),
        ("missing_field", ()),
    ]
    undecided = engine(record_type("rules:\n" + rule("erased(1)", "R1") + rule("payload.n > 1", "R2")), **HELPERS)
    assert [item.reason for item in undecided.judge(fact(2), facts).results] == ["erased", "missing_field"]


# --- Lifecycle


def test_LC1_an_event_that_does_not_fit_the_state_is_refused_and_the_state_stays() -> None:
    opened, finished = fact(1), fact(2, "finish", role="site_head", payload={"n": 2})
    again = judged(LIFECYCLE, fact(2), opened)
    assert again.result("LC1") == replace(
        again.results[0], outcome=Outcome.FAIL, reason="not_in_this_state", inputs=(1,)
    )
    assert again.step == Step("begin", "open", "open", accepted=False)
    early = judged(LIFECYCLE, finished)
    assert early.step == Step("finish", "", "", accepted=False)
    assert [item.reason for item in early.failed()] == ["not_open"]
    after_the_end = judged(LIFECYCLE, fact(3, "note"), opened, finished)
    assert after_the_end.step == Step("note", "done", "done", accepted=False)


def test_LC1_an_event_that_does_not_exist_is_refused_and_not_repeated() -> None:
    judgement = judged(LIFECYCLE, fact(1, "Zhang San"))
    assert judgement.step == Step("", "", "", accepted=False)
    assert [item.reason for item in judgement.failed()] == ["unknown_event"]


@pytest.mark.parametrize(
    ("role", "channel", "reason"),
    [
        ("site_head", "web", None),
        ("worker", "web", "wrong_role"),
        ("detector", "detector", "not_human"),
        ("site_head", "iot", "not_human"),
    ],
)
def test_LC2_a_proven_role_must_fit(role: str, channel: str, reason: str | None) -> None:
    candidate = fact(2, "finish", role=role, channel=channel, payload={"n": 2})
    judgement = judged(LIFECYCLE, candidate, fact(1))
    assert [item.reason for item in judgement.failed()] == ([] if reason is None else [reason])
    assert judgement.step is not None
    assert judgement.step.accepted == (reason is None)


@pytest.mark.parametrize("role", ["", "importer", "service"])
def test_LC2_an_unproven_role_is_taken_and_marked(role: str) -> None:
    judgement = judged(LIFECYCLE, fact(1, role=role))
    assert judgement.marks == ("role_unproven",)
    assert judgement.step == Step("begin", "", "open", accepted=True)


@pytest.mark.parametrize(("payload", "reason"), [({"n": 2}, None), ({"n": 1}, "guard"), ({}, "missing_field")])
def test_LC3_an_event_needs_its_condition(payload: dict[str, Any], reason: str | None) -> None:
    judgement = judged(LIFECYCLE, fact(2, "finish", role="site_head", payload=payload), fact(1))
    lc3 = judgement.result("LC3")
    assert lc3 is not None
    assert lc3.reason == (reason or "")
    assert judgement.step == Step("finish", "open", "done" if reason is None else "open", accepted=reason is None)


@pytest.mark.parametrize(("severity", "accepted"), [("hard", False), ("soft", True), ("mark", True)])
def test_a_hard_rule_that_fails_stops_the_move(severity: str, accepted: bool) -> None:
    judgement = judged(LIFECYCLE + "rules:\n" + rule("false", severity=severity), fact(1))
    assert judgement.step == Step("begin", "", "open" if accepted else "", accepted)


def test_a_hard_rule_that_cannot_be_decided_stops_the_move() -> None:
    judgement = judged(LIFECYCLE + "rules:\n" + rule("payload.n > 1"), fact(1))
    assert judgement.step == Step("begin", "", "", accepted=False)


@pytest.mark.parametrize("severity", list(Severity))
def test_a_failed_rule_with_the_effect_hold_holds_an_open_subject(severity: Severity) -> None:
    body = LIFECYCLE + "rules:\n" + rule("payload.n > 1", severity=severity, more="effect: hold, on: [note]")
    failed = judged(body, fact(2, "note", payload={"n": 1}), fact(1))
    assert failed.step == Step("note", "open", "held", accepted=False)
    assert judged(body, fact(2, "note", payload={"n": 2}), fact(1)).step == Step("note", "open", "open", accepted=True)
    assert judged(body, fact(2, "note", payload={"n": 1})).step == Step("note", "", "", accepted=False)


def test_a_record_of_a_followed_type_moves_the_state() -> None:
    follow = LIFECYCLE + "  follow:\n    - {record: check, from: [open], to: done, when: payload.code == 'ok'}\n"
    judge = engine(record_type(follow), record_type(f"rules:\n{rule('payload.n < 5')}", "check"))
    facts = MemoryFacts()
    facts.add(fact(1))

    def step(**payload: Any) -> Step | None:
        return judge.judge(fact(2, type="check", payload=payload), facts).step

    assert step(n=1, code="ok") == Step("check", "open", "done", accepted=True)
    assert step(n=1, code="no") == Step("check", "open", "open", accepted=True)
    assert step(n=1) == Step("check", "open", "open", accepted=True)
    assert step(n=7, code="ok") == Step("check", "open", "open", accepted=False)


def test_the_state_of_another_subject_is_known_as_of_the_record() -> None:
    body = LIFECYCLE + "rules:\n" + rule("state_of('matter/M-2') == 'open'", more="on: [note]")
    other_opened = fact(3, subject="matter/M-2")
    known = judged(body, fact(4, "note"), fact(1), other_opened).result("R1")
    assert known is not None
    assert (known.outcome, known.inputs) == (Outcome.PASS, (3,))
    later = judged(body, fact(2, "note"), fact(1), other_opened).result("R1")
    assert later is not None
    assert later.outcome is Outcome.FAIL


def test_the_course_and_the_shown_state_of_a_subject_as_of_an_entry_and_an_instant() -> None:
    timed = LIFECYCLE + '  timed:\n    - {state: held, from: [open], when: "at > instant(payload.due)"}\n'
    judge, facts = engine(record_type(timed)), MemoryFacts()
    facts.add(fact(1, payload={"due": "2026-03-04T04:30:00Z"}))
    facts.add(fact(2, "note", payload={"n": 3}))
    facts.add(fact(3, "finish", role="site_head", payload={"n": 2}))
    noon = NOON + timedelta(minutes=30)
    assert judge.course("matter/M-1", facts).state == "done"
    assert judge.course("matter/M-1", facts, known=3).state == "open"
    assert judge.display_state("matter/M-1", facts, noon, known=3) == "open"
    assert judge.display_state("matter/M-1", facts, noon + timedelta(seconds=1), known=3) == "held"
    assert judge.display_state("matter/M-1", facts, noon + timedelta(days=9)) == "done"
    assert judge.display_state("matter/M-9", facts, noon) == ""
    with pytest.raises(KeyError):
        judge.course("person/P-1", facts)


# --- Corrections


def test_a_correction_of_the_same_event_does_not_move_the_subject_again() -> None:
    judgement = judged(LIFECYCLE, fact(3, supersedes="r1"), fact(1), fact(2, "hold"))
    assert judgement.step == Step("begin", "held", "held", accepted=True)
    assert judgement.marks == ("superseding",)


def test_only_the_newest_event_can_be_replaced_by_another_one() -> None:
    opened, held = fact(1), fact(2, "hold")
    other_event = judged(LIFECYCLE, fact(3, "note", supersedes="r2"), opened, held)
    assert other_event.step == Step("note", "open", "open", accepted=True)
    too_old = judged(LIFECYCLE, fact(3, "note", supersedes="r1"), opened, held)
    assert [item.reason for item in too_old.failed()] == ["not_last_event"]
    assert too_old.step == Step("note", "held", "held", accepted=False)


def test_a_correction_of_nothing_is_marked() -> None:
    judgement = judged(LIFECYCLE, fact(3, supersedes="r9"))
    assert judgement.marks == ("supersedes_unknown", "superseding")


# --- Marks and overrides


@pytest.mark.parametrize(
    ("behind", "marks"),
    [
        (timedelta(hours=24), ()),
        (timedelta(hours=24, seconds=1), ("late",)),
        (-timedelta(minutes=5), ()),
        (-timedelta(minutes=5, seconds=1), ("future_clock",)),
    ],
)
def test_a_record_far_behind_or_ahead_of_the_ledger_is_marked(behind: timedelta, marks: tuple[str, ...]) -> None:
    assert judged("", fact(1, received_at=NOON, occurred_at=NOON - behind)).marks == marks


@pytest.mark.parametrize(("channel", "mark"), [("mobile_offline", "offline"), ("import", "imported")])
def test_a_channel_that_is_not_seen_live_is_marked(channel: str, mark: str) -> None:
    assert judged("", fact(1, channel=channel)).marks == (mark,)


GOOD = {"rule": "R1", "by": "person/P-1", "reason": "scale out of order"}


@pytest.mark.parametrize(
    ("severity", "override", "outcome", "refused"),
    [
        ("soft", GOOD, "overridden", False),
        ("soft", [GOOD], "overridden", False),
        ("hard", GOOD, "fail", True),
        ("mark", GOOD, "fail", True),
        ("soft", {**GOOD, "rule": "R2"}, "fail", True),
        ("soft", {**GOOD, "reason": " "}, "fail", True),
        ("soft", {"rule": "R1", "reason": "x"}, "fail", True),
        ("soft", {**GOOD, "by": True}, "fail", True),
        ("soft", {**GOOD, "rule": ["R1"]}, "fail", True),
        ("soft", "R1", "fail", True),
        ("soft", [GOOD, "R2"], "overridden", True),
        ("soft", [], "fail", False),
    ],
)
def test_only_a_soft_rule_can_be_overridden(severity: str, override: Any, outcome: str, refused: bool) -> None:
    body = "rules:\n" + rule("payload.n > 1", severity=severity)
    judgement = judged(body, fact(1, payload={"n": 1, "override": override}))
    assert [str(item.outcome) for item in judgement.results] == [outcome]
    assert ("override_refused" in judgement.marks) == refused


def test_what_cannot_be_decided_cannot_be_overridden() -> None:
    judgement = judged("rules:\n" + rule("payload.n > 1", severity="soft"), fact(1, payload={"override": GOOD}))
    assert [item.outcome for item in judgement.results] == [Outcome.UNKNOWN]


# --- Properties

EVENTS = st.sampled_from(["", "begin", "note", "hold", "finish"])
ROLES = st.sampled_from(["worker", "site_head", "detector", "", "service"])
SUBJECTS = st.sampled_from(["matter/M-1", "matter/M-2"])


@st.composite
def streams(draw: st.DrawFn) -> list[Fact]:
    """A log of up to twelve records about two subjects, some replacing earlier ones."""
    found: list[Fact] = []
    for index in range(draw(st.integers(1, 12))):
        supersedes = draw(st.sampled_from([None, None, None, *(item.record_id for item in found)]))
        payload = draw(st.fixed_dictionaries({}, optional={"n": st.integers(0, 3)}))
        event, role, subject = draw(EVENTS), draw(ROLES), draw(SUBJECTS)
        found.append(fact(index, event, role=role, subject=subject, payload=payload, supersedes=supersedes))
    return found


PROPERTIES = LIFECYCLE + (
    "rules:\n"
    + rule("records_about('matter/M-1', 'matter') <= 4", "R1", "mark")
    + rule("state_of('matter/M-2') in ['', 'open'] && mentioned() < 3", "R2", "soft")
    + rule("payload.n < 3", "R3", "hard", "applies: has(payload.n)")
)


def mentioned(scope: Scope) -> int:
    return len([scope.use(item) for item in scope.facts.mentioning("matter/M-1", "matter")])


def judge_all(records: list[Fact], facts: MemoryFacts | None = None) -> list[tuple[Fact, Judgement]]:
    judge, known = engine(record_type(PROPERTIES), mentioned=mentioned), facts or MemoryFacts()
    found = []
    for item in records:
        judgement = judge.judge(item, known)
        frozen = replace(item, blocked=judgement.blocked(), step=judgement.step)
        found.append((frozen, judgement))
        known.add(frozen, ["matter/M-1"])
    return found


@given(streams())
def test_the_same_records_give_the_same_bytes_and_can_be_read_back(records: list[Fact]) -> None:
    first, second = judge_all(records), judge_all(records)
    assert [dumps(j.to_value()) for _, j in first] == [dumps(j.to_value()) for _, j in second]
    assert all(parse_judgement(j.to_value()) == j for _, j in first)


@given(streams(), st.integers(0, 11))
def test_a_fact_with_a_later_index_is_never_seen(records: list[Fact], at: int) -> None:
    at = min(at, len(records) - 1)
    everything = MemoryFacts()
    judge_all(records, everything)
    judge = engine(record_type(PROPERTIES), mentioned=mentioned)
    with_future = judge.judge(records[at], everything)
    assert dumps(with_future.to_value()) == dumps(judge_all(records)[at][1].to_value())
    assert all(index < at for result in with_future.results for index in result.inputs)


@given(streams())
def test_judged_again_from_scratch_nothing_differs(records: list[Fact]) -> None:
    judge = engine(record_type(PROPERTIES), mentioned=lambda scope: 0)
    known = MemoryFacts()
    log = []
    for item in records:
        judgement = judge.judge(item, known)
        known.add(replace(item, blocked=judgement.blocked(), step=judgement.step))
        log.append(Recorded(item, judgement))
    assert rejudge(judge, log) == ()


def test_judged_again_a_changed_result_is_named() -> None:
    body = LIFECYCLE + "rules:\n" + rule("payload.n > 1", severity="soft")
    judge = engine(record_type(body))
    item = fact(0, payload={"n": 1})
    frozen = judge.judge(item, MemoryFacts())
    better = replace(frozen, results=tuple(replace(r, outcome=Outcome.PASS, reason="") for r in frozen.results))
    moved = replace(frozen, step=Step("begin", "", "done", accepted=True), marks=("late",))
    assert [d.what for d in rejudge(judge, [Recorded(item, better)])] == ["R1"]
    assert [d.what for d in rejudge(judge, [Recorded(item, moved)])] == ["marks", "step"]
    assert [d.what for d in rejudge(judge, [Recorded(item, None)])] == ["unjudged"]
    assert [d.what for d in rejudge(judge, [Recorded(replace(item, type="other"), frozen)])] == ["unknown_type"]
    believing = replace(item, blocked=Severity.HARD, step=Step("begin", "", "done", accepted=True))
    follower = fact(1, "note")
    known = MemoryFacts()
    known.add(replace(item, blocked=frozen.blocked(), step=frozen.step))
    log = [Recorded(believing, frozen), Recorded(follower, judge.judge(follower, known))]
    assert rejudge(judge, log) == ()
    (doubtful,) = rejudge(judge, [Recorded(item, better, complete=False)])
    assert not doubtful.certain
