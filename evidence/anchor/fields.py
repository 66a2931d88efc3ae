"""Typed access to the members of a JSON object: exact names, exact types, bounded sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from evidence.encoding import MAX_SAFE_INTEGER, hex_decode, parse_decimal, parse_time
from evidence.errors import LimitExceeded, Malformed


class Fields:
    """One JSON object with exactly the members `names`; `where` names it in errors."""

    def __init__(self, value: object, where: str, names: Sequence[str]) -> None:
        if not isinstance(value, Mapping) or set(value) != set(names):
            raise Malformed(f"{where}: an object with exactly the members {', '.join(names)} belongs here")
        self._value: Mapping[str, Any] = value
        self._where = where

    def any(self, name: str) -> object:
        """The member as it is."""
        value: object = self._value[name]
        return value

    def text(self, name: str, *, maximum: int = 200) -> str:
        """A string of at most `maximum` characters."""
        value = self._value[name]
        if not isinstance(value, str) or len(value) > maximum:
            raise Malformed(f"{self._where}.{name}: not a string of at most {maximum} characters")
        return value

    def integer(self, name: str, *, minimum: int = 0) -> int:
        """An integer from `minimum` to 2^53-1; true and false are no integers."""
        value = self._value[name]
        if type(value) is not int or not minimum <= value <= MAX_SAFE_INTEGER:
            raise Malformed(f"{self._where}.{name}: not an integer from {minimum} to 2^53-1")
        return value

    def decimal(self, name: str) -> int:
        """A uint256 as a plain decimal string."""
        return parse_decimal(self.text(name, maximum=78), maximum=2**256 - 1)

    def word(self, name: str, size: int = 32) -> bytes:
        """Exactly `size` bytes in 0x-hexadecimal."""
        return self._hex(self.text(name, maximum=2 + 2 * size), name, size)

    def blob(self, name: str, *, max_bytes: int) -> bytes:
        """At most `max_bytes` bytes in 0x-hexadecimal."""
        return self._hex(self.text(name, maximum=2 + 2 * max_bytes), name, None)

    def blobs(self, name: str, *, max_items: int, max_bytes: int) -> tuple[bytes, ...]:
        """A list of at most `max_items` hexadecimal strings of at most `max_bytes` bytes each."""
        texts = self.items(name, max_items=max_items)
        for text in texts:
            if not isinstance(text, str) or len(text) > 2 + 2 * max_bytes:
                raise Malformed(f"{self._where}.{name}: not hexadecimal strings of at most {max_bytes} bytes")
        return tuple(self._hex(str(text), name, None) for text in texts)

    def items(self, name: str, *, max_items: int) -> list[object]:
        """A list of at most `max_items` members."""
        value = self._value[name]
        if not isinstance(value, list):
            raise Malformed(f"{self._where}.{name}: not a list")
        if len(value) > max_items:
            raise LimitExceeded(f"{self._where}.{name}: {len(value)} items, limit {max_items}")
        return value

    def time(self, name: str) -> datetime:
        """An RFC 3339 UTC time."""
        return parse_time(self.text(name, maximum=30))

    def _hex(self, text: str, name: str, size: int | None) -> bytes:
        try:
            return hex_decode(text, size)
        except Malformed as error:
            raise Malformed(f"{self._where}.{name}: {error}") from error
