"""Drive an import: rows → drafts → signed statements → batches over HTTP, with progress, resumption and rejects.

report = Importer(ledger, issuer, types).run(path, mapping, progress=show)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from evidence.hashing import sha256
from evidence.records import RecordType
from ledger_service.importing.build import Attachment, Builder, Draft
from ledger_service.importing.errors import MappingInvalid, RowRejected, SourceUnreadable
from ledger_service.importing.journal import Journal, Position
from ledger_service.importing.model import SourceMapping
from ledger_service.importing.rows import Row, read_rows

BATCH_ROWS: Final = 250
MAX_ATTACHMENT_BYTES: Final = 64 * 1024 * 1024
Progress = Callable[[int, int], None]
"""Called with (rows settled, rows in all)."""


@dataclass(frozen=True)
class Taken:
    """The ledger has the statement; `created` is False if it had it before."""

    index: int
    created: bool


@dataclass(frozen=True)
class NotTaken:
    """The ledger refused the statement; `problem` carries no values."""

    problem: str


class Ledger(Protocol):
    """What an import needs of a ledger. Raises `ServiceUnavailable` or `ServiceRefused`."""

    name: str

    def put_blob(self, attachment: Attachment) -> None:
        """Store a file under its SHA-256; storing it again changes nothing."""

    def submit(self, statements: Sequence[str]) -> list[Taken | NotTaken]:
        """One answer per statement (as its issuer wrote it), in order, after they are durable."""


class Issuer(Protocol):
    """Turns drafts into what the ledger takes: signed statements, or plain records that the service signs."""

    def sign(self, draft: Draft, record_type: RecordType, source: str) -> str:
        """The text to submit, the same for the same draft. Raises `RowRejected`."""


@dataclass(frozen=True)
class ImportReport:
    """What became of a file's rows; the counts add up to `rows`."""

    source: str
    record_type: str
    rows: int
    created: int
    repeated: int
    rejected: int
    rejects: Path | None
    resumed_at: int


class Importer:
    """Imports files into one ledger."""

    def __init__(self, ledger: Ledger, issuer: Issuer, types: Mapping[str, RecordType]) -> None:
        self._ledger, self._issuer, self._types = ledger, issuer, types
        self._stored: set[str] = set()

    def run(
        self, path: Path, mapping: SourceMapping, *, work: Path | None = None, progress: Progress | None = None
    ) -> ImportReport:
        """Import one file. Journal and rejects go to `work` (default: beside the file).

        Raises `SourceUnreadable`, `MappingInvalid`, `ServiceUnavailable`, `ServiceRefused`; after any of these, or
        after a kill, a second call goes on behind the last settled row.
        """
        record_type = self._types.get(mapping.record_type)
        if record_type is None:
            raise MappingInvalid(f"{mapping.id}: there is no record type {mapping.record_type}")
        data = _read(path)
        rows = list(read_rows(data, mapping))
        journal = self._journal(path, data, mapping, work or path.parent)
        start = journal.position.rows
        builder = Builder(mapping, record_type, reader_below(path.parent))
        for batch in _batches(rows[start:]):
            self._import_batch(batch, builder, record_type, mapping.id, journal)
            if progress is not None:
                progress(journal.position.rows, len(rows))
        journal.finish()
        return _report(path, mapping, journal.position, start, (work or path.parent) / _rejects_name(path))

    def _journal(self, path: Path, data: bytes, mapping: SourceMapping, work: Path) -> Journal:
        work.mkdir(parents=True, exist_ok=True)
        identity = {
            "file": sha256(data).hex(),
            "mapping": f"{mapping.id}/{mapping.version}",
            "ledger": self._ledger.name,
        }
        return Journal(work / f"{path.name}.import", work / _rejects_name(path), identity)

    def _import_batch(
        self,
        batch: Sequence[Row | RowRejected],
        builder: Builder,
        record_type: RecordType,
        source: str,
        journal: Journal,
    ) -> None:
        drafts: list[tuple[Row, Draft, str]] = []
        for row in batch:
            try:
                if isinstance(row, RowRejected):
                    raise row
                draft = builder.build(row)
                drafts.append((row, draft, self._issuer.sign(draft, record_type, source)))
            except RowRejected as error:
                journal.reject(error.line, error.column, error.problem, row.raw if isinstance(row, Row) else None)
        # Files first: a statement that names a file the ledger does not have is refused.
        for _, draft, _ in drafts:
            self._store(draft.attachments)
        answers = self._ledger.submit([statement for _, _, statement in drafts]) if drafts else []
        for (row, _, _), answer in zip(drafts, answers, strict=True):
            if isinstance(answer, NotTaken):
                journal.reject(row.line, "", answer.problem, row.raw)
        taken = [answer for answer in answers if isinstance(answer, Taken)]
        created = sum(answer.created for answer in taken)
        journal.settle(len(batch), created, len(taken) - created)

    def _store(self, attachments: Sequence[Attachment]) -> None:
        for attachment in attachments:
            if attachment.sha256 not in self._stored:
                self._ledger.put_blob(attachment)
                self._stored.add(attachment.sha256)


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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceUnreadable(f"{path.name} cannot be read: {error.strerror}") from error


def _batches(rows: Sequence[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH_ROWS)):
        yield batch


def _rejects_name(path: Path) -> str:
    return f"{path.name}.rejects.ndjson"


def _report(path: Path, mapping: SourceMapping, position: Position, start: int, rejects: Path) -> ImportReport:
    return ImportReport(
        source=path.name,
        record_type=mapping.record_type,
        rows=position.rows,
        created=position.created,
        repeated=position.repeated,
        rejected=position.rejected,
        rejects=rejects if position.rejected else None,
        resumed_at=start,
    )
