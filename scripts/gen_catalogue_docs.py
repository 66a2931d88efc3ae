"""Write docs/rules.md and docs/record-types.md from the catalogue, or with --check tell whether they are fresh."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from evidence.records import Catalogue, RecordType, load_catalogue
from evidence.records.compare import resolved
from evidence.records.deadline_definition import DeadlineDef, Due
from evidence.records.model import Field
from scripts.generated import ROOT, write_or_check

_RULES_HEAD = """# Rules

Generated from the record types in `evidence/records/types`. A rule is judged when a record enters the log, knowing the
entries before it; its result is fixed in the entry. A record that breaks a rule is not thrown away: it is kept with
the result beside it, and where the rule is *hard* it moves no state. *hard* has no way round, *soft* can be overridden
with a reason, *mark* is only shown. Confidence: v stated by a source, k general knowledge, c sources conflict; what is
k or c is data that the operator confirms. The expressions stand in the type's file;
`safety-ledger types show ID --json` prints them.

看表方法：

- “必须成立”是规则要求；events 为规则适用的环节，空白即每条记录。
- severity 为规则强度：hard 硬性、不可放行，soft 可说明理由后放行，mark 仅作提示。
- conf. 为依据的可靠程度：v 有明确出处，k 一般知识，c 来源不一致；其中 k、c 须由本单位确认。
- effect 为不符合时的后续动作：hold 暂停作业，open_nonconformity 开不符合项，open_incident 开事件，
  open_review 开复核，impact_review 追溯影响。
- 违反规则的记录照样入账并注明结果；硬性规则不通过时，对象状态不变。
"""
_TYPES_HEAD = """# Record types

Generated from `evidence/records/types`. Every type also has the fields {common}. A field marked with an event is needed
by records that state it. Personal data: `personal` or `sensitive` fields are withheld unless a reader is entitled.
"""


def rules_document(catalogue: Catalogue) -> str:
    """The page of rules: checks, deadlines, measures."""
    types = [catalogue.types[name] for name in sorted(catalogue.types)]
    rules = [
        (rule.id, item.id, *_both(rule.labels), str(rule.severity), ", ".join(rule.on), rule.source, rule.confidence,
         rule.effect)
        for item in types for rule in item.rules
    ]  # fmt: skip
    deadlines = [
        (item.id, owner.id, *_both(item.labels), _start(item), _due(item.due), ", ".join(item.stops), _told(item),
         item.source, item.confidence)
        for owner in types for item in owner.deadlines
    ]  # fmt: skip
    measures = [
        (item.id, owner.id, *_both(item.labels), item.source, item.confidence)
        for owner in types for item in owner.measures
    ]  # fmt: skip
    parts = [
        _RULES_HEAD,
        "## Checks\n",
        _table("rule type 必须成立 must~hold severity events source conf. effect", rules),
        "## Deadlines\n",
        _table("id type 期限 deadline starts due stopped~by told source conf.", deadlines),
        "## Effects, statistics and guarantees\n",
        _table("id type 内容 what source conf.", measures),
    ]
    return "\n".join(parts)


def types_document(catalogue: Catalogue) -> str:
    """The page of record types."""
    types = [catalogue.types[name] for name in sorted(catalogue.types)]
    common = set.intersection(*(set(item.fields) for item in types))
    listed = [name for name in types[0].fields if name in common]
    parts = [_TYPES_HEAD.format(common=", ".join(f"`{name}`" for name in listed))]
    for item in types:
        parts += _type(item, common)
    return "\n".join(parts)


def _type(item: RecordType, common: set[str]) -> Iterator[str]:
    yield f"## {item.id} {item.version}\n"
    yield f"{item.labels['zh']} · {item.labels['en']}." + (f" {item.help['en']}." if item.help else "") + "\n"
    yield f"- Subject: `{item.subject_kind}/<id>`"
    yield f"- Clauses (ISO 45001:2018): {', '.join(item.clauses)}"
    yield f"- Retention: {item.retention_class}; legal basis: {item.legal_basis}"
    for group in item.unique:
        yield f"- Unique: {' + '.join(group)}"
    fields = [
        (f"`{field.name}`", *_both(field.labels), _kind(item, field), _needed(item, field), _personal(field),
         ", ".join(reference.kind for reference in field.refers_to))
        for field in item.fields.values() if field.name not in common or field.required
    ]  # fmt: skip
    yield "\n" + _table("field 字段 label value needed personal refers~to", fields)
    lifecycle = item.lifecycle
    if lifecycle is None:
        return
    states = [(f"`{state.name}`", *_both(state.labels), "yes" if state.final else "") for state in
              lifecycle.states.values()]  # fmt: skip
    events = [
        (f"`{event.name}`", *_both(event.labels), ", ".join((*(("new",) if event.opens else ()), *event.from_states)),
         event.to or "same", ", ".join(event.by), "yes" if event.human else "")
        for event in lifecycle.events.values()
    ]  # fmt: skip
    yield _table("state 状态 label final", states)
    yield _table("event 事件 label from to by human", events)


def _kind(item: RecordType, field: Field) -> str:
    part: Any = item.schema["properties"]
    return _shape(part[field.name], resolved(item, field.name))


def _shape(part: Any, whole: Any) -> str:
    definition = str(part.get("$ref", "")).rsplit("/", 1)[-1]
    if "enum" in whole:
        return ", ".join(str(value) for value in whole["enum"])
    if definition == "quantity":
        return "quantity: " + ", ".join(whole["properties"]["unit"].get("enum", ["any unit"]))
    if definition:
        return definition
    if whole.get("type") == "array":
        return f"list of {_shape(part.get('items', {}), whole.get('items', {}))}"
    if whole.get("type") == "object":
        return "{" + ", ".join(whole.get("properties", {})) + "}"
    return str(whole.get("type", "text")).replace("string", "text")


def _needed(item: RecordType, field: Field) -> str:
    if field.required:
        return "always"
    return (
        ", ".join(e.name for e in item.lifecycle.events.values() if field.name in e.requires) if item.lifecycle else ""
    )


def _personal(field: Field) -> str:
    return "" if str(field.personal) == "none" else str(field.personal)


def _start(item: DeadlineDef) -> str:
    return " ".join(part for part in (", ".join(item.start_events), f"({item.clock})") if part)


def _due(due: Due) -> str:
    if due.within is not None:
        return f"after {due.within.words()}"
    return f"field {due.field}" if due.field else f"table {due.table} by {' or '.join(due.by)}"


def _told(item: DeadlineDef) -> str:
    return ", ".join(
        f"{step.to} {_duration(abs(step.offset))} {'before' if step.before_due else 'after start'}"
        for step in item.escalate
    )


def _duration(value: timedelta) -> str:
    hours = value / timedelta(hours=1)
    return f"{value.days} d" if hours % 24 == 0 else f"{hours:g} h"


def _both(labels: Mapping[str, str]) -> tuple[str, str]:
    return labels["zh"], labels["en"]


def _table(heads: str, rows: Iterable[Sequence[str]]) -> str:
    titles = [head.replace("~", " ") for head in heads.split()]
    ordered = sorted(rows, key=lambda row: _natural(row[0])) if titles[0] in ("rule", "id") else list(rows)
    lines = [titles, ["---"] * len(titles), *ordered]
    return (
        "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines
        )
        + "\n"
    )


def _natural(text: str) -> list[tuple[int, str]]:
    """TR2 before TR10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text) if part]


def main(arguments: Sequence[str]) -> int:
    """Exit status 0 when written or fresh, 1 when stale."""
    catalogue = load_catalogue()
    pages = {"rules.md": rules_document(catalogue), "record-types.md": types_document(catalogue)}
    return max(write_or_check(ROOT / "docs" / name, text, arguments, __doc__) for name, text in pages.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
