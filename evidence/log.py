"""Verify a whole log from its tlog-tiles export: every entry, every tile, every stream, every signature.

Entries are read bundle by bundle, several times over, so that a large log needs memory only for its leaf hashes and the
heads of its streams. The checks, in order: (1) checkpoint, (2) tree, (3) streams, (4) signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from evidence.checkpoint import Checkpoint
from evidence.entry import Entry, parse_entry
from evidence.errors import DigestMismatch, KeyCompromised, Malformed, MissingEvidence, RootMismatch, StreamMismatch
from evidence.hashing import HASH_SIZE, leaf_hash
from evidence.key_events import RECORD_TYPE, KeyHistory
from evidence.merkle.tiles import (
    ENTRIES,
    TILE_HEIGHT,
    TILE_WIDTH,
    decode_entries,
    entry_bundles_between,
    parse_tile_path,
    tiles_between,
)
from evidence.merkle.tree import MerkleTree
from evidence.report import CheckList, CheckStopped, Outcome, Report
from evidence.statement import verify_signature
from evidence.verify import ReceiptVerifier, apply_key_event

CHECKS = ("checkpoint", "tree", "streams", "signatures")
Read = Callable[[str], bytes]
"""Returns the bytes of a path below the log's prefix; raises `MissingEvidence` where there is none."""


@dataclass
class VerifiedLog:
    """What a log proved to hold, for cross-checks with receipts and proofs beside it."""

    checkpoint: Checkpoint
    tree: MerkleTree
    leaf_hashes: list[bytes] = field(repr=False)


@dataclass
class LogResult:
    """The report on a log, the log itself if its tree verified, and its key history as far as it was applied."""

    report: Report
    log: VerifiedLog | None
    history: KeyHistory

    @property
    def complete(self) -> bool:
        """Whether everything verified, so that `history` holds every key event of the log."""
        return self.report.verdict is Outcome.VALID


def verify_log(read: Read, verifier: ReceiptVerifier, key_events: Mapping[int, tuple[str, ...]]) -> LogResult:
    """Verify the log behind `read`.

    `key_events` gives the disclosures of the key events in the log by index: the log itself holds none, and without
    them no signature can be judged.
    """
    checks, log, history = CheckList("log"), None, KeyHistory(verifier.policy.statement_roots)
    try:
        checkpoint = checks.run("checkpoint", lambda: verifier.checkpoint(read("checkpoint")), _describe)
        log = checks.run("tree", lambda: _verify_tree(read, checkpoint), _describe_tree)
        checks.run("streams", lambda: _verify_streams(read, checkpoint.size), lambda n: f"{n} gapless streams")
        checks.run(
            "signatures",
            lambda: _verify_signatures(read, checkpoint.size, history, key_events),
            lambda words: words,
        )
    except CheckStopped:
        checks.skip(CHECKS[len(checks.report().checks) :])
    return LogResult(checks.report(), log, history)


def read_entries(read: Read, size: int) -> Iterator[bytes]:
    """The entries `[0, size)` in order, from their bundles."""
    # Bundle by bundle: a head may claim any size, and only what is there may cost time and memory.
    for begin in range(0, size, TILE_WIDTH):
        for bundle in entry_bundles_between(begin, min(begin + TILE_WIDTH, size)):
            yield from decode_entries(read(bundle.path), bundle.width)


def _verify_tree(read: Read, checkpoint: Checkpoint) -> VerifiedLog:
    """Hash every entry, rebuild every tile from them, and reach the signed root."""
    leaves = [leaf_hash(entry) for entry in read_entries(read, checkpoint.size)]
    tree = MerkleTree(leaves)
    for tile in tiles_between(0, checkpoint.size):
        begin = tile.index * TILE_WIDTH
        expected = b"".join(tree.level(TILE_HEIGHT * tile.level)[begin : begin + tile.width])
        if read(tile.path) != expected:
            raise DigestMismatch(tile.path, leaf_hash(expected), leaf_hash(read(tile.path)))
    if tree.root() != checkpoint.root:
        raise RootMismatch(checkpoint.root, tree.root())
    return VerifiedLog(checkpoint, tree, leaves)


def verify_other_tiles(read: Read, paths: Iterable[str], log: VerifiedLog) -> str:
    """Hold the files below the log's prefix that `verify_log` does not ask for against its tree; words for a report.

    Such are partial tiles of older heads, which the tree still contains. Raises `DigestMismatch` for one that says
    otherwise and `Malformed` for a file that is no part of a log.
    """
    size = log.checkpoint.size
    current = {"checkpoint", *(tile.path for tile in (*tiles_between(0, size), *entry_bundles_between(0, size)))}
    others = sorted(set(paths) - current)
    for path in others:
        tile = parse_tile_path(path)
        begin = tile.index * TILE_WIDTH
        expected = b"".join(log.tree.level(TILE_HEIGHT * max(tile.level, 0))[begin : begin + tile.width])
        data = read(path)
        if tile.level == ENTRIES:
            data = b"".join(map(leaf_hash, decode_entries(data, tile.width)))
        if data != expected or len(data) != tile.width * HASH_SIZE:
            raise DigestMismatch(path, leaf_hash(expected), leaf_hash(data))
    return f"{len(others)} older partial tiles agree with the tree"


@dataclass
class _StreamHeads:
    """The last entry of each stream, and what must never repeat or run backwards over the whole log."""

    heads: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    record_ids: set[str] = field(default_factory=set)
    received_at: datetime | None = None

    def take(self, index: int, entry: Entry) -> None:
        seq, prev = self.heads.get(entry.stream, (-1, None))
        if (entry.stream_seq, entry.prev) != (seq + 1, prev):
            raise StreamMismatch(f"entry {index} does not follow entry {seq} of its stream")
        if self.received_at is not None and entry.received_at < self.received_at:
            raise StreamMismatch(f"entry {index} was received before the entry in front of it")
        if entry.statement.claims.jti in self.record_ids:
            raise StreamMismatch(f"entry {index} repeats a record id")
        self.heads[entry.stream] = (seq + 1, entry.leaf_hash)
        self.record_ids.add(entry.statement.claims.jti)
        self.received_at = entry.received_at


def _verify_streams(read: Read, size: int) -> int:
    heads = _StreamHeads()
    for index, entry in _entries(read, size):
        heads.take(index, entry)
    return len(heads.heads)


def _verify_signatures(read: Read, size: int, history: KeyHistory, key_events: Mapping[int, tuple[str, ...]]) -> str:
    """Verify every signature with the key that was good at its index; return the words for a report.

    All key events are applied first: a compromise is logged after the fact and reaches back in time. What a compromised
    key signed stays in the log and is counted, not held against the log.
    """
    for index, entry in _entries(read, size):
        if entry.statement.claims.type == RECORD_TYPE:
            if index not in key_events:
                raise MissingEvidence(f"the disclosures of the key event at entry {index} are not in hand")
            apply_key_event(history, index, entry, entry.statement.showing(key_events[index]))
    compromised = sum(_verify_signature(index, entry, history) for index, entry in _entries(read, size))
    words = f"{size} statements, each by a key that was good at its index"
    return f"{words}; {compromised} of them by keys reported compromised" if compromised else words


def _verify_signature(index: int, entry: Entry, history: KeyHistory) -> bool:
    """Verify one statement's signature; return whether its key counts as compromised."""
    if entry.statement.claims.type == RECORD_TYPE:
        return False
    try:
        jwk = history.require_valid(entry.statement.kid, index, entry.received_at)
    except KeyCompromised:
        state = history.get(entry.statement.kid)
        if state is None:
            raise
        verify_signature(entry.statement, state.jwk)
        return True
    verify_signature(entry.statement, jwk)
    return False


def _entries(read: Read, size: int) -> Iterator[tuple[int, Entry]]:
    return ((index, _parse(index, data)) for index, data in enumerate(read_entries(read, size)))


def _parse(index: int, data: bytes) -> Entry:
    try:
        return parse_entry(data)
    except Malformed as error:
        raise Malformed(f"entry {index}: {error}") from error


def _describe(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.origin} at size {checkpoint.size}, signed by a trusted log key"


def _describe_tree(log: VerifiedLog) -> str:
    return f"{log.checkpoint.size} entries hash to every tile and to the signed root"
