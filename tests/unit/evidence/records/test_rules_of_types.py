"""The rules that come with the product: every expression is usable and every code has words."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

import pytest

from evidence.records.catalogue import load_catalogue
from evidence.records.predicates import merged, modules, predicates, reasons
from evidence.records.rules.engine import RuleEngine
from evidence.records.rules.expression import BUILTINS, MACROS
from evidence.records.rules.marks import MARKS
from evidence.records.rules.plan import LIFECYCLE_RULES

CATALOGUE = load_catalogue()
ENGINE = RuleEngine(CATALOGUE)


def test_every_expression_of_every_type_is_usable() -> None:
    ENGINE.check()


def test_every_reason_has_words_in_both_languages() -> None:
    codes = {rule.reason for item in CATALOGUE.types.values() for rule in item.rules}
    for module in modules():
        codes |= _codes(module)
    assert codes - set(reasons()) == set()
    assert all(all(words) for words in [*reasons().values(), *MARKS.values(), *LIFECYCLE_RULES.values()])


def _codes(module: ModuleType) -> set[str]:
    """The literal codes that a module gives to `because(…)` and `Undecidable(…)`."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("because", "Undecidable"):
            found.add(str(node.args[0].value))
    return found


def test_no_predicate_hides_a_word_of_the_language() -> None:
    assert not set(predicates()) & (BUILTINS | MACROS)


def test_a_name_with_two_meanings_is_an_error() -> None:
    first, second = ModuleType("first"), ModuleType("second")
    first.NAMES, second.NAMES = {"a": 1, "b": 2}, {"b": 2}  # type: ignore[attr-defined]
    assert merged((first, second), "NAMES") == {"a": 1, "b": 2}
    second.NAMES = {"b": 3}  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="b of second"):
        merged((first, second), "NAMES")


def test_every_event_that_is_to_stop_a_clock_can_stop_it() -> None:
    for item in CATALOGUE.types.values():
        for deadline in item.deadlines:
            if deadline.human and item.lifecycle is not None:
                mute = [name for name in deadline.stops if not item.lifecycle.events[name].human]
                assert mute == [], f"{item.id} {deadline.id}"


def test_a_rule_that_holds_has_a_state_to_hold_in() -> None:
    for item in CATALOGUE.types.values():
        if any(rule.effect == "hold" for rule in item.rules):
            governor = ENGINE.plan(item.id).governor
            assert governor is not None, item.id
            assert governor.lifecycle is not None
            assert "held" in governor.lifecycle.states, item.id
