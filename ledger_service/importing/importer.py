"""Drive an import: rows → drafts → signed statements → batches over HTTP, with progress, resumption and rejects.

report = Importer(ledger, issuer, types).run(path, mapping, progress=show)

While one batch is on its way the next one is made ready; a batch is settled only after its answer, in order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from evidence.records import RecordType
from ledger_service.importing.build import Attachment, Builder
from ledger_service.importing.duplicates import Duplicates
from ledger_service.importing.error_sheet import write_error_sheet
from ledger_service.importing.errors import MappingInvalid, Problem, RowRejected, SourceUnreadable
from ledger_service.importing.journal import Journal
from ledger_service.importing.model import SourceMapping
from ledger_service.importing.ports import ImportReport, Issuer, Ledger, NotTaken, Progress, Taken
from ledger_service.importing.rows import Row, Source, open_source

BATCH_ROWS: Final = 250
MAX_ATTACHMENT_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class _Batch:
    """Some rows, ready to be sent: records in order, and what was refused already."""

    rows: int
    records: list[tuple[Row, str, tuple[Attachment, ...]]]
    refused: list[RowRejected]
    duplicates: int


class Importer:
    """Imports files into one ledger."""

    def __init__(self, ledger: Ledger, issuer: Issuer, types: Mapping[str, RecordType]) -> None:
        self._ledger, self._issuer, self._types = ledger, issuer, types
        self._stored: set[str] = set()

    def run(
        self,
        path: Path,
        mapping: SourceMapping | Sequence[SourceMapping],
        *,
        work: Path | None = None,
        progress: Progress | None = None,
        trial: bool = False,
    ) -> ImportReport:
        """Import one file through one mapping or several. Journal and rejects go to `work` (default: beside the file).

        A `trial` checks everything, sends nothing, and reports the same. Raises `SourceUnreadable`, `MappingInvalid`,
        `ServiceUnavailable`, `ServiceRefused`; after any of these, or after a kill, a second call goes on behind the
        last settled row.
        """
        mappings = [mapping] if isinstance(mapping, SourceMapping) else list(mapping)
        builders = [Builder(item, self._type(item), reader_below(path.parent)) for item in mappings]
        folder = work or path.parent
        with open_source(path, mappings) as source:
            journal = self._journal(path, mappings, folder, trial)
            start = journal.position.rows
            duplicates = Duplicates(mappings[0].source_ref)
            self._import_rows(source, builders, duplicates, journal, progress, trial)
            journal.finish()
        sheet = folder / f"{path.name}.errors.xlsx"
        sheet.unlink(missing_ok=True)
        if journal.position.rejected:
            write_error_sheet(journal.rejects, source.header, sheet)
        position = journal.position
        return ImportReport(
            source=path.name,
            record_type="+".join(item.record_type for item in mappings),
            rows=position.rows,
            created=position.created,
            repeated=position.repeated,
            rejected=position.rejected,
            duplicates=position.duplicates,
            rejects=journal.rejects if position.rejected else None,
            errors=sheet if position.rejected else None,
            resumed_at=start,
            notes=(*source.notes.all(), *_twice(duplicates, position.duplicates)),
            trial=trial,
        )

    def _type(self, mapping: SourceMapping) -> RecordType:
        record_type = self._types.get(mapping.record_type)
        if record_type is None:
            raise MappingInvalid(f"{mapping.id}: there is no record type {mapping.record_type}")
        return record_type

    def _journal(self, path: Path, mappings: Sequence[SourceMapping], work: Path, trial: bool) -> Journal:
        work.mkdir(parents=True, exist_ok=True)
        identity = {
            "file": _digest(path),
            "mapping": "+".join(f"{mapping.id}/{mapping.version}" for mapping in mappings),
            "ledger": self._ledger.name,
        }
        place = None if trial else work / f"{path.name}.import"
        return Journal(place, work / f"{path.name}.rejects.ndjson", identity)

    def _import_rows(
        self,
        source: Source,
        builders: Sequence[Builder],
        duplicates: Duplicates,
        journal: Journal,
        progress: Progress | None,
        trial: bool,
    ) -> None:
        for row in islice(source.rows, journal.position.rows):
            duplicates.seen(row)  # What an earlier run settled is known, or its second copy would pass for a first.
        before: tuple[_Batch, Future[list[Taken | NotTaken]]] | None = None
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import") as sender:
            for rows in _batches(source.rows):
                batch = self._prepare(rows, builders, duplicates)
                earlier = None if before is None else before[1]
                answers = sender.submit(_trial_answers if trial else self._send, batch, earlier)
                if before is not None:
                    self._settle(*before, source, journal, progress)
                before = batch, answers
            if before is not None:
                self._settle(*before, source, journal, progress)

    def _prepare(
        self, rows: Sequence[Row | RowRejected], builders: Sequence[Builder], duplicates: Duplicates
    ) -> _Batch:
        batch = _Batch(len(rows), [], [], sum(duplicates.seen(row) for row in rows))
        for row in rows:
            if isinstance(row, RowRejected):
                batch.refused.append(row)
                continue
            try:
                batch.records.extend(self._records(row, builders))
            except RowRejected as error:
                error.raw = row.raw
                batch.refused.append(error)
        return batch

    def _records(self, row: Row, builders: Sequence[Builder]) -> list[tuple[Row, str, tuple[Attachment, ...]]]:
        """All records of a row, or none: a row that is half in the ledger could not be sent back as a whole."""
        made = []
        for builder in builders:
            if builder.takes(row):
                draft = builder.build(row)
                text = self._issuer.sign(draft, builder.record_type, builder.mapping.id)
                made.append((row, text, draft.attachments))
        if not made:
            raise RowRejected(row.line, "", _NOBODYS)
        return made

    def _send(self, batch: _Batch, earlier: Future[list[Taken | NotTaken]] | None) -> list[Taken | NotTaken]:
        if earlier is not None:
            earlier.result()  # What failed before stops what comes behind it: rows enter the log in their order.
        # Files first: a statement that names a file the ledger does not have is refused.
        for _, _, attachments in batch.records:
            for attachment in attachments:
                if attachment.sha256 not in self._stored:
                    self._put(attachment)
        return self._ledger.submit([text for _, text, _ in batch.records]) if batch.records else []

    def _put(self, attachment: Attachment) -> None:
        try:
            data = attachment.read()
        except (OSError, ValueError) as error:
            raise SourceUnreadable("a file beside the export is gone: put it back and start again") from error
        self._ledger.put_blob(replace(attachment, read=lambda: data))
        self._stored.add(attachment.sha256)

    def _settle(
        self,
        batch: _Batch,
        sent: Future[list[Taken | NotTaken]],
        source: Source,
        journal: Journal,
        progress: Progress | None,
    ) -> None:
        answers = sent.result()
        refused = list(batch.refused)
        for (row, _, _), answer in zip(batch.records, answers, strict=True):
            if isinstance(answer, NotTaken):
                problem = Problem(answer.problem, f"账本未接收: {answer.problem}")
                refused.append(RowRejected(row.line, "", problem, row.raw))
        journal.reject(sorted(refused, key=lambda error: error.line))
        taken = [answer for answer in answers if isinstance(answer, Taken)]
        created = sum(answer.created for answer in taken)
        journal.settle(batch.rows, created, len(taken) - created, batch.duplicates)
        if progress is not None:
            done = journal.position.rows
            progress(done, max(done, round(done / max(source.fraction(), 1e-6))))


def reader_below(folder: Path) -> Callable[[str], bytes]:
    """Reads files below `folder` only: a cell that says ../../etc/passwd must not send that file to the ledger."""
    root = folder.resolve()

    def read(relative: str) -> bytes:
        target = (root / relative).resolve()
        if ".." in Path(relative).parts or not target.is_relative_to(root) or not target.is_file():
            raise ValueError("outside of the export's folder")
        if target.stat().st_size > MAX_ATTACHMENT_BYTES:
            raise ValueError("too large")
        return target.read_bytes()

    return read


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceUnreadable(f"{path.name} cannot be read: {error.strerror}") from error


def _batches(rows: Iterator[Row | RowRejected]) -> Iterator[list[Row | RowRejected]]:
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch


def _twice(duplicates: Duplicates, count: int) -> Iterator[Problem]:
    if count:
        lines = ", ".join(map(str, duplicates.lines)) + (" …" if count > len(duplicates.lines) else "")
        yield Problem(f"{count} rows stand in the file before: lines {lines}", f"{count} 行与前文重复: 第 {lines} 行")


def _trial_answers(batch: _Batch, _earlier: object) -> list[Taken | NotTaken]:
    return [Taken(-1, True)] * len(batch.records)


_NOBODYS: Final = Problem("no mapping takes this row", "没有映射适用于该行")
