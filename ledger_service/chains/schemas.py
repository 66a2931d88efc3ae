"""Request and answers of the chains' route."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from evidence.encoding import MAX_SAFE_INTEGER, format_time
from evidence.records import RecordType
from ledger_service.chains.model import Chain, Mention, Neighbour
from ledger_service.entries.model import EntryView
from ledger_service.entries.schemas import summary
from ledger_service.entries.service import MAX_PAGE
from ledger_service.kit.spreadsheets import csv_text

_COLUMNS = ("stream_seq", "index", "occurred_at", "received_at", "type", "event", "state", "failed_rules", "marks",
            "channel", "proof", "leaf_hash", "record_id")  # fmt: skip


class ChainQuery(BaseModel):
    """Which chain. The subject goes in the body: it may be a person's number, and URLs end up in logs."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(min_length=3, max_length=512)
    cursor: int = Field(default=0, ge=0, le=MAX_SAFE_INTEGER)
    limit: int = Field(default=100, ge=1, le=MAX_PAGE)
    depth: int = Field(default=1, ge=0, le=2)
    format: Literal["json", "csv"] = "json"


def chain_json(chain: Chain) -> dict[str, Any]:
    """A chain; `statements` says in codes what holds for it and what does not."""
    return {
        "subject": chain.subject,
        "stream": chain.stream,
        "state": chain.state,
        "length": chain.integrity.length,
        "integrity": {
            "sound": chain.integrity.sound,
            "checked": chain.integrity.checked,
            "problems": [{"index": item.index, "code": item.code} for item in chain.integrity.problems],
        },
        "proof": {"published": chain.published, "anchored": chain.anchored, "final": chain.final},
        "erased": list(chain.erased),
        "items": [summary(view) for view in chain.items],
        "attachments": [
            {
                "index": item.index,
                "sha256": item.sha256,
                "role": item.role,
                "media_type": item.media_type,
                "size": item.size,
                "stored": item.stored,
            }
            for item in chain.attachments
        ],
        "neighbours": [_neighbour(item) for item in chain.neighbours],
        "reconsidered": [
            {"index": item.index, "of_index": item.of_index, "rule_results": item.rule_results}
            for item in chain.reconsidered
        ],
        "statements": statements(chain),
        "cursor": None if chain.cursor is None else str(chain.cursor),
    }


def statements(chain: Chain) -> list[dict[str, Any]]:
    """What is proven, erased, missing and not proven about the chain: failures first, each a code with a count."""
    integrity = chain.integrity
    found = [{"code": f"broken_{code}", "count": count} for code, count in _counted(chain).items()]
    unchecked = integrity.length - integrity.checked
    missing = sum(not item.stored for item in chain.attachments)
    pairs = (
        ("no_own_records", int(not integrity.length)),
        ("not_checked", unchecked),
        ("attachments_not_stored", missing),
        ("fields_erased", len(chain.erased)),
        ("not_published", integrity.length - chain.published),
        ("not_anchored", chain.published - chain.anchored),
        ("not_final", chain.anchored - chain.final),
        ("reconsidered", len(chain.reconsidered)),
        ("linked_and_gapless", integrity.checked if integrity.sound else 0),
        ("final", chain.final),
    )
    return [*found, *({"code": code, "count": count} for code, count in pairs if count)]


def chain_csv(chain: Chain) -> str:
    """The entries of a chain as a table; cells that a spreadsheet would run are made text."""
    return csv_text(_COLUMNS, map(row, chain.items))


def row(view: EntryView) -> tuple[object, ...]:
    """One entry in the order of the table's columns."""
    value, judgement = summary(view), view.judgement
    return (
        value["stream_seq"],
        value["index"],
        value["occurred_at"],
        value["received_at"],
        value["type"],
        view.payload.get("event", ""),
        "" if judgement is None or judgement.step is None else judgement.step.to,
        "" if judgement is None else " ".join(_failed(item.rule, item.reason) for item in judgement.failed()),
        " ".join(value["marks"]),
        value["channel"],
        value["state"],
        value["leaf_hash"],
        value["record_id"],
    )


def type_label(types: Mapping[str, RecordType], view: EntryView, language: str) -> str:
    """The label of an entry's type in a language; the type's id where it is not known here."""
    record_type = types.get(view.entry.record_type)
    return view.entry.record_type if record_type is None else record_type.label(None, language)


def _failed(rule: str, reason: str) -> str:
    return f"{rule}:{reason}" if reason else rule


def _counted(chain: Chain) -> dict[str, int]:
    counts: dict[str, int] = {}
    for problem in chain.integrity.problems:
        counts[problem.code] = counts.get(problem.code, 0) + 1
    return counts


def _neighbour(item: Neighbour) -> dict[str, Any]:
    return {
        "subject": item.subject or None,
        "direction": item.direction,
        "fields": list(item.fields),
        "entries": list(item.entries),
        "count": item.count,
        "state": item.state,
        "about": [_mention(mention) for mention in item.about],
    }


def _mention(mention: Mention) -> dict[str, Any]:
    return {
        "index": mention.index,
        "type": mention.record_type,
        "subject": mention.subject or None,
        "occurred_at": format_time(mention.occurred_at),
    }
