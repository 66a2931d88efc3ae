"""Hold the parts of a folder against each other: what each of them proves alone may still contradict the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evidence.canonical import dumps
from evidence.checkpoint import Checkpoint
from evidence.entry import Entry
from evidence.errors import Malformed, MissingEvidence, RootMismatch, StreamMismatch
from evidence.hashing import sha256
from evidence.key_events import RECORD_TYPE, KeyHistory
from evidence.log import VerifiedLog
from evidence.receipt import Receipt
from evidence.statement import disclosed

_KINDS = {"receipts": ".json", "proofs": ".tlog-proof"}


def require_same_history(checkpoint: Checkpoint, log: VerifiedLog) -> None:
    """Two signed heads of one log must not tell different histories: the sign of a split view.

    Raises `RootMismatch`, or `MissingEvidence` for a head that this log cannot be held against.
    """
    if checkpoint.origin != log.checkpoint.origin or checkpoint.size > log.checkpoint.size:
        raise MissingEvidence("the checkpoint is of another log, or newer than the log beside it")
    root = log.tree.root(checkpoint.size)
    if root != checkpoint.root:
        raise RootMismatch(checkpoint.root, root)


def require_good_key(index: int, entry: Entry, history: KeyHistory) -> None:
    """Judge the signer by every key event of the log: a receipt shows only those that its maker chose to include."""
    kid = entry.statement.kid
    if entry.statement.claims.type == RECORD_TYPE:
        history.enroller(kid, index, entry.received_at)
    else:
        history.require_valid(kid, index, entry.received_at)


class Subjects:
    """One subject, one stream: over all receipts of a folder that show their subject."""

    def __init__(self) -> None:
        self._subjects: dict[str, bytes] = {}
        self._streams: dict[bytes, str] = {}

    def take(self, receipt: Receipt, entry: Entry) -> None:
        """Note a proven receipt's subject. Raises `StreamMismatch` where it contradicts one noted before."""
        fields = disclosed(entry.statement.showing(receipt.disclosures))
        if "subject" not in fields:
            return
        subject = sha256(dumps(fields["subject"]))
        if self._streams.setdefault(subject, entry.stream) != entry.stream:
            raise StreamMismatch("another receipt shows this subject in another stream")
        if self._subjects.setdefault(entry.stream, subject) != subject:
            raise StreamMismatch("another receipt of this stream shows another subject")


def stray_files(paths: Iterable[str]) -> Iterator[tuple[str, Malformed]]:
    """Files that look like receipts, proofs or the log but would not be read as such: never passed over."""
    for path in paths:
        top, separator, rest = path.partition("/")
        kind = top.casefold()
        if not separator or kind not in (*_KINDS, "log"):
            continue
        if top != kind:
            yield path, Malformed(f"a folder is called {kind}, in lower case")
        elif kind in _KINDS and not rest.endswith(_KINDS[kind]):
            yield path, Malformed(f"a file in {kind}/ ends in {_KINDS[kind]}")
