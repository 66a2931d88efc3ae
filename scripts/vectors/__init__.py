"""The project's own vectors as data: one attack or one sound example a file, made from the slow references.

A maker yields `(name, case)`; the name says what is wrong, `desc` says it in words, `expected` names the error.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

Cases = Iterator[tuple[str, dict[str, Any]]]


def b64(data: bytes) -> str:
    """Padded base64: how bytes stand in a vector file."""
    return base64.b64encode(data).decode("ascii")


def b64url(data: bytes) -> str:
    """Unpadded base64url (RFC 7515)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
