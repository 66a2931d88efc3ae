"""`safety-ledger chain`: everything about a subject, in order, with what it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger_service.cli.output import DataDir, Json, Lang, Language, services_at, show

if TYPE_CHECKING:
    from ledger_service.chains.model import Chain, Neighbour
    from ledger_service.context import Services
    from ledger_service.entries.model import EntryView

_WORDS = {
    "linked_and_gapless": ("entries hashed again: linked and gapless", "条记录重新计算摘要：首尾相连、无缺号"),
    "broken_hash": ("entries whose bytes do not give their hash", "条记录内容与摘要不符"),
    "broken_link": ("entries that do not name the one before them", "条记录未指向前一条"),
    "broken_gap": ("entries out of number", "条记录编号中断"),
    "broken_stream": ("entries of another subject", "条记录属于其他对象"),
    "broken_head": ("the newest entry is not the head", "最新记录与链头不符"),
    "broken_unreadable": ("entries that cannot be read", "条记录无法读取"),
    "no_own_records": ("subject that others name and that has no record of its own", "个对象只被引用、自身无记录"),
    "not_checked": ("entries not checked in this answer", "条记录本次未核验"),
    "attachments_not_stored": ("attachments whose bytes are not here", "个附件原件不在本库"),
    "fields_erased": ("entries with erased fields", "条记录有已删除字段"),
    "not_published": ("entries not in a checkpoint yet: not proven", "条记录尚未进入检查点：未证明"),
    "not_anchored": ("published entries not anchored yet", "条已发布记录尚未锚定"),
    "not_final": ("anchored entries not final yet", "条已锚定记录尚未最终确认"),
    "reconsidered": ("later judgements on entries of this chain", "条后来的复核结论"),
    "final": ("entries in a final anchor", "条记录已最终锚定"),
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(chain)


def chain(
    subject: Annotated[str, typer.Argument(help="<kind>/<id>, such as equipment/PG-1042.", metavar="SUBJECT")],
    ledger: Annotated[str, typer.Option(help="The ledger; needed where the data folder has several.")] = "",
    depth: Annotated[int, typer.Option(min=0, max=2, help="0 alone, 1 with neighbours, 2 with their records.")] = 2,
    lang: Lang = Language.EN,
    csv: Annotated[Path | None, typer.Option(help="Also write the entries as a CSV file.")] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> int:
    """Show the evidence chain of a subject: entries, rules that failed, links, gaps. 1 if it does not hold."""
    from ledger_service.chains.schemas import chain_csv, chain_json

    with services_at(data) as services:
        name = ledger or _only_ledger(services)
        found = services.chains.get(name, subject, depth=depth)
        parts = [found]
        while parts[-1].cursor is not None:
            parts.append(services.chains.get(name, subject, parts[-1].cursor, depth=min(depth, 1)))
        if csv is not None:
            head, *rest = [chain_csv(part) for part in parts]
            csv.write_text(head + "".join(text.split("\r\n", 1)[1] for text in rest), "utf-8-sig", newline="")
        value = [chain_json(part) for part in parts]
        show(
            value[0] if len(value) == 1 else value, as_json, lambda: list(_lines(services, parts, lang is Language.ZH))
        )
    return 0 if found.integrity.sound else 1


def _only_ledger(services: Services) -> str:
    names = [item.slug for item in services.ledgers.all()]
    if len(names) != 1:
        raise typer.BadParameter(f"--ledger is needed: there are {', '.join(names) or 'none'}")
    return names[0]


def _lines(services: Services, parts: list[Chain], chinese: bool) -> Iterator[str]:
    from ledger_service.chains.schemas import row, statements, type_label

    first, language = parts[0], "zh" if chinese else "en"
    yield f"{first.subject}  {first.state}".rstrip()
    for statement in statements(first):
        yield f"  {statement['count']:>5} {_WORDS[statement['code']][chinese]}"
    yield ""
    for part in parts:
        for view in part.items:
            seq, index, occurred, _, _, event, state, _, marks, *_ = row(view)
            label = type_label(services.record_types, view, language)
            words = "  ".join(str(word) for word in (event, f"-> {state}" if state else "", marks) if word)
            yield f"{seq:>4} #{index:<7} {str(occurred)[:19]}Z  {label}  {words}".rstrip()
            for failed in _failed(services, view, chinese):
                yield f"     {'未通过' if chinese else 'failed'}: {failed}"
    yield from _links("引用" if chinese else "refers to", [n for n in first.neighbours if n.direction == "refers_to"])
    yield from _links(
        "被引用" if chinese else "referred to by", [n for n in first.neighbours if n.direction != "refers_to"]
    )


def _failed(services: Services, view: EntryView, chinese: bool) -> Iterator[str]:
    """Each rule that failed: id, what it asks, why it failed; the codes alone where their words are not known here."""
    from evidence.records.predicates import reasons

    record_type = services.record_types.get(view.entry.record_type)
    rules = (
        {} if record_type is None else {rule.id: rule.labels["zh" if chinese else "en"] for rule in record_type.rules}
    )
    for item in () if view.judgement is None else view.judgement.failed():
        words = reasons().get(item.reason, (item.reason, item.reason))[0 if chinese else 1]
        yield f"{item.rule}  {rules.get(item.rule, '')}".rstrip() + (f" ({words})" if words else "")


def _links(title: str, neighbours: list[Neighbour]) -> Iterator[str]:
    if not neighbours:
        return
    yield f"\n{title}"
    for item in neighbours:
        yield f"  {item.subject or '(erased)'}  {item.state}  {', '.join(item.fields)}  x{item.count}"
        for mention in item.about:
            time = f"{mention.occurred_at:%Y-%m-%d %H:%M}"
            yield f"      #{mention.index:<7} {time}  {mention.record_type}  {mention.subject}"
