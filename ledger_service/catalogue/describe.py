"""A record type in words for a terminal, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evidence.records import RecordType


def committed(record_type: RecordType) -> dict[str, Any]:
    """The type's data as statements commit to it, with the claim that names it."""
    return {"schema": record_type.schema_claim, "data": dict(record_type.data)}


def describe(record_type: RecordType) -> list[str]:
    """Lines for a person."""
    return list(_lines(record_type))


def _lines(record_type: RecordType) -> Iterator[str]:
    yield f"{record_type.id} {record_type.version}: {record_type.labels['zh']} / {record_type.labels['en']}"
    yield f"schema     {record_type.schema_claim}"
    yield f"subject    {record_type.subject_kind}/<id>"
    yield f"clauses    {', '.join(record_type.clauses)}"
    yield f"retention  {record_type.retention_class} ({record_type.legal_basis})"
    yield "fields"
    for field in record_type.fields.values():
        marks = [*(["required"] if field.required else []), str(field.personal)]
        marks += [f"-> {reference.kind}" for reference in field.refers_to]
        yield f"  {field.name:<24}  {field.labels['zh']} / {field.labels['en']} ({', '.join(marks)})"
    lifecycle = record_type.lifecycle
    if lifecycle is not None:
        yield f"states     {', '.join(lifecycle.states)}"
        yield "events"
        for event in lifecycle.events.values():
            sources = ", ".join((*(("new",) if event.opens else ()), *event.from_states))
            who = f" by {', '.join(event.by)}" if event.by else ""
            yield f"  {event.name:<24}  {sources} -> {event.to or 'same'}{who}"
    for title, items in (
        ("deadlines", record_type.deadlines),
        ("rules", record_type.rules),
        ("measures", record_type.measures),
    ):
        if items:
            yield title
        for item in items:
            severity = f" ({item.severity})" if hasattr(item, "severity") else ""
            yield f"  {item.id:<24}  {item.labels['zh']} / {item.labels['en']}{severity}"
