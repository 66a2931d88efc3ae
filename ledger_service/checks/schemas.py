"""Requests and answers of the checks' routes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from evidence.encoding import MAX_SAFE_INTEGER, format_time
from evidence.records.error_rate import ErrorRate
from ledger_service.checks.model import CHECKS, Answer

UNKNOWN = "unknown"


class CheckQuery(BaseModel):
    """A question. Its arguments go in the body: they may be a person's number, and URLs end up in logs."""

    model_config = ConfigDict(extra="forbid")

    check: str = Field(max_length=40, json_schema_extra={"enum": list(CHECKS)})
    arguments: dict[str, str] = Field(
        description="; ".join(f"{name}: {', '.join(check.names)}" for name, check in CHECKS.items())
    )
    at: str | None = Field(default=None, max_length=40, description="RFC 3339, UTC; default: now")
    known: int | None = Field(
        default=None, ge=0, le=MAX_SAFE_INTEGER, description="only entries below this index are known; default: all"
    )


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer; what was asked with is not repeated."""
    zh, en = answer.words
    return {
        "check": answer.check,
        "answer": UNKNOWN if answer.answer is None else answer.answer,
        "reason": answer.reason or None,
        "reason_words": {"zh": zh, "en": en} if zh else None,
        "inputs": list(answer.inputs),
        "at": format_time(answer.at),
        "known": answer.known,
        "tables": answer.tables,
    }


def error_rate_json(
    rate: ErrorRate, camera: str | None, begin: datetime | None, end: datetime | None
) -> dict[str, Any]:
    """AV9: rate = false_alarms / n over reviewed events, as decimal text; what is not known stands beside it."""
    return {
        "camera": camera,
        "from": None if begin is None else format_time(begin),
        "to": None if end is None else format_time(end),
        "n": rate.n,
        "confirmed": rate.confirmed,
        "false_alarms": rate.false_alarms,
        "rate": _text(rate.rate),
        "interval": {"level": "0.95", "method": "wilson", "low": _text(rate.low), "high": _text(rate.high)},
        "unreviewed": rate.unreviewed,
        "inconclusive": rate.inconclusive,
        "excluded": rate.excluded,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
