"""What an expression needs of one field before anything else of it counts: asked without the CEL library.

Most rules of a type begin with `payload.step_code == 'S07' && …`. Where the field holds another text, the expression is
false whatever follows: `false && …` is false by CEL's rules, even where the rest could not be decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from evidence.records.rules.tokens import tokens

_QUOTES = ("'", '"')


@dataclass(frozen=True, slots=True)
class Gate:
    """The expression is false where the field holds a text that is none of `values`."""

    field: str
    values: frozenset[str]

    def shut(self, payload: Mapping[str, Any]) -> bool:
        """Whether the expression is false for this payload; False says nothing."""
        value = payload.get(self.field)
        return isinstance(value, str) and value not in self.values


@lru_cache(maxsize=2048)
def gate_of(source: str) -> Gate | None:
    """The gate of an expression that `analyse` accepted; None where it does not begin with one."""
    found = list(tokens(source))
    words = [text for _, text in found]
    if len(words) < 5 or words[0] != "payload" or words[1] != "." or _has_alternative(words):
        return None
    values, end = _values(found[3:])
    rest = words[3 + end : 4 + end]
    return Gate(words[2], frozenset(values)) if values and rest in ([], ["&&"]) else None


def _values(found: Sequence[tuple[str, str]]) -> tuple[list[str], int]:
    """The texts of `== 'a'` or `in ['a', 'b']`, and how many tokens that takes; no text where it is neither."""
    if found[0][1] == "==":
        return _plain(found[1:2]), 2
    words = [text for _, text in found]
    if words[:2] != ["in", "["] or "]" not in words:
        return [], 0
    end = words.index("]")
    listed = found[2:end]
    separated = all(text == "," for _, text in listed[1::2]) and len(listed) % 2
    return (_plain(listed[::2]) if separated else []), end + 1


def _plain(found: Sequence[tuple[str, str]]) -> list[str]:
    """What texts without escapes say; nothing where one is anything else."""
    plain = all(kind == "text" and text[0] in _QUOTES and "\\" not in text for kind, text in found)
    return [text[1:-1] for _, text in found] if plain else []


def _has_alternative(words: Sequence[str]) -> bool:
    """Whether something outside of brackets can make the expression true although its beginning is false."""
    depth = 0
    for word in words:
        depth += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
        if depth == 0 and word in ("||", "?"):
            return True
    return False
