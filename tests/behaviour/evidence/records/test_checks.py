"""Defects that show only in the catalogue as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evidence.records import Catalogue, RecordTypeInvalid, load_catalogue
from evidence.records.checks import check_catalogue, require_sound
from evidence.records.predicates import predicates
from tests.unit.evidence.records.rich import visit

NAMES = frozenset({"known"})
NO_FOLLOW = ("lifecycle.follow", None)


def catalogue(*changes: tuple[str, Any]) -> Catalogue:
    own = visit(NO_FOLLOW, *changes)
    return replace(load_catalogue(), types={own.id: own})


@pytest.mark.parametrize(
    ("changes", "place", "says"),
    [
        ([("rules.0.check", "payload.mod == 'good'")], "rule V3, check", "payload.mod: the type has no such field"),
        ([("rules.0.check", "knwon(subject)")], "rule V3, check", "knwon(…): no such predicate"),
        ([("rules.0.applies", "payload.mood ==")], "rule V3, applies", ""),
        ([("rules.0.check", "mood == 'good'")], "rule V3, check", "mood is not known here"),
        ([("rules.0.check", "1.5 < 2")], "rule V3, check", "numbers with fractions lose digits"),
        ([("rules.0.check", "(" * 30 + "true" + ")" * 30)], "rule V3, check", "nested deeper"),
        ([("lifecycle.events.close.when", "payload.x == 1")], "lifecycle, event close, when", "no such field"),
        ([("lifecycle.timed.0.when", "nope(at)")], "lifecycle, timed 1, when", "no such predicate"),
        ([("deadlines.0.due", {"table": "nowhere.x", "by": "mood"})], "deadline V1, due, table", "there is no table"),
        ([("deadlines.0.due", {"table": "site.x", "by": "mood"})], "deadline V1, due, table", "has no durations x"),
    ],
)
def test_a_defect_is_found_at_its_place(changes: list[tuple[str, Any]], place: str, says: str) -> None:
    made = catalogue(*changes)
    assert len(check_catalogue(made, NAMES)) == 1
    with pytest.raises(RecordTypeInvalid) as caught:
        require_sound(made, NAMES)
    assert str(caught.value).startswith(f"visit.yaml, {place}: ")
    assert says in str(caught.value)


def test_what_is_in_order_is_left_alone() -> None:
    assert check_catalogue(catalogue(("rules.0.check", "known(payload.mood)")), NAMES) == ()


@pytest.mark.parametrize(
    ("record", "says"), [("remark", "there is no record type remark"), ("key_event", "never meet")]
)
def test_types_that_cannot_follow_each_other(record: str, says: str) -> None:
    own = visit(("lifecycle.follow.0.record", record))
    made = replace(load_catalogue(), types={**load_catalogue().types, own.id: own})
    assert [says in item.problem for item in check_catalogue(made, NAMES, [own.id])] == [True]


def test_the_shipped_catalogue_is_sound() -> None:
    assert check_catalogue(load_catalogue(), predicates()) == ()
