"""Answers and lines of the statements' routes."""

from __future__ import annotations

from typing import Any

from evidence.canonical import loads
from evidence.encoding import b64url_encode, format_time
from evidence.errors import EvidenceError
from ledger_service.entries.schemas import links
from ledger_service.errors import BadRequest, ServiceError, TooLarge
from ledger_service.judging.model import failures_value
from ledger_service.kit.evidence_errors import refusal
from ledger_service.statements.model import Outcome, Rejected, Sequenced


def sequenced_json(item: Sequenced) -> dict[str, Any]:
    """The answer to a sequenced statement (FORMATS 10), with what the rules have against the record."""
    return {
        "record_id": item.record_id,
        "index": item.index,
        "leaf_hash": b64url_encode(item.leaf_hash),
        "stream": item.stream,
        "stream_seq": item.stream_seq,
        "received_at": format_time(item.received_at),
        "judgement": None if item.judgement is None else failures_value(item.judgement),
        "links": links(item.ledger, item.index, item.stream),
    }


def line_json(line: int, outcome: Outcome) -> dict[str, Any]:
    """The answer to one line, counted from 0: the fields of a single answer, or `problem`."""
    if isinstance(outcome, Rejected):
        return {"line": line, "status": outcome.error.status, "problem": outcome.error.problem()}
    return {"line": line, "status": 201 if outcome.created else 200, **sequenced_json(outcome)}


def split_lines(data: bytes, max_lines: int) -> list[bytes]:
    """The lines of an NDJSON body; a newline after the last one is no further line. Raises TooLarge."""
    # Counted before they are split: millions of tiny lines would take many times the memory of the body.
    if data.count(b"\n") + (not data.endswith(b"\n")) > max_lines:
        raise TooLarge(f"at most {max_lines} lines in one request")
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines


def read_line(line: bytes, max_bytes: int) -> str | ServiceError:
    """The statement of one line, `"<sd-jwt>"` or `{"statement": "<sd-jwt>"}`; an error takes the statement's place."""
    try:
        value = loads(line, max_bytes=max_bytes + 64, max_depth=1)
    except EvidenceError as error:
        return refusal(error)
    if isinstance(value, dict) and value.keys() == {"statement"}:
        value = value["statement"]
    if not isinstance(value, str):
        return BadRequest('a line is "<sd-jwt>" or {"statement": "<sd-jwt>"}', reason="line")
    return value
