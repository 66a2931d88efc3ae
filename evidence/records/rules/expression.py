"""What a rule's expression may say: a bounded part of CEL, checked word by word before any library sees it.

No floating point, no unknown name, no construct whose cost or result could grow beyond what the bounds below allow.
A message is for the safety officer who wrote the rule: it names the word and what is possible instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from evidence.records.rules.tokens import ExpressionInvalid, tokens

MAX_SOURCE: Final = 2000
MAX_TOKENS: Final = 600
MAX_BRACKETS: Final = 20
MAX_MACRO_NESTING: Final = 2
MAX_LIST_MAKERS: Final = 2
"""`map` and `filter` of one expression: each copies its list, so chains of them could grow a text without end."""
MAX_PLUS: Final = 16
MAX_PATTERN: Final = 100

__all__ = ["Expression", "ExpressionInvalid", "analyse", "check_names"]

VARIABLES: Final = frozenset(
    {"payload", "event", "subject", "subject_id", "channel", "role", "at", "received_at", "state", "supersedes"}
)
"""What an expression can speak of beside payload fields."""
TESTS: Final = frozenset({"all", "exists", "exists_one"})
LIST_MAKERS: Final = frozenset({"map", "filter"})
MACROS: Final = TESTS | LIST_MAKERS
BUILTINS: Final = frozenset(
    {
        "has", "size", "string", "int", "bool", "contains", "startsWith", "endsWith", "matches", "timestamp",
        "duration",
        "getFullYear", "getMonth", "getDate", "getDayOfWeek", "getHours", "getMinutes", "getSeconds",
    }
)  # fmt: skip
_WORDS: Final = frozenset({"true", "false", "null", "in"})
_RESERVED: Final = frozenset(
    {
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    }
)  # fmt: skip
_OPEN: Final = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression and what it speaks of."""

    source: str
    fields: frozenset[str]
    """Payload fields that it names."""
    whole_payload: bool
    """It hands the payload as a whole to a predicate."""
    variables: frozenset[str]
    functions: frozenset[str]
    """Predicates that it calls."""


@dataclass
class _Bracket:
    close: str
    macro: str = ""
    variable: str = ""


@dataclass
class _Scan:
    """The state of one pass over the tokens."""

    tokens: list[tuple[str, str]]
    open: list[_Bracket] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    whole_payload: bool = False
    list_makers: int = 0

    def text(self, position: int) -> str:
        """The token at a position; empty outside."""
        return self.tokens[position][1] if 0 <= position < len(self.tokens) else ""


@lru_cache(maxsize=2048)
def analyse(source: str) -> Expression:
    """Check an expression's form and bounds, and say what it names. Raises `ExpressionInvalid`."""
    if not source.strip() or len(source) > MAX_SOURCE:
        raise ExpressionInvalid(f"an expression has 1 to {MAX_SOURCE} characters")
    scan = _Scan(list(tokens(source)))
    if len(scan.tokens) > MAX_TOKENS:
        raise ExpressionInvalid(f"an expression has at most {MAX_TOKENS} words and signs")
    if sum(token == ("mark", "+") for token in scan.tokens) > MAX_PLUS:
        raise ExpressionInvalid(f"an expression has at most {MAX_PLUS} plus signs")
    for position, (kind, text) in enumerate(scan.tokens):
        if kind == "mark":
            _bracket(scan, position, text)
        elif kind == "name":
            _name(scan, position, text)
    if scan.open:
        raise ExpressionInvalid(f"a {scan.open[-1].close!r} is missing at the end")
    return Expression(
        source,
        frozenset(scan.fields),
        scan.whole_payload,
        frozenset(scan.variables),
        frozenset(scan.functions),
    )


def check_names(expression: Expression, fields: Collection[str], predicates: Collection[str]) -> None:
    """Require that every field and predicate exists. Raises `ExpressionInvalid`."""
    if unknown := sorted(expression.fields - set(fields)):
        raise ExpressionInvalid(f"payload.{unknown[0]}: the type has no such field")
    if unknown := sorted(expression.functions - set(predicates)):
        raise ExpressionInvalid(f"{unknown[0]}(…): no such predicate")


def _bracket(scan: _Scan, position: int, text: str) -> None:
    if text in _OPEN:
        scan.open.append(_Bracket(_OPEN[text], *_macro(scan, position)))
        if len(scan.open) > MAX_BRACKETS:
            raise ExpressionInvalid(f"brackets nested deeper than {MAX_BRACKETS}")
    elif text in _OPEN.values() and (not scan.open or scan.open.pop().close != text):
        raise ExpressionInvalid(f"a {text!r} closes nothing that was opened")


def _macro(scan: _Scan, position: int) -> tuple[str, str]:
    """Name and variable of the macro whose bracket opens at `position`; empty where it is none."""
    name = scan.text(position - 1)
    if scan.text(position) != "(" or name not in MACROS or scan.text(position - 2) != ".":
        return "", ""
    kind, variable = scan.tokens[position + 1] if position + 1 < len(scan.tokens) else ("", "")
    if kind != "name" or scan.text(position + 2) != "," or variable in VARIABLES | _WORDS | _RESERVED:
        raise ExpressionInvalid(f".{name}(…) starts with a new short name and a comma: .{name}(item, …)")
    outer = [bracket.macro for bracket in scan.open if bracket.macro]
    if len(outer) + 1 > MAX_MACRO_NESTING:
        raise ExpressionInvalid(f"{', '.join(sorted(MACROS))} nested deeper than {MAX_MACRO_NESTING}")
    if name in LIST_MAKERS:
        scan.list_makers += 1
        if outer or scan.list_makers > MAX_LIST_MAKERS:
            raise ExpressionInvalid(f".{name}(…) stands outside of other macros, at most {MAX_LIST_MAKERS} times")
    return name, variable


def _name(scan: _Scan, position: int, text: str) -> None:
    after_dot, called = scan.text(position - 1) == ".", scan.text(position + 1) == "("
    if called:
        _call(scan, position, text, after_dot)
    elif after_dot:
        if scan.text(position - 2) == "payload" and scan.text(position - 3) != ".":
            scan.fields.add(text)
    elif text in _WORDS:
        return
    elif scan.text(position + 1) == "{":
        raise ExpressionInvalid(f"{text}{{…}}: there are no message types")
    elif text == "payload":
        _payload(scan, position)
    elif text in VARIABLES:
        scan.variables.add(text)
    elif text not in {bracket.variable for bracket in scan.open}:
        raise ExpressionInvalid(f"{text} is not known here; known are {', '.join(sorted(VARIABLES))}")


def _call(scan: _Scan, position: int, text: str, after_dot: bool) -> None:
    if text in MACROS:
        if not after_dot:
            raise ExpressionInvalid(f"{text}(…) follows a list: list.{text}(item, …)")
        return
    if text == "matches":
        _pattern(scan, position)
    if text not in BUILTINS:
        if after_dot:
            raise ExpressionInvalid(f".{text}(…): a predicate stands in front: {text}(…)")
        scan.functions.add(text)


def _payload(scan: _Scan, position: int) -> None:
    scan.variables.add("payload")
    following = scan.text(position + 1)
    if following == ".":
        if scan.text(position + 3) == "(":
            raise ExpressionInvalid(f"payload.{scan.text(position + 2)}(…): name a field of the payload first")
        return
    if following not in (",", ")") or not any(bracket.close == ")" for bracket in scan.open):
        raise ExpressionInvalid(
            "payload is followed by a field (payload.field), or is handed to a predicate as a whole"
        )
    scan.whole_payload = True


def _pattern(scan: _Scan, position: int) -> None:
    """A pattern is a short text in the rule itself: one out of a payload could be made to cost anything."""
    kind, text = scan.tokens[position + 2] if position + 2 < len(scan.tokens) else ("", "")
    if scan.text(position - 1) != "." or kind != "text" or scan.text(position + 3) != ")":
        raise ExpressionInvalid("matches takes a pattern written in the rule: payload.field.matches('^[A-Z]+$')")
    if len(text) > MAX_PATTERN or re.search(r"\{[0-9]{3,}|\}[*+?)]*\{|\}[^{]*\}[*+]*\{", text):
        raise ExpressionInvalid(f"a pattern has at most {MAX_PATTERN} characters and repeats at most 99 times")
