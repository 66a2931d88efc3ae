"""Recursive Length Prefix, strict and bounded (Ethereum Yellow Paper, appendix B).

Exactly one encoding of every value is accepted: no long form for what fits a short one, no leading zero in a length,
no single byte below 0x80 behind a prefix, nothing after the item. So equal items have equal bytes and equal hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from evidence.errors import LimitExceeded, Malformed

Item: TypeAlias = bytes | list["Item"]
Encodable: TypeAlias = bytes | Sequence["Encodable"]

MAX_BYTES = 65_536
"""Above any header (under 1 KiB, a few KiB with quorum seals) or trie node (at most 600 bytes)."""
MAX_DEPTH = 16
MAX_ITEMS = 1_024


def decode(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Item:
    """Decode one item that fills `data` whole.

    Raises `LimitExceeded` above `max_bytes`, `max_depth` lists within lists or `MAX_ITEMS` items in a list, and
    `Malformed` for any encoding that is not the canonical one.
    """
    if len(data) > max_bytes:
        raise LimitExceeded(f"RLP of {len(data)} bytes, limit {max_bytes}")
    item, end = _item(data, 0, len(data), max_depth)
    if end != len(data):
        raise Malformed("RLP: bytes after the item")
    return item


def decode_list(data: bytes, what: str) -> list[Item]:
    """Decode one list; `what` names it in the error."""
    item = decode(data)
    if isinstance(item, bytes):
        raise Malformed(f"{what}: RLP string where a list belongs")
    return item


def _item(data: bytes, start: int, end: int, depth: int) -> tuple[Item, int]:
    """Decode the item at `start`, which may not reach beyond `end`; return it with the offset after it."""
    if start >= end:
        raise Malformed("RLP: truncated")
    prefix = data[start]
    if prefix < 0x80:
        return data[start : start + 1], start + 1
    is_list = prefix >= 0xC0
    begin, stop = _payload(data, start, end, 0xC0 if is_list else 0x80)
    if is_list:
        return _items(data, begin, stop, depth), stop
    if stop - begin == 1 and data[begin] < 0x80:
        raise Malformed("RLP: prefix before a byte that stands for itself")
    return data[begin:stop], stop


def _payload(data: bytes, start: int, end: int, offset: int) -> tuple[int, int]:
    """Bounds of the payload whose prefix is at `start`; `offset` is 0x80 for strings, 0xC0 for lists."""
    size = data[start] - offset
    begin = start + 1
    if size > 55:
        length_bytes = data[begin : min(begin + size - 55, end)]
        if len(length_bytes) < size - 55:
            raise Malformed("RLP: truncated length")
        begin += len(length_bytes)
        size = int.from_bytes(length_bytes, "big")
        if length_bytes[0] == 0 or size <= 55:
            raise Malformed("RLP: length not in its shortest form")
    if size > end - begin:
        raise Malformed("RLP: truncated")
    return begin, begin + size


def _items(data: bytes, start: int, end: int, depth: int) -> list[Item]:
    """Decode the items that fill `[start, end)`."""
    # The depth is checked on the way down, so recursion never goes deeper than the limit.
    if depth <= 0:
        raise LimitExceeded("RLP: lists nested too deep")
    items: list[Item] = []
    while start < end:
        if len(items) >= MAX_ITEMS:
            raise LimitExceeded(f"RLP: more than {MAX_ITEMS} items in a list")
        item, start = _item(data, start, end, depth - 1)
        items.append(item)
    return items


def encode(item: Encodable) -> bytes:
    """Encode bytes, or nested sequences of bytes, in the one canonical form."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(len(item), 0x80) + item
    body = b"".join(encode(part) for part in item)
    return _prefix(len(body), 0xC0) + body


def _prefix(size: int, offset: int) -> bytes:
    if size <= 55:
        return bytes([offset + size])
    length = encode_int(size)
    return bytes([offset + 55 + len(length)]) + length


def encode_int(value: int) -> bytes:
    """Big-endian bytes of a non-negative integer without leading zeros; zero is the empty string."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def decode_int(item: Item, what: str, *, max_bytes: int = 8) -> int:
    """Read an integer field of at most `max_bytes` bytes; `what` names it in the error."""
    if not isinstance(item, bytes) or len(item) > max_bytes or item[:1] == b"\0":
        raise Malformed(f"{what}: not a canonical integer of at most {max_bytes} bytes")
    return int.from_bytes(item, "big")
