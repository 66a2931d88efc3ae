"""Answer of the streams' route."""

from __future__ import annotations

from typing import Any

from ledger_service.entries.schemas import summary
from ledger_service.streams.service import StreamPage


def stream_json(page: StreamPage) -> dict[str, Any]:
    """A part of the chain, the length of all of it, and where to go on."""
    return {
        "stream": page.stream,
        "length": page.length,
        "items": [summary(view) for view in page.items],
        "cursor": None if page.cursor is None else str(page.cursor),
    }
