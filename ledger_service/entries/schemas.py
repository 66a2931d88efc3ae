"""Answers of the entries' routes, built as plain values: pages are large and need no second validation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from evidence.encoding import MAX_SAFE_INTEGER, b64_encode, b64url_encode, format_time, parse_time
from evidence.errors import Malformed
from ledger_service.entries.model import Disclosure, EntryView, Page, RecordState
from ledger_service.entries.service import MAX_PAGE
from ledger_service.errors import BadRequest

DEFAULT_PAGE = 50


class RecordSearch(BaseModel):
    """Filters of a search; those left out do not filter. `subject` is turned into its stream by the service."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    type: str | None = None
    subject: str | None = Field(default=None, max_length=512)
    stream: str | None = None
    occurred_from: str | None = Field(default=None, alias="from")
    occurred_to: str | None = Field(default=None, alias="to")
    status: RecordState | None = None
    q: str | None = Field(default=None, min_length=1, max_length=200)
    cursor: int | None = Field(default=None, ge=0, le=MAX_SAFE_INTEGER)
    limit: int = Field(default=DEFAULT_PAGE, ge=1, le=MAX_PAGE)


def time_bound(text: str | None) -> datetime | None:
    """A time filter. Raises BadRequest."""
    try:
        return None if text is None else parse_time(text)
    except Malformed as error:
        raise BadRequest("a time is RFC 3339 in UTC, such as 2026-11-23T10:00:00Z", reason="time") from error


def links(ledger: str, index: int, stream: str) -> dict[str, str]:
    """Where to go from an entry."""
    base = f"/v1/ledgers/{ledger}"
    return {
        "self": f"{base}/entries/{index}",
        "receipt": f"{base}/entries/{index}/receipt",
        "stream": f"{base}/streams/{stream}",
    }


def summary(view: EntryView) -> dict[str, Any]:
    """One record of a page."""
    entry = view.entry
    return {
        "record_id": entry.record_id,
        "index": entry.index,
        "type": entry.record_type,
        "channel": entry.channel,
        "kid": entry.kid,
        "stream": entry.stream,
        "stream_seq": entry.stream_seq,
        "occurred_at": format_time(entry.occurred_at),
        "received_at": format_time(entry.received_at),
        "leaf_hash": b64url_encode(entry.leaf_hash),
        "state": view.state.value,
        "payload": view.payload,
        "erased": sum(item.text is None for item in view.disclosures),
        "judgement": None if view.judgement is None else view.judgement.to_value(),
        "marks": [] if view.judgement is None else list(view.judgement.marks),
        "links": links(entry.ledger, entry.index, entry.stream),
    }


def entry_json(view: EntryView) -> dict[str, Any]:
    """One entry in full: its exact bytes as base64 (as in a receipt), and the disclosures in submitted order.

    `judgement_disclosure` is what the entry commits to as its judgement; null where its type has no rules.
    """
    judged = view.judgement_disclosure
    return summary(view) | {
        "entry": b64_encode(view.entry.entry_bytes),
        "disclosures": [_disclosure_json(item) for item in view.disclosures],
        "judgement_disclosure": None if judged is None else _disclosure_json(judged),
        "erasures": [{"index": index, "legal_basis": basis} for index, basis in sorted(view.erasures.items())],
    }


def _disclosure_json(item: Disclosure) -> dict[str, Any]:
    return {"digest": item.digest, "text": item.text, "erased_by": item.erased_by}


def page_json(page: Page) -> dict[str, Any]:
    """A page; `cursor` goes into the next request, null at the end."""
    return {
        "items": [summary(view) for view in page.items],
        "cursor": None if page.cursor is None else str(page.cursor),
    }
