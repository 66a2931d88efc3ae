"""What the author of a record type gets wrong, and whether the answer names the line and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from evidence.records import RecordTypeInvalid, load_catalogue
from evidence.records.catalogue import parse_type
from evidence.records.loader import read_document
from evidence.records.predicates import predicates
from evidence.records.slips import slips_of
from ledger_service.catalogue.check import check_files
from ledger_service.catalogue.template import new_type
from tests.support import own_cases

TEMPLATE = new_type("eyewash_check")
BASE = load_catalogue()


@pytest.mark.parametrize("case", own_cases("slips"))
def test_a_slip_is_answered_with_line_place_and_what_to_do(case: dict[str, Any]) -> None:
    text = TEMPLATE
    for old, new in case["change"]:
        assert old in text, "the template has changed: correct the case"
        text = text.replace(old, new, 1)
    (report,) = check_files({"eyewash_check.yaml": text}, predicates(), BASE)
    assert len(report.problems) == 1
    where = "eyewash_check.yaml"
    if "line_of" in case["expected"]:
        line = next(at for at, row in enumerate(text.splitlines(), 1) if case["expected"]["line_of"] in row)
        where += f", line {line}"
    assert report.problems[0].startswith(where)
    assert case["expected"]["says"] in report.problems[0]


def test_the_template_and_the_product_have_no_slip() -> None:
    (report,) = check_files({"eyewash_check.yaml": TEMPLATE}, predicates(), BASE)
    assert report.problems == ()
    assert [slip for record_type in BASE.types.values() for slip in slips_of(BASE, record_type)] == []


def test_a_limit_of_the_site_s_own_table_is_known() -> None:
    table = (
        "{id: limits, version: 1, labels: {zh: 限值, en: Limits}, source: test, confidence: k,"
        " valid_from: null, valid_to: null, schema: {type: object}, values: {flow: '5'}}"
    )
    site = load_catalogue({"tables/limits.yaml": table})
    text = TEMPLATE.replace("payload.done_by != payload.verified_by", "limit('flow') == '5' && limit('glow') == '5'")
    (report,) = check_files({"eyewash_check.yaml": text}, predicates(), site)
    assert [problem.rpartition(": ")[2] for problem in report.problems] == ["the table limits has no entry glow"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "洗眼器检查", "- a\n"])
def test_a_file_without_entries(text: str) -> None:
    with pytest.raises(RecordTypeInvalid, match="must be a mapping"):
        read_document(text, "x.yaml")


def test_a_text_with_full_width_signs_is_a_text() -> None:
    text = TEMPLATE.replace("zh: 一句话说明何时填写", "zh: 每周一次：冲洗三分钟，记录压力（表压）")
    assert parse_type(text, "eyewash_check.yaml").help["zh"].startswith("每周一次：")
