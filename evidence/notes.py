"""C2SP signed notes: a text with one or more Ed25519 signatures. https://c2sp.org/signed-note

Signatures by keys that the reader does not know are kept and ignored; that is how keys rotate and witnesses cosign.
A signature by a known key must verify, or the whole note is refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evidence.encoding import b64_decode, b64_encode
from evidence.errors import KeyNotTrusted, LimitExceeded, Malformed, SignatureInvalid, UnsupportedVersion
from evidence.hashing import sha256
from evidence.points import require_sound_point

ED25519 = 0x01
MAX_NOTE_BYTES = 256 * 1024
MAX_SIGNATURES = 64
_SIGNATURE_PREFIX = "\u2014 "


def check_key_name(name: str) -> str:
    """Return a valid key name: not empty, no space, control character, surrogate or `+`; `Malformed` otherwise."""
    if not name or len(name) > 255 or any(map(_not_in_a_name, name)):
        raise Malformed("not a valid note key name")
    return name


def _not_in_a_name(character: str) -> bool:
    # A lone surrogate is no text: it would fail where the name is encoded for the key id.
    return character == "+" or character.isspace() or unicodedata.category(character) in ("Cc", "Cs")


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """First 4 bytes of SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key): a hint, not a commitment."""
    return sha256(name.encode("utf-8") + b"\n" + bytes([algorithm]) + public)[:4]


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: key name, 4-byte key id and the signature bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def to_line(self) -> str:
        """The line without its newline."""
        return f"{_SIGNATURE_PREFIX}{self.name} {b64_encode(self.key_id + self.signature)}"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A key that the reader trusts, in C2SP vkey form `<name>+<hex key id>+<base64(algorithm ‖ public key)>`."""

    name: str
    public: bytes
    """Raw Ed25519 public key, 32 bytes."""

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Parse a vkey. Raises `Malformed`, also where the key id does not belong to the name and key."""
        parts = text.split("+", 2)
        if len(text) > 1024 or len(parts) != 3:
            raise Malformed("not a verifier key: expected name+id+key")
        material = b64_decode(parts[2])
        if material[:1] != bytes([ED25519]):
            raise UnsupportedVersion("verifier key of an algorithm other than Ed25519")
        if len(material) != 33:
            raise Malformed("an Ed25519 verifier key has 32 bytes of key")
        key = cls(check_key_name(parts[0]), require_sound_point(material[1:]))
        if parts[1] != key.key_id.hex():
            raise Malformed("the key id of the verifier key does not belong to its name and key")
        return key

    @property
    def key_id(self) -> bytes:
        """4-byte C2SP key id."""
        return key_id(self.name, ED25519, self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64_encode(bytes([ED25519]) + self.public)}"

    def verify(self, text: bytes, signature: bytes) -> None:
        """Raise `SignatureInvalid` unless `signature` is this key's over `text`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError) as error:
            raise SignatureInvalid(f"note signature by {self.name}+{self.key_id.hex()} does not verify") from error


class NoteSigner:
    """Signs notes with an Ed25519 key under a name."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.vkey = VerifierKey(check_key_name(name), key.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> NoteSignature:
        """Sign the note text, which includes its final newline."""
        return NoteSignature(self.vkey.name, self.vkey.key_id, self._key.sign(text))


@dataclass(frozen=True, slots=True)
class SignedNote:
    """Note text (with its final newline) and its signatures in order."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def to_bytes(self) -> bytes:
        """The signed form: text, empty line, signature lines."""
        lines = "".join(signature.to_line() + "\n" for signature in self.signatures)
        return self.text + b"\n" + lines.encode("utf-8")


def sign_note(text: bytes, signers: Sequence[NoteSigner]) -> SignedNote:
    """Sign `text` with every signer. Raises `Malformed` if the text could not be read back."""
    _check_text(text)
    return SignedNote(text, tuple(signer.sign(text) for signer in signers))


def parse_note(data: bytes) -> SignedNote:
    """Parse a signed note without verifying it. Raises `Malformed` or `LimitExceeded`."""
    if len(data) > MAX_NOTE_BYTES:
        raise LimitExceeded(f"note of {len(data)} bytes, at most {MAX_NOTE_BYTES} allowed")
    _check_text(data)
    # The text ends at the last empty line: the text itself may contain empty lines.
    text, separator, rest = data.rpartition(b"\n\n")
    if not separator or not rest:
        raise Malformed("a signed note has a text, an empty line and signatures")
    lines = rest.decode("utf-8").removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise LimitExceeded(f"more than {MAX_SIGNATURES} signatures on a note")
    return SignedNote(text + b"\n", tuple(_parse_signature(line) for line in lines))


def _check_text(data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("a note is UTF-8") from error
    if not data.endswith(b"\n") or any(byte < 0x20 and byte != 0x0A for byte in data):
        raise Malformed("a note ends in a newline and has no other control characters")


def _parse_signature(line: str) -> NoteSignature:
    name, separator, encoded = line.removeprefix(_SIGNATURE_PREFIX).partition(" ")
    if not line.startswith(_SIGNATURE_PREFIX) or not separator:
        raise Malformed("not a note signature line")
    data = b64_decode(encoded)
    if len(data) < 5:
        raise Malformed("a note signature has a 4-byte key id and a signature")
    return NoteSignature(check_key_name(name), data[:4], data[4:])


def verify_note(note: SignedNote, keys: Iterable[VerifierKey]) -> tuple[NoteSignature, ...]:
    """Return the verified signatures of known keys, at least one.

    A key is known by name and key id together. Raises `SignatureInvalid` if a known key's signature does not verify,
    `KeyNotTrusted` if no signature is by a known key.
    """
    known = {(key.name, key.key_id): key for key in keys}
    verified = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            key.verify(note.text, signature.signature)
            verified.append(signature)
    if not verified:
        raise KeyNotTrusted("no signature on the note is by a trusted key")
    return tuple(verified)
