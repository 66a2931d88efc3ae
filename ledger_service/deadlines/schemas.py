"""Answers of the deadlines' and reminders' routes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from evidence.encoding import format_time
from ledger_service.deadlines.model import DeadlineView
from ledger_service.deadlines.service import DeadlineService
from ledger_service.kit.spreadsheets import csv_text
from ledger_service.reminders.model import ReminderRow

_COLUMNS = ("state", "due_at", "deadline", "label", "record_type", "subject", "started_at", "started_index", "met_at",
            "met_index", "met_kid")  # fmt: skip


def deadline_json(service: DeadlineService, view: DeadlineView) -> dict[str, Any]:
    """One deadline. `met_kid` is the key that signed the answer; null while there is none."""
    row = view.row
    return {
        "deadline": row.deadline,
        "labels": {language: service.label(row, language) for language in ("zh", "en")},
        "record_type": row.record_type,
        "subject": view.subject or None,
        "stream": row.stream,
        "state": view.state.value,
        "soft": row.soft,
        "started_at": format_time(row.started_at),
        "started_index": row.started_idx,
        "due_at": _time(row.due_at),
        "met_at": _time(row.met_at),
        "met_index": row.met_idx,
        "met_kid": row.met_kid,
    }


def deadlines_csv(service: DeadlineService, views: Sequence[DeadlineView], language: str = "en") -> str:
    """The same as a table; cells that a spreadsheet would run are made text."""
    values = [deadline_json(service, view) for view in views]
    rows = [value | {"label": value["labels"][language]} for value in values]
    return csv_text(_COLUMNS, ([row[name] for name in _COLUMNS] for row in rows))


def reminder_json(row: ReminderRow, deliveries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One reminder with every attempt to deliver it."""
    return {
        "reminder_id": row.reminder_id,
        "deadline": row.deadline,
        "record_type": row.record_type,
        "stream": row.stream,
        "started_index": row.started_idx,
        "level": row.level,
        "role": row.role,
        "recipient": row.recipient or None,
        "state": row.state.value,
        "due_at": _time(row.due_at),
        "created_at": format_time(row.created_at),
        "next_at": _time(row.next_at),
        "deliveries": [item | {"at": format_time(item["at"])} for item in deliveries],
    }


def _time(value: datetime | None) -> str | None:
    return None if value is None else format_time(value)
