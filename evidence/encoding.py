"""Strict text encodings shared by every format: base64, base64url, hexadecimal, decimals and times.

Each decoder accepts exactly one spelling of a value, so that two different texts never mean the same bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from binascii import a2b_base64, b2a_base64
from datetime import UTC, datetime

from evidence.errors import Malformed

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)\Z", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2})*\Z")
# Hours end at 23: newer Pythons read 24:00 as the next day's midnight, RFC 3339 does not know it.
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,6})?Z\Z", re.ASCII)

MAX_UINT64 = 2**64 - 1
MAX_SAFE_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly (RFC 8785 3.2.2.3)."""


def b64url_encode(data: bytes) -> str:
    """Encode as base64url without padding (RFC 7515 section 2)."""
    return b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode("ascii")


def b64url_decode(text: str) -> bytes:
    """Decode base64url without padding; non-zero trailing bits and any other spelling raise `Malformed`."""
    try:
        data = a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"===")
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Malformed("not unpadded base64url") from error
    # The reader skips what it does not know and drops spare bits: only the spelling that comes back is taken.
    if b64url_encode(data) != text:
        raise Malformed("not the one spelling of unpadded base64url")
    return data


def b64_encode(data: bytes) -> str:
    """Encode as padded standard base64 (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def b64_decode(text: str) -> bytes:
    """Decode padded standard base64; any other spelling raises `Malformed`."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("not padded base64") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise Malformed("base64 with non-zero trailing bits")
    return data


def hex_decode(text: str, size: int | None = None) -> bytes:
    """Decode lowercase hexadecimal with a `0x` prefix, of `size` bytes if given."""
    if not text.startswith("0x") or not _HEX.match(text[2:]):
        raise Malformed("not 0x-prefixed lowercase hexadecimal")
    data = bytes.fromhex(text[2:])
    if size is not None and len(data) != size:
        raise Malformed(f"expected {size} bytes of hexadecimal, got {len(data)}")
    return data


def hex_encode(data: bytes) -> str:
    """Encode as lowercase hexadecimal with a `0x` prefix."""
    return "0x" + data.hex()


def parse_decimal(text: str, *, maximum: int = MAX_UINT64) -> int:
    """Parse a plain decimal `0|[1-9][0-9]*`, at most `maximum`. Signs, underscores and other digits are refused."""
    # The length is bounded before int(): its cost grows with the square of the digits.
    if len(text) > 78 or not _DECIMAL.match(text):
        raise Malformed("not a plain decimal")
    value = int(text)
    if value > maximum:
        raise Malformed(f"decimal above {maximum}")
    return value


def parse_time(text: str) -> datetime:
    """Parse RFC 3339 UTC with `Z` and at most 6 fractional digits into an aware datetime."""
    if not _TIME.match(text):
        raise Malformed("not an RFC 3339 UTC time")
    try:
        return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
    except ValueError as error:
        raise Malformed("not a calendar time") from error


def format_time(moment: datetime) -> str:
    """Format an aware datetime as RFC 3339 UTC with `Z`; the fraction is left out when it is zero."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no instant")
    utc = moment.astimezone(UTC)
    text = utc.strftime("%Y-%m-%dT%H:%M:%S") if utc.year >= 1000 else utc.replace(microsecond=0).isoformat()[:19]
    return f"{text}.{utc.microsecond:06d}Z" if utc.microsecond else f"{text}Z"
