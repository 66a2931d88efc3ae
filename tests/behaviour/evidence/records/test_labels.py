"""Whoever fills in a form reads words of a language, not codes: every choice and every member has its label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from evidence.records.catalogue import load_catalogue
from evidence.records.forms import form_of

BY_THE_SERVICE = {"judgement", "rule_set", "key_event", "erasure", "deadline_event"}
"""Types that no person fills in."""


def unlabelled(widget: Any, path: str) -> Iterator[str]:
    """Paths of choices and members that show their code for want of a label."""
    for option in widget.get("options", []):
        # A code such as WGS84 or GB 6441-2025 is its own name.
        if re.search("[a-z]{2}", option["label"]) and option["label"] == str(option["value"]).replace("_", " "):
            yield f"{path}={option['value']}"
    for member in widget.get("members", []):
        if member["label"] == member["name"].replace("_", " "):
            yield f"{path}.{member['name']}"
        yield from unlabelled(member, f"{path}.{member['name']}")
    if "item" in widget:
        yield from unlabelled(widget["item"], path)


@pytest.mark.parametrize("type_id", sorted(load_catalogue().types.keys() - BY_THE_SERVICE))
def test_every_choice_and_member_has_a_chinese_label(type_id: str) -> None:
    form: Any = form_of(load_catalogue().types[type_id], "zh")
    fields = [field for step in form["steps"] for field in step["fields"]]
    assert [path for field in fields for path in unlabelled(field, field["name"])] == []
