"""What a rule's expression may say."""

from __future__ import annotations

from typing import Any

import pytest

from evidence.records.rules.cel import check_expression
from evidence.records.rules.expression import ExpressionInvalid, analyse
from tests.support import every_case

FIELDS = ("code", "n", "items")
PREDICATES = ("yes",)


@every_case("rules/expressions")
def test_an_expression_is_usable_or_says_in_words_why_not(case: Any) -> None:
    if case["error"] is None:
        assert check_expression(case["source"], FIELDS, PREDICATES).source == case["source"]
        return
    with pytest.raises(ExpressionInvalid) as caught:
        check_expression(case["source"], FIELDS, PREDICATES)
    assert case["error"] in str(caught.value)
    assert len(str(caught.value)) < 200


def test_an_expression_names_its_fields_variables_and_predicates() -> None:
    found = analyse("payload.a.b == 'payload.c' && (x(payload.d, at) || payload.e.all(f, f.payload.g == state))")
    assert found.fields == {"a", "d", "e"}
    assert found.variables == {"payload", "at", "state"}
    assert found.functions == {"x"}
    assert not found.whole_payload
    assert analyse("x(subject, payload)").whole_payload
