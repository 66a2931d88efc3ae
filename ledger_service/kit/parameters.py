"""Numbers in paths and queries: spelled in one way, so that one thing has one URL."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from evidence.checkpoint import MAX_TREE_SIZE
from evidence.encoding import MAX_SAFE_INTEGER, parse_decimal
from evidence.errors import Malformed


def _plain(value: Any) -> Any:
    """Text only as a plain decimal: `+1`, `1_0` and ` 1` are other spellings that `int()` would take."""
    try:
        return parse_decimal(value) if isinstance(value, str) else value
    except Malformed as error:
        raise ValueError("not a plain decimal") from error


PLAIN = BeforeValidator(_plain)

Index = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER), PLAIN]
"""An index or cursor, or a `stream_seq`."""
TreeSize = Annotated[int, Field(ge=0, le=MAX_TREE_SIZE), PLAIN]
"""Leaves of a tree."""
