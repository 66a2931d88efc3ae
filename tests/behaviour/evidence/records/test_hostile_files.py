"""Thousands of bent catalogue files: refused with our own error, or a type whose digest exists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.records import RecordTypeInvalid
from evidence.records.clause_map import parse_clause_map
from evidence.records.definition import define, from_data
from evidence.records.loader import parse_yaml, read_document, shipped
from evidence.records.table_definition import parse_table
from tests.reference.mutations import bent_bytes, bent_json
from tests.unit.evidence.records.rich import SHARED, TEXT, rich, visit

MANY = settings(max_examples=300)
TABLE = parse_yaml(shipped("tables")["deadlines.yaml"], "deadlines.yaml")
MAP = parse_yaml(shipped("maps")["iso-45001-2018.yaml"], "iso-45001-2018.yaml")
PARSERS: dict[str, tuple[Any, Mapping[str, Any]]] = {
    "file": (lambda data: define(data, SHARED), rich()),
    "data": (from_data, dict(visit().data)),
    "table": (parse_table, TABLE),
    "map": (parse_clause_map, MAP),
}


@pytest.mark.parametrize("name", PARSERS)
@MANY
@given(data=st.data())
def test_bent_data_raise_nothing_foreign(name: str, data: st.DataObject) -> None:
    parse, sound = PARSERS[name]
    try:
        made = parse(data.draw(bent_json(sound)))
    except RecordTypeInvalid:
        return
    assert len(made.digest) == 32


@MANY
@given(bent=bent_bytes(TEXT.encode()))
def test_bent_text_raises_nothing_foreign(bent: bytes) -> None:
    try:
        document = read_document(bent.decode("utf-8", "replace"), "visit.yaml")
        with document.errors():
            made = define(document.value, SHARED)
    except RecordTypeInvalid:
        return
    assert len(made.digest) == 32
