"""Show a run: progress while it works (on a terminal only), and at the end what it proved."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Final

from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from ledger_service.demo.facts import DemoFacts
from ledger_service.demo.show_findings import told
from ledger_service.demo.tables import table
from ledger_service.demo.texts import Texts

Update = Callable[[int, int], None]
WIDTH: Final = 100


class Stages:
    """One line of progress per stage, on stderr and only if that is a terminal."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._tasks: dict[str, TaskID] = {}
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        console = Console(stderr=True)
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Progress is drawn inside."""
        with self._progress:
            yield

    @contextmanager
    def step(self, key: str) -> Iterator[None]:
        """A stage that cannot say how far it is: begun before the block and done after it."""
        update = self.stage(key)
        yield
        update(1, 1)

    def stage(self, key: str, **values: object) -> Update:
        """Begin a stage, or go on with it; the function returned takes (done, total)."""
        words = self._texts(key, **values)
        if words not in self._tasks:
            self._tasks[words] = self._progress.add_task(words, total=None)
        task = self._tasks[words]

        def update(done: int, total: int) -> None:
            self._progress.update(task, completed=done, total=total)

        return update


def render(facts: DemoFacts, texts: Texts) -> Panel:
    """The closing table."""
    title = texts("title", run=facts.run, month=facts.month)
    parts: list[Table | Text] = [
        _went_in(facts, texts),
        *told(facts, texts),
        _batches(facts, texts),
        _checked(facts, texts),
        _tampered(facts, texts),
        Text(texts("limits"), style="dim"),
    ]
    return Panel(
        Group(*[item for part in parts for item in (part, Text(""))][:-1]), title=title, border_style="cyan", width=100
    )


def print_result(facts: DemoFacts, texts: Texts) -> None:
    """Print the closing table to stdout, at a width that also suits a file, and below it what to type next."""
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else WIDTH)
    console.print(render(facts, texts))
    # Outside of the frame and unwrapped: a path or a command that is broken in two cannot be copied.
    for line in (*_where(facts, texts), Text(""), _verdict(facts, texts)):
        console.print(line, soft_wrap=True)


def _went_in(facts: DemoFacts, texts: Texts) -> Table:
    numbers = ((texts(key), True) for key in ("records", "new", "rejected", "per_second"))
    title = f"{texts('went_in')} · {texts('pack', pack=facts.pack)}"
    found = table(title, (texts("file"), False), (texts("type"), False), *numbers)
    for file, group in groupby(facts.sources, key=lambda source: source.file):
        sources = list(group)
        names = [texts.record_type(name) for source in sources for name in source.record_type.split("+")]
        records, seconds = sum(source.records for source in sources), sum(source.seconds for source in sources)
        created, rejected = sum(source.created for source in sources), sum(source.rejected for source in sources)
        rate = f"{records / seconds:,.0f}" if seconds else "0"
        words = texts.list(dict.fromkeys(names))
        found.add_row(file, words, f"{records:,}", f"{created:,}", f"{rejected:,}" if rejected else "", rate)
    return found


def _batches(facts: DemoFacts, texts: Texts) -> Table:
    title = f"{texts('batches')} · {texts('chain')}"
    columns = ((texts("entries"), True), (texts("root"), False), (texts("anchor"), True), (texts("block"), True))
    found = table(title, *columns)
    earlier = [batch for batch in facts.batches if not batch.new]
    if earlier:
        found.add_row(f"0 – {earlier[-1].size - 1:,}", texts("earlier", count=len(earlier)), "", "")
    for batch in (batch for batch in facts.batches if batch.new):
        entries = f"{batch.first:,} – {batch.size - 1:,}"
        found.add_row(entries, f"{batch.root[:16]}…", f"#{batch.anchor_seq} {batch.anchor_state}", str(batch.block))
    return found


def _checked(facts: DemoFacts, texts: Texts) -> Table:
    found = table(texts("checked"), (texts("subject"), False), (texts("valid"), True), (texts("seconds"), True))
    for check in facts.checks:
        count = Text(f"{check.valid:,} / {check.subjects:,}", style="green" if check.passed else "bold red")
        words = Text(texts(f"check.{check.name}"))
        if check.name == "receipts" and facts.redacted:
            words.append("\n" + texts("redacted", count=facts.redacted), style="dim")
        if check.problem:
            words.append(f"\n{check.problem}", style="red")
        found.add_row(words, count, f"{check.seconds:.1f}" if check.seconds else "")
    return found


def _tampered(facts: DemoFacts, texts: Texts) -> Table:
    found = table(texts("tampered"), (texts("altered"), False), (texts("where"), False), (texts("found_by"), False))
    for fact in facts.tampered:
        by = Text(fact.found_by, style="green") if fact.found_by else Text(texts("not_found"), style="bold red")
        found.add_row(texts(f"tamper.{fact.name}"), fact.place, by)
    return found


def _where(facts: DemoFacts, texts: Texts) -> list[Text]:
    command = f"{_program('python')} -m evidence verify {facts.output} --policy {facts.output}/policy.toml"
    words = (
        (texts("folder"), facts.output),
        (texts("yourself"), command),
        (texts("data"), facts.data),
        (texts("rehash"), f"{_program('safety-ledger')} fsck {facts.ledger} --data {facts.data}"),
    )
    return [Text.assemble((f"  {label}: ", "dim"), (value, "bold")) for label, value in words]


def _program(name: str) -> str:
    """The program as it is typed here: an environment below the current folder is not on the path of the shell."""
    folder, here = Path(sys.executable).parent, Path.cwd()
    return str((folder / name).relative_to(here)) if folder.is_relative_to(here) else name


def _verdict(facts: DemoFacts, texts: Texts) -> Text:
    if facts.passed:
        return Text(
            "  " + texts("done", faults=len(facts.faults), count=len(facts.tampered), seconds=facts.seconds),
            style="bold green",
        )
    return Text("  " + texts("failed"), style="bold red")
