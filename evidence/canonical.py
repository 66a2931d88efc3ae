"""Canonical JSON (RFC 8785) and a strict, bounded JSON reader.

`dumps` has a fast path through orjson, whose output equals RFC 8785 for plain values: exact built-in types, no floats,
integers within ±(2^53−1), no character beyond U+FFFF. Everything else takes the `rfc8785` library, after the depth has
been bounded here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

import orjson
import rfc8785

from evidence.encoding import MAX_SAFE_INTEGER
from evidence.errors import LimitExceeded, Malformed

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_BYTES = 65_535
MAX_DEPTH = 32

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER | orjson.OPT_PASSTHROUGH_SUBCLASS
_EXPONENT_FROM = 1e21
"""Magnitude from which RFC 8785 writes an exponent (ECMA-262 Number::toString)."""
_SCALARS = frozenset({str, int, bool, type(None)})
_NESTING = frozenset({dict, list})
_BELOW_FOUR_BYTES = bytes(range(0xF0))
"""Every byte that UTF-8 uses for characters up to U+FFFF."""
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def dumps(value: Any, *, max_depth: int = MAX_DEPTH) -> bytes:
    """Serialise to RFC 8785 bytes.

    Raises `LimitExceeded` for nesting beyond `max_depth`, `Malformed` for what JSON cannot carry exactly: integers
    beyond ±(2^53−1), floats that would be written as such an integer, NaN, lone surrogates, non-string keys, foreign
    types.
    """
    kind = type(value)
    try:
        if kind is dict:
            plain = _is_plain(value.values(), max_depth)
        elif kind is list:
            plain = _is_plain(value, max_depth)
        else:
            plain = kind in _SCALARS
        if plain:
            data = orjson.dumps(value, option=_OPTIONS)
            # Keys sort by UTF-16 code units (RFC 8785 3.2.3); code point order differs only beyond U+FFFF.
            if data.isascii() or not data.translate(None, _BELOW_FOUR_BYTES):
                return data
        return _dumps_any(value, max_depth)
    except (rfc8785.CanonicalizationError, TypeError, ValueError) as error:
        raise Malformed(f"not canonicalisable as JSON: {type(error).__name__}") from error


def _is_plain(members: Collection[Any], depth: int) -> bool:
    """Whether every member is of an exact built-in type that the fast path may carry; bounds the depth on the way."""
    if depth == 0:
        raise LimitExceeded("JSON nested too deeply")
    # The set of types is built at C speed; members are looked at one by one only where it shows something nested.
    kinds = set(map(type, members)) - _SCALARS
    if not kinds:
        return True
    if not kinds <= _NESTING:
        return False
    for member in members:
        kind = type(member)
        if kind is dict:
            if not _is_plain(member.values(), depth - 1):
                return False
        elif kind is list and not _is_plain(member, depth - 1):
            return False
    return True


def _dumps_any(value: Any, max_depth: int) -> bytes:
    _bound_value(value, max_depth)
    return rfc8785.dumps(value)


def _bound_value(value: Any, depth: int) -> None:
    # The library recurses without a bound: a deep value would end in a RecursionError.
    if not isinstance(value, dict | list | tuple):
        # RFC 8785 writes such a number as an integer, which no strict reader takes back (3.2.2.3).
        if isinstance(value, float) and MAX_SAFE_INTEGER < abs(value) < _EXPONENT_FROM:
            raise Malformed("number beyond ±(2^53−1) that would be written as an integer")
        return
    if depth == 0:
        raise LimitExceeded("JSON nested too deeply")
    for member in value.values() if isinstance(value, dict) else value:
        _bound_value(member, depth - 1)


def loads(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """Parse strict JSON: UTF-8, no duplicate keys, exact numbers, bounded size and depth.

    Raises `LimitExceeded` beyond the bounds and `Malformed` for anything else that is not such JSON.
    """
    _bound_bytes(data, max_bytes, max_depth)
    canonical = _loads_if_canonical(data, max_depth)
    if canonical is not None:
        return canonical
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_integer)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        at = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "not UTF-8"
        raise Malformed(f"not JSON: {at}") from error
    dumps(value, max_depth=max_depth)  # Lone surrogates and infinities pass the reader; canonical JSON has neither.
    return value


def loads_canonical(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """Parse JSON that must already be in RFC 8785 form: exactly one spelling is accepted for each value."""
    _bound_bytes(data, max_bytes, max_depth)
    value = _loads_if_canonical(data, max_depth)
    if value is None and data != b"null":
        raise Malformed("not JSON in canonical form (RFC 8785)")
    return value


def _loads_if_canonical(data: bytes, max_depth: int) -> Any:
    """The value if `data` is its canonical spelling, else None.

    The reader takes duplicate keys and inexact numbers, but neither survives the comparison; it is several times
    quicker than the strict one, and what the product writes is canonical.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return value if dumps(value, max_depth=max_depth) == data else None


def _bound_bytes(data: bytes, max_bytes: int, max_depth: int) -> None:
    """Bound size and nesting before a parser recurses."""
    if len(data) > max_bytes:
        raise LimitExceeded(f"JSON of {len(data)} bytes, at most {max_bytes} allowed")
    if data.count(b"[") + data.count(b"{") <= max_depth:
        return
    # Strings are cut out first: a bracket inside one is no nesting. Escaped quotes go before the strings are split.
    bare = b"".join(data.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    depth = 0
    for byte in bare.translate(None, _NOT_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        if depth > max_depth:
            raise LimitExceeded("JSON nested too deeply")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("duplicate key in a JSON object")
    return members


def _refuse(constant: str) -> Any:
    raise Malformed("NaN and infinities are not JSON")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_SAFE_INTEGER or text == "-0":
        raise Malformed("integer beyond ±(2^53−1), or negative zero")
    return int(text)


def require_object(value: Any, required: frozenset[str], optional: frozenset[str] = frozenset()) -> Mapping[str, Any]:
    """Return `value` if it is an object with exactly these members; otherwise raise `Malformed` naming the keys."""
    if not isinstance(value, dict):
        raise Malformed("expected a JSON object")
    missing, extra = required - value.keys(), value.keys() - required - optional
    if missing or extra:
        raise Malformed(f"JSON object: missing {sorted(missing)}, unexpected {len(extra)} other member(s)")
    return value
