"""Record types written down in a test, and an engine over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from evidence.records.catalogue import parse_type
from evidence.records.facts import Fact
from evidence.records.model import RecordType
from evidence.records.predicates import predicates
from evidence.records.predicates.scope import Predicate
from evidence.records.rules.engine import RuleEngine
from evidence.records.table import Table, Tables

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 4, 4, tzinfo=UTC)
"""Noon at the site."""
LABELS = "labels: {zh: 甲, en: A}"


@dataclass(frozen=True)
class Site:
    """A catalogue of a few types."""

    types: Mapping[str, RecordType]
    tables: Tables = field(default_factory=lambda: Tables([]))
    zone: ZoneInfo = ZONE

    def all_types(self) -> Sequence[RecordType]:
        return list(self.types.values())


@lru_cache(maxsize=256)
def record_type(body: str, name: str = "matter", kind: str = "matter") -> RecordType:
    """A type with the fields n, code, list, items, q, due, level and note; `body` is what follows in its file."""
    return parse_type(
        f"""
id: {name}
version: 1
{LABELS}
subject: {{kind: {kind}, personal: none}}
retention: {{class: other, source: product}}
clauses: ['8.1']
required: []
fields:
  n: {{{LABELS}, schema: {{type: integer}}}}
  code: {{{LABELS}, schema: {{type: string}}}}
  list: {{{LABELS}, schema: {{type: array, items: {{type: integer}}}}}}
  items: {{{LABELS}, schema: {{type: array, items: {{type: integer}}}}}}
  q: {{{LABELS}, schema: {{$ref: '#/$defs/quantity'}}}}
  due: {{{LABELS}, schema: {{type: string}}}}
  level: {{{LABELS}, schema: {{type: string}}}}
  note: {{{LABELS}, schema: {{type: boolean}}}}
  override: {{{LABELS}, schema: {{type: string}}}}
{body}
""",
        f"{name}.yaml",
    )


def rule(check: str, rule_id: str = "R1", severity: str = "hard", more: str = "") -> str:
    """One rule of a file's `rules:`."""
    escaped = check.replace("'", "''")
    return (
        f"  - {{id: {rule_id}, version: 1, {LABELS}, severity: {severity}, check: '{escaped}', source: product,"
        f" confidence: v{', ' if more else ''}{more}}}\n"
    )


def engine(*types: RecordType, tables: Sequence[Table] = (), **more: Predicate) -> RuleEngine:
    """An engine over types, with the product's predicates and those given."""
    site = Site({item.id: item for item in types}, Tables(tables))
    return RuleEngine(site, {**predicates(), **more})


def table(table_id: str, **values: Any) -> Table:
    """A table that is always in force."""
    return Table(table_id, 1, {"zh": "表", "en": "Table"}, "product", "v", None, None, values, {"values": values})


def fact(index: int, event: str = "", **more: Any) -> Fact:
    """A record about `matter/M-1` that occurred and was received `minutes` after noon."""
    payload = dict(more.pop("payload", {}))
    if event:
        payload["event"] = event
    moment = NOON + timedelta(minutes=more.pop("minutes", index))
    given = {
        "record_id": f"r{index}",
        "type": "matter",
        "version": 1,
        "subject": "matter/M-1",
        "occurred_at": moment,
        "received_at": moment,
        "channel": "web",
        "kid": f"k{index}",
        "role": "worker",
    }
    return Fact(index=index, payload=payload, **{**given, **more})
