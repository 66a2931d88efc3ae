"""The words and signs of an expression: CEL without fractions, comments and multi-line texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from evidence.errors import Malformed
from evidence.records.hints import hint

MAX_TEXT: Final = 200
_TOKEN: Final = re.compile(
    r"""\s+
    | (?P<comment>//)
    | (?P<text>[rRbB]{0,2}(?:'(?:[^'\\\r\n]|\\.)*'|"(?:[^"\\\r\n]|\\.)*"))
    | (?P<float>[0-9]+\.[0-9]+|\.[0-9]+|[0-9]+[eE][+-]?[0-9]+)
    | (?P<int>0x[0-9a-fA-F]+|[0-9]+)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<mark>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])
    """,
    re.VERBOSE | re.ASCII,
)


class ExpressionInvalid(Malformed):
    """A rule's expression is not usable: correct the rule. The message names the word and what is allowed."""


def tokens(source: str) -> Iterator[tuple[str, str]]:
    """Kind (text, int, name, mark) and text of each word. Raises `ExpressionInvalid`."""
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            sign = source[position]
            raise ExpressionInvalid(f"the sign {sign!r} (character {position + 1}) has no meaning here{hint(sign)}")
        position = match.end()
        kind, text = match.lastgroup, match.group()
        if kind == "comment":
            raise ExpressionInvalid("no comments inside an expression: put them into the file beside it")
        if kind == "float":
            raise ExpressionInvalid(f"{text}: numbers with fractions lose digits; write a decimal text such as '1.5'")
        if kind == "text" and len(text) > MAX_TEXT:
            raise ExpressionInvalid(f"a text in an expression has at most {MAX_TEXT} characters")
        if kind == "int" and (len(text) > 15 or source[position : position + 1] in ("u", "U")):
            raise ExpressionInvalid(f"{text}: whole numbers have at most 15 digits and no suffix")
        if kind is not None:
            yield kind, text
