"""Show what the rules said of the month: faults, the chain behind one of them, deadlines, data health, the erasure."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from ledger_service.data_health.model import LABELS
from ledger_service.demo.facts import ChainFact, DemoFacts, ErasureFact, FaultFact, HealthFact
from ledger_service.demo.tables import table
from ledger_service.demo.texts import Texts


def told(facts: DemoFacts, texts: Texts) -> Iterator[Table | Text]:
    """The parts of the closing table between what went in and how it is proven."""
    yield _faults(facts, texts)
    if facts.chain_of is not None:
        yield _chain(facts.chain_of, texts)
    if facts.deadlines:
        yield _deadlines(facts, texts)
    if facts.health is not None:
        yield _health(facts.health, texts)
    if facts.erasure is not None:
        yield _erasure(facts.erasure, texts)


def _faults(facts: DemoFacts, texts: Texts) -> Table:
    counts = {"operations": facts.operations, "count": len(facts.faults), "unexpected": len(facts.unexpected)}
    columns = ((texts("fault"), False), (texts("rule"), False), (texts("reason"), False), (texts("entry"), True))
    found = table(texts("faults", **counts), *columns, (texts("state"), False))
    for fact in facts.faults:
        state = (
            Text(texts(f"state.{fact.state}"), style="green") if fact.caught else Text(texts("not_caught"), "bold red")
        )
        found.add_row(texts(f"fault.{fact.name}"), fact.rule, texts.reason(fact.reason), _entry(fact), state)
    return found


def _entry(fact: FaultFact) -> str:
    """The record's index, and that of the later judgement where that is another one."""
    return f"{fact.index}" if fact.judged_at == fact.index else f"{fact.index} → {fact.judged_at}"


def _chain(chain: ChainFact, texts: Texts) -> Table:
    title = texts(
        "chain_of", subject=chain.subject, count=len(chain.entries), attachments=chain.attachments, state=chain.state,
        sound=texts("sound" if chain.sound else "broken"),
    )  # fmt: skip
    columns = ((texts("leads_to"), False), (texts("by_field"), False), (texts("type"), False), (texts("entry"), True))
    found = table(title, *columns)
    for link in chain.links:
        found.add_row(link.subject, link.fields, texts.record_type(link.record_type), str(link.index))
    return found


def _deadlines(facts: DemoFacts, texts: Texts) -> Table:
    numbers = ((texts("breached"), True), (texts("met_late"), True))
    found = table(texts("deadlines"), (texts("deadline"), False), *numbers, (texts("example"), False))
    for fact in facts.deadlines:
        words = f"{fact.deadline} {fact.label_zh if texts.language == 'zh' else fact.label_en}"
        label = texts("ahead", label=words) if fact.ahead else words
        found.add_row(label, str(fact.breached or ""), str(fact.met_late or ""), fact.subject)
    return found


def _health(health: HealthFact, texts: Texts) -> Text:
    place = 0 if texts.language == "zh" else 1
    words = [f"{LABELS[code][place]} {count}" for code, count in health.findings.items()]
    return Text(texts("health", records=health.records, sources=health.sources, findings=texts.list(words)))


def _erasure(fact: ErasureFact, texts: Texts) -> Text:
    words = texts(
        "erased", disclosures=fact.disclosures, entries=len(fact.entries), searched=fact.searched,
        files=len(fact.files), said=fact.said,
    )  # fmt: skip
    return Text(words, style="green" if fact.clean else "bold red")
