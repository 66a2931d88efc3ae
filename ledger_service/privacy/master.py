"""The master key wraps the data keys. It lies outside the database, so that a stolen database shows nothing personal.

Two homes for it: a file in the key store (`FileMasterKey`), and a key management service that never gives it out
(`KmsMasterKey`). What is wrapped carries the id of the master key, so that a wrong one is told from damage.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from evidence.encoding import b64url_decode, b64url_encode
from evidence.errors import Malformed
from evidence.hashing import sha256
from ledger_service.errors import StorageCorrupt
from ledger_service.kit.files import make_dirs, sync_dir, write_new
from ledger_service.kit.ids import RandomBytes, system_random
from ledger_service.privacy.errors import MasterKeyMismatch, MasterKeyMissing, MasterKeyUnavailable, SealBroken

KEY_SIZE = 32
NONCE_SIZE = 12
"""Random nonces of 96 bits; NIST SP 800-38D clause 8.3 bounds one key to 2^32 of them."""
CURRENT, NEXT = "master.key", "master.next.key"


class MasterKey(Protocol):
    """Wraps data keys of 32 bytes. `context` is bound to the result: it must be the same at unwrapping."""

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        """The id of the master key in use, and the wrapped key. Raises MasterKeyMissing."""
        ...

    def unwrap(self, master: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key. Raises MasterKeyMissing, MasterKeyMismatch for another master's work, SealBroken for damage."""
        ...

    def create(self) -> None:
        """Make the key if there is none. Called only while nothing is wrapped yet."""
        ...


class FileMasterKey:
    """`<data>/keys/master.key`, one line of base64url, mode 0600; during a rotation `master.next.key` beside it.

    The files are read again for each wrapping: another process may have rotated them meanwhile.
    """

    def __init__(self, data_dir: Path, random: RandomBytes = system_random) -> None:
        self._folder = data_dir / "keys"
        self._random = random
        self._known: dict[str, AESGCM] = {}

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        """Under the next master key while a rotation is under way, else under the current one."""
        master, cipher = self._newest()
        nonce = self._random(NONCE_SIZE)
        return master, nonce + cipher.encrypt(nonce, key, context)

    def unwrap(self, master: str, wrapped: bytes, context: bytes) -> bytes:
        """With the key of that id, current or next."""
        cipher = self._known.get(master) or self._read().get(master)
        if cipher is None:
            if not self._known:
                raise MasterKeyMissing(f"keys/{CURRENT} is not there")
            raise MasterKeyMismatch(f"keys/{CURRENT} is not master key {master}")
        try:
            return cipher.decrypt(wrapped[:NONCE_SIZE], wrapped[NONCE_SIZE:], context)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a wrapped data key does not open") from error

    def create(self) -> None:
        """Write the first key; one that is there stays."""
        self._write(CURRENT)

    def begin_rotation(self) -> str:
        """Write the next key, or go on with the one of an interrupted rotation; returns its id."""
        self._write(NEXT)
        return self.newest()

    def newest(self) -> str:
        """The id of the key that wraps now: the next one during a rotation. Raises MasterKeyMissing."""
        return self._newest()[0]

    def finish_rotation(self) -> None:
        """Let the next key take the current one's place. Only when nothing is wrapped by the current one any more."""
        if (self._folder / NEXT).exists():
            os.replace(self._folder / NEXT, self._folder / CURRENT)
            sync_dir(self._folder)
            self._read()

    def _newest(self) -> tuple[str, AESGCM]:
        keys = self._read()
        if not keys:
            raise MasterKeyMissing(f"keys/{CURRENT} is not there")
        return list(keys.items())[-1]

    def _write(self, name: str) -> None:
        make_dirs(self._folder)
        try:
            # Whole or not at all: half a key after a crash would be taken for a wrong one.
            staging = self._folder / f".{name}.{self._random(8).hex()}.partial"
            write_new(staging, b64url_encode(self._random(KEY_SIZE)).encode() + b"\n")
            try:
                os.link(staging, self._folder / name)
            finally:
                staging.unlink()
        except FileExistsError:
            return
        sync_dir(self._folder)

    def _read(self) -> dict[str, AESGCM]:
        """The keys on the disk by id, the current one first."""
        keys = {}
        for name in (CURRENT, NEXT):
            try:
                data = (self._folder / name).read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise MasterKeyMissing(f"keys/{name} cannot be read") from error
            secret = _secret(name, data)
            keys[master_id(secret)] = AESGCM(secret)
        self._known = dict(keys)
        return keys


class KmsClient(Protocol):
    """What is asked of a key management service: encrypt and decrypt small values under a key that it keeps.

    Both raise OSError (TimeoutError, ConnectionError) where the service does not answer.
    """

    def encrypt(self, key_id: str, plaintext: bytes, context: bytes) -> bytes:
        """The ciphertext; whatever the service needs to decrypt it again is inside."""
        ...

    def decrypt(self, key_id: str, ciphertext: bytes, context: bytes) -> bytes:
        """The plaintext. Raises KeyError for a key that the service does not have, ValueError for damage."""
        ...


class KmsMasterKey:
    """A master key that never leaves its service. Rotating means another `key_id`; the service keeps the old one."""

    def __init__(self, client: KmsClient, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        """By the service, under `key_id`. Raises MasterKeyUnavailable."""
        try:
            return self._key_id, self._client.encrypt(self._key_id, key, context)
        except OSError as error:
            raise MasterKeyUnavailable("the key management service does not answer") from error

    def unwrap(self, master: str, wrapped: bytes, context: bytes) -> bytes:
        """By the service, under the key that wrapped it. Raises MasterKeyUnavailable, MasterKeyMismatch, SealBroken."""
        try:
            return self._client.decrypt(master, wrapped, context)
        except OSError as error:
            raise MasterKeyUnavailable("the key management service does not answer") from error
        except KeyError as error:
            raise MasterKeyMismatch(f"the key management service has no key {master}") from error
        except ValueError as error:
            raise SealBroken("a wrapped data key does not open") from error

    def create(self) -> None:
        """Nothing: keys of the service are made by its operator."""


def master_id(secret: bytes) -> str:
    """The name of a master key: 16 hexadecimal digits that tell nothing about it."""
    return sha256(b"safety-ledger/master-key-id/v1" + secret).hex()[:16]


def _secret(name: str, data: bytes) -> bytes:
    try:
        secret = b64url_decode(data.decode("ascii").removesuffix("\n"))
    except (Malformed, UnicodeDecodeError) as error:
        raise StorageCorrupt(f"keys/{name} is not base64url: restore it from its backup") from error
    if len(secret) != KEY_SIZE:
        raise StorageCorrupt(f"keys/{name} has {len(secret)} bytes, not {KEY_SIZE}: restore it from its backup")
    return secret
