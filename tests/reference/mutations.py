"""Bending sound inputs a little: what an attacker, a bad disk or a careless tool does to bytes and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from evidence.errors import EvidenceError

ODD_TEXTS = [
    "",
    "0",
    "-1",
    "+1",
    "4_2",
    "٤٢",
    "AA==",
    "AB",
    "~",
    ".",
    "..",
    "\n",
    "\0",
    "\ud800",
    "none",
    "null",
    "{}",
    "[]",
]
ODD_VALUES: list[Any] = [None, True, 0, -1, 1.5, 2**53, 1e17, [], {}, [[]], {"_sd": []}, *ODD_TEXTS]


def never_foreign(parser: Callable[[Any], object], value: Any) -> object | None:
    """What `parser` makes of `value`, None if it refuses; any exception that is not ours passes through and fails."""
    try:
        return parser(value)
    except EvidenceError:
        return None


@st.composite
def bent_bytes(draw: st.DrawFn, sound: bytes) -> bytes:
    """`sound` with one to three small injuries: bits flipped, parts cut, doubled or replaced."""
    data = bytearray(sound)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["flip", "cut", "insert", "double", "truncate"])):
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[at : at + draw(st.integers(1, 8))]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 40))]
            case _:
                del data[at:]
    return bytes(data)


@st.composite
def bent_json(draw: st.DrawFn, sound: Any) -> Any:
    """A copy of `sound` with one member somewhere replaced, dropped, or doubled under another name."""
    value = json.loads(json.dumps(sound))
    holder, key = draw(st.sampled_from(_places(value)))
    match draw(st.sampled_from(["replace", "drop", "add"])):
        case "drop":
            del holder[key]
        case "add" if isinstance(holder, dict):
            holder[draw(st.sampled_from(["x", "v", "keys", "__proto__"]))] = draw(st.sampled_from(ODD_VALUES))
        case _:
            holder[key] = draw(st.sampled_from(ODD_VALUES))
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]
