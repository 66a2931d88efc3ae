"""What a payload refers to, and whom each personal field is about."""

from __future__ import annotations

from evidence.canonical import Json
from evidence.records import Link
from tests.unit.evidence.records.rich import visit

VISIT = visit()
BASE: dict[str, Json] = {"subject": "visit/1"}


def test_references_of_values_lists_and_whole_subjects() -> None:
    payload = BASE | {"guide_ref": "E-1", "guests": [{"ref": "G-1"}, {"ref": "G-2"}, {}], "about": "equipment/PG-1"}
    assert VISIT.links(payload) == (
        Link("guide_ref", "person/E-1"),
        Link("guests", "person/G-1"),
        Link("guests", "person/G-2"),
        Link("about", "equipment/PG-1"),
    )


def test_an_id_may_come_with_its_kind() -> None:
    assert VISIT.links(BASE | {"guide_ref": "person/E-1"}) == (Link("guide_ref", "person/E-1"),)


def test_what_names_no_subject_is_no_link() -> None:
    values: tuple[Json, ...] = ("a/b", "two words", "", "x" * 81, 7, None, ["E 1"])
    for value in values:
        assert VISIT.links(BASE | {"guide_ref": value}) == ()
    assert VISIT.links(BASE | {"about": "no-subject", "guests": "G-1"}) == ()


def test_equal_values_of_a_unique_group_are_one_subject() -> None:
    values: dict[str, Json] = {"office": "North", "badge": "17"}
    first, again = VISIT.unique_subjects(BASE | values), VISIT.unique_subjects({"subject": "visit/2"} | values)
    assert first == again
    assert list(first) == [("office", "badge")]
    assert VISIT.links(BASE | values)[0].subject == first["office", "badge"]
    others = [
        {"office": "North", "badge": "18"},
        {"office": "17", "badge": "North"},
        {"office": "Nort", "badge": "h17"},
    ]
    assert len({*first.values(), *(VISIT.unique_subjects(BASE | dict(o))["office", "badge"] for o in others)}) == 4
    assert VISIT.unique_subjects(BASE | {"office": "North"}) == {}


def test_whom_a_field_concerns() -> None:
    payload = BASE | {"guide_ref": "E-1", "mood": "good", "remark": "fine", "guests": [{"ref": "G-1"}], "badge": "17"}
    assert VISIT.concerns(payload) == {
        "guide_ref": "person/E-1",  # names a person itself
        "mood": "person/E-1",  # says whom it concerns
        "remark": "visit/1",  # nothing said: the record's subject
        "guests": "person/G-1",
    }
    assert VISIT.concerns(BASE | {"guests": [{"ref": "G-1"}, {"ref": "G-2"}]}) == {"guests": None}
    assert VISIT.concerns(BASE | {"mood": "good"}) == {"mood": None}


def test_in_records_about_a_person_every_personal_field_is_about_that_person() -> None:
    person = visit(("subject.kind", "person"), ("fields.mood.concerns", None))
    payload: dict[str, Json] = {"subject": "person/E-7", "guide_ref": "E-1", "mood": "good"}
    assert person.concerns(payload) == {"guide_ref": "person/E-7", "mood": "person/E-7"}
    assert visit(("fields.mood.concerns", "subject")).concerns(BASE | {"mood": "bad"}) == {"mood": "visit/1"}


def test_a_type_for_every_kind_of_subject() -> None:
    anything = visit(("subject.kind", "*"))
    assert anything.takes_subject("person/1")
    assert anything.takes_subject("tank/T-7")
    assert not VISIT.takes_subject("visitor/1")
