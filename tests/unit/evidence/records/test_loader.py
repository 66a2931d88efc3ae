"""Record type files: what a safety expert may write, and what the loader says when something is wrong."""

from __future__ import annotations

import copy
import json
from importlib import resources
from typing import Any

import pytest

from evidence.canonical import dumps
from evidence.errors import Malformed
from evidence.records import PersonalData, RecordTypeInvalid, load_record_types, parse_record_types, parse_yaml
from tests.support import own_cases

COMMON = (resources.files("evidence.records") / "types" / "_common.yaml").read_text("utf-8")
SOUND: dict[str, Any] = {
    "id": "thing",
    "version": 1,
    "labels": {"zh": "东西", "en": "Thing"},
    "subject": {"kind": "thing", "personal": "none"},
    "retention": {"class": "short", "source": "test"},
    "clauses": ["7.5.3"],
    "required": ["size"],
    "fields": {"size": {"labels": {"zh": "大小", "en": "Size"}, "schema": {"$ref": "#/$defs/quantity"}}},
}


def changed(changes: list[tuple[str, Any]]) -> str:
    value = copy.deepcopy(SOUND)
    for path, new in changes:
        *parents, last = path.split(".")
        at = value
        for parent in parents:
            at = at[parent]
        if new is None:
            del at[last]
        else:
            at[last] = new
    return json.dumps(value)  # JSON is YAML


@pytest.mark.parametrize("defect", own_cases("record_types"))
def test_defect_is_refused_with_a_helpful_message(defect: dict[str, Any]) -> None:
    text = defect.get("text") or changed(defect["change"])
    with pytest.raises(RecordTypeInvalid) as caught:
        parse_record_types({"_common.yaml": COMMON, "thing.yaml": text})
    assert caught.value.reason == defect["expected"]["error"]
    assert defect["expected"]["says"] in str(caught.value)
    assert "thing.yaml" in str(caught.value) or "other.yaml" in str(caught.value)
    assert isinstance(caught.value, Malformed)


def test_a_new_type_needs_one_file_only() -> None:
    types = parse_record_types({"_common.yaml": COMMON, "thing.yaml": changed([])})
    assert list(types) == ["thing"]
    assert types["thing"].fields["size"].required
    assert {"subject", "site", "attachments", "submitted_by"} <= set(types["thing"].fields)


def test_oversized_file_is_refused() -> None:
    with pytest.raises(RecordTypeInvalid, match="larger than"):
        parse_yaml("a: " + "x" * 300_000, "big.yaml")


def test_only_true_null_and_integers_are_not_text() -> None:
    text = "a: no\nb: 2026-01-01\nc: 1.5\nd: 010\ne: true\nf: 7\ng: null\nh: 12:30\n"
    expected = {"a": "no", "b": "2026-01-01", "c": "1.5", "d": "010", "e": True, "f": 7, "g": None, "h": "12:30"}
    assert parse_yaml(text, "x") == expected


@pytest.mark.parametrize("record_type", load_record_types().values(), ids=lambda t: t.id)
def test_shipped_type_is_complete(record_type: Any) -> None:
    assert set(record_type.schema["properties"]) == set(record_type.fields)
    assert set(record_type.schema["required"]) == {f.name for f in record_type.fields.values() if f.required}
    assert record_type.fields["submitted_by"].personal is PersonalData.PERSONAL
    assert dumps(dict(record_type.data))  # canonicalisable: the digest exists
    assert len(record_type.digest) == 32
    assert record_type.schema_claim.startswith(f"{record_type.version};sha-256=")
    assert record_type.label(language="zh") != record_type.label(language="en")


def test_digest_changes_with_any_part_of_the_type() -> None:
    def digest(changes: list[tuple[str, Any]]) -> bytes:
        return parse_record_types({"_common.yaml": COMMON, "thing.yaml": changed(changes)})["thing"].digest

    variants: list[list[tuple[str, Any]]] = [
        [],
        [("version", 2)],
        [("labels.en", "Thong")],
        [("retention.class", "long")],
        [("clauses", ["7.5"])],
        [("fields.size.personal", "personal")],
        [("required", [])],
        [("subject.kind", "other")],
    ]
    assert len({digest(changes) for changes in variants}) == len(variants)


def test_person_fields_of_a_training_are_marked() -> None:
    training = load_record_types()["training_record"]
    assert {"subject", "person_name", "id_no_masked", "score", "result"} <= training.personal_fields()
    assert "course" not in training.personal_fields()
