"""Overrides: a person takes the responsibility for a soft rule that fails. Nothing else can be overridden.

A record's payload field `override` is one object or a list of them: `{rule, by, reason, …}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evidence.records.judgement import Outcome, RuleResult, Severity


def overridden(results: Sequence[RuleResult], override: Any) -> tuple[list[RuleResult], bool]:
    """The results with each validly overridden soft failure as `overridden`, and whether every override counted."""
    if override is None:
        return list(results), True
    listed = override if isinstance(override, list) else [override]
    named = {item["rule"] for item in listed if _complete(item)}
    changed = [
        replace(item, outcome=Outcome.OVERRIDDEN) if item.rule in named and _can_be(item) else item for item in results
    ]
    counted = {item.rule for item in changed if item.outcome is Outcome.OVERRIDDEN}
    return changed, named == counted and all(map(_complete, listed))


def _can_be(item: RuleResult) -> bool:
    return item.severity is Severity.SOFT and item.outcome is Outcome.FAIL


def _complete(item: Any) -> bool:
    """Whether somebody with a name gives a reason for one rule."""
    return isinstance(item, Mapping) and all(
        isinstance(item.get(key), str) and item[key].strip() for key in ("rule", "by", "reason")
    )
