"""C2SP tlog-checkpoint: the signed head of a log. https://c2sp.org/tlog-checkpoint

The body is exactly three lines: origin, tree size, base64 root. Extension lines are refused: nothing could audit them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evidence.encoding import b64_decode, b64_encode, parse_decimal
from evidence.errors import Malformed
from evidence.hashing import EMPTY_ROOT, HASH_SIZE
from evidence.notes import NoteSigner, SignedNote, VerifierKey, check_key_name, parse_note, sign_note, verify_note

MAX_TREE_SIZE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Head of a log: `origin`, `size >= 0` and the 32-byte `root` at that size."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> bytes:
        """The note text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64_encode(self.root)}\n".encode()


def parse_checkpoint_text(text: bytes) -> Checkpoint:
    """Parse a checkpoint body. Raises `Malformed` for anything but origin, plain decimal size and 32-byte root."""
    try:
        lines = text.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise Malformed("a checkpoint is UTF-8") from error
    if len(lines) != 4 or lines[3]:
        raise Malformed("a checkpoint body has exactly three lines")
    root = b64_decode(lines[2])
    if len(root) != HASH_SIZE:
        raise Malformed(f"a checkpoint root has {HASH_SIZE} bytes, got {len(root)}")
    checkpoint = Checkpoint(check_key_name(lines[0]), parse_decimal(lines[1], maximum=MAX_TREE_SIZE), root)
    if checkpoint.size == 0 and root != EMPTY_ROOT:
        raise Malformed("a checkpoint of size 0 has the empty root")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[NoteSigner]) -> SignedNote:
    """Sign a checkpoint; the first signer is the log itself, whose name is the origin."""
    if not signers or signers[0].vkey.name != checkpoint.origin:
        raise ValueError("the log key's name must be the checkpoint origin")
    parse_checkpoint_text(checkpoint.to_text())
    return sign_note(checkpoint.to_text(), signers)


def open_checkpoint(data: bytes, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Parse a signed checkpoint and verify it with one of `keys` whose name is the origin.

    Raises `Malformed`, `SignatureInvalid`, or `KeyNotTrusted` where no trusted key of that origin signed.
    """
    note = parse_note(data)
    checkpoint = parse_checkpoint_text(note.text)
    # A key of another log is not a key for this origin, however valid its signature.
    verify_note(note, [key for key in keys if key.name == checkpoint.origin])
    return checkpoint
