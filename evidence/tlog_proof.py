"""C2SP tlog-proof: index, inclusion proof and checkpoint of one entry in one text. https://c2sp.org/tlog-proof"""

from __future__ import annotations

from dataclasses import dataclass

from evidence.checkpoint import MAX_TREE_SIZE
from evidence.encoding import b64_decode, b64_encode, parse_decimal
from evidence.errors import LimitExceeded, Malformed, MalformedProof
from evidence.hashing import HASH_SIZE
from evidence.notes import MAX_NOTE_BYTES, parse_note

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF_HASHES = 63
MAX_EXTRA_BYTES = 64 * 1024
_MAX_BYTES = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Offline proof that the entry at `index` is in the log of `checkpoint`."""

    index: int
    hashes: tuple[bytes, ...]
    """Audit path, lowest level first, 32 bytes each, at most 63."""
    checkpoint: bytes
    """The signed checkpoint, verbatim."""
    extra: bytes | None = None
    """Unauthenticated context; never a reason to trust anything."""

    def to_text(self) -> str:
        """The text form, file extension `.tlog-proof`."""
        extra = [] if self.extra is None else [f"extra {b64_encode(self.extra)}"]
        lines = [HEADER, *extra, f"index {self.index}", *map(b64_encode, self.hashes), ""]
        return "\n".join(lines) + "\n" + self.checkpoint.decode("utf-8")


def parse_tlog_proof(data: bytes) -> TlogProof:
    """Parse a tlog-proof without verifying it. Raises `Malformed`, `MalformedProof` or `LimitExceeded`."""
    if len(data) > _MAX_BYTES:
        raise LimitExceeded(f"proof of {len(data)} bytes, at most {_MAX_BYTES} allowed")
    head, separator, checkpoint = data.partition(b"\n\n")
    if not separator:
        raise Malformed("a tlog-proof has a proof, an empty line and a checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Malformed("the proof lines of a tlog-proof are ASCII") from error
    if lines.pop(0) != HEADER:
        raise Malformed(f"a tlog-proof starts with {HEADER}")
    parse_note(checkpoint)
    extra = _take_extra(lines)
    if not lines or not lines[0].startswith("index "):
        raise Malformed("a tlog-proof names its index")
    index = parse_decimal(lines.pop(0).removeprefix("index "), maximum=MAX_TREE_SIZE - 1)
    return TlogProof(index, _parse_hashes(lines), checkpoint, extra)


def _take_extra(lines: list[str]) -> bytes | None:
    if not lines or not lines[0].startswith("extra "):
        return None
    extra = b64_decode(lines.pop(0).removeprefix("extra "))
    if len(extra) > MAX_EXTRA_BYTES:
        raise LimitExceeded(f"extra data of {len(extra)} bytes, at most {MAX_EXTRA_BYTES} allowed")
    return extra


def _parse_hashes(lines: list[str]) -> tuple[bytes, ...]:
    if len(lines) > MAX_PROOF_HASHES:
        raise LimitExceeded(f"more than {MAX_PROOF_HASHES} hashes in a proof")
    hashes = tuple(map(b64_decode, lines))
    if any(len(item) != HASH_SIZE for item in hashes):
        raise MalformedProof(f"every hash of a proof has {HASH_SIZE} bytes")
    return hashes
