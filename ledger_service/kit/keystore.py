"""The ledger's secret keys as files, created once and never overwritten.

`<data>/keys/<ledger>/{log,root,service,stream,publisher}.key`, each one line of base64url (32 bytes), mode 0600, and
`origin`, the name the log key signs under. The whole set appears by one rename, so a crash leaves either all or none.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.encoding import b64url_decode, b64url_encode
from evidence.errors import Malformed
from evidence.keys import SigningKey
from evidence.notes import NoteSigner
from ledger_service.errors import KeySetMismatch, NotFound, StorageCorrupt
from ledger_service.kit.files import make_dirs, sync_dir, write_new
from ledger_service.kit.ids import RandomBytes, is_slug, system_random

KEY_NAMES = ("log", "root", "service", "stream", "publisher")
SECP256K1_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""SEC 2 clause 2.4.1: a publisher key must lie in [1, order)."""


class KeyStore:
    """The keys of every ledger under one data folder. Keys are read once and kept in memory."""

    def __init__(self, data_dir: Path, random: RandomBytes = system_random) -> None:
        self._root = data_dir / "keys"
        self._random = random
        self._cache: dict[tuple[str, str], bytes] = {}

    def create(self, ledger: str, origin: str) -> None:
        """Make the key set durable before any row names it; a complete set of the same origin is kept and used again.

        A crash after this call and before the ledger's row costs nothing: the next `create` finds the same keys.
        Raises KeySetMismatch when the set on disk was made for another origin.
        """
        folder = self._folder(ledger)
        if folder.is_dir():
            self._require_origin(ledger, origin)
            return
        make_dirs(self._root)
        # The staging name is random: leftovers of a crash are never picked up, so no half set can come into use.
        staging = self._root / f".{ledger}.{self._random(8).hex()}.partial"
        staging.mkdir(mode=0o700)
        for name in KEY_NAMES:
            write_new(staging / f"{name}.key", b64url_encode(self._new_secret(name)).encode() + b"\n")
        write_new(staging / "origin", origin.encode() + b"\n")
        sync_dir(staging)
        # rename() onto a non-empty folder fails, so of two creators at once exactly one set wins.
        try:
            staging.rename(folder)
        except OSError:
            self._require_origin(ledger, origin)
            return
        sync_dir(self._root)

    def exists(self, ledger: str) -> bool:
        """Whether a complete key set lies on disk."""
        return self._folder(ledger).is_dir()

    def origin(self, ledger: str) -> str:
        """The origin this key set was made for. Raises NotFound, StorageCorrupt."""
        return self._read(ledger, "origin").decode()

    def log_signer(self, ledger: str) -> NoteSigner:
        """Signs checkpoints under the ledger's origin."""
        seed = self._secret(ledger, "log")
        return NoteSigner(self.origin(ledger), Ed25519PrivateKey.from_private_bytes(seed))

    def root_key(self, ledger: str) -> SigningKey:
        """Signs key events: the policy root of this ledger."""
        return SigningKey.from_seed(self._secret(ledger, "root"))

    def service_key(self, ledger: str) -> SigningKey:
        """Signs statements for plain-JSON clients."""
        return SigningKey.from_seed(self._secret(ledger, "service"))

    def stream_key(self, ledger: str) -> bytes:
        """The HMAC key that hides subjects in the log."""
        return self._secret(ledger, "stream")

    def publisher_key(self, ledger: str) -> bytes:
        """The secp256k1 secret that pays for anchors: 32 bytes, big-endian."""
        return self._secret(ledger, "publisher")

    def _new_secret(self, name: str) -> bytes:
        secret = self._random(32)
        while name == "publisher" and not 0 < int.from_bytes(secret) < SECP256K1_ORDER:
            secret = self._random(32)
        return secret

    def _require_origin(self, ledger: str, origin: str) -> None:
        found = self.origin(ledger)
        if found != origin:
            raise KeySetMismatch(f"keys of ledger {ledger} were made for origin {found}, not {origin}")

    def _folder(self, ledger: str) -> Path:
        if not is_slug(ledger):
            raise NotFound("no ledger by this name")
        return self._root / ledger

    def _read(self, ledger: str, file_name: str) -> bytes:
        cached = self._cache.get((ledger, file_name))
        if cached is not None:
            return cached
        try:
            data = (self._folder(ledger) / file_name).read_bytes().strip()
        except OSError as error:
            if not self.exists(ledger):
                raise NotFound(f"no keys of ledger {ledger} in the key store") from error
            raise StorageCorrupt(
                f"{file_name} of ledger {ledger} cannot be read: restore it from its backup"
            ) from error
        self._cache[ledger, file_name] = data
        return data

    def _secret(self, ledger: str, name: str) -> bytes:
        try:
            secret = b64url_decode(self._read(ledger, f"{name}.key").decode("ascii"))
        except (Malformed, UnicodeDecodeError) as error:
            raise StorageCorrupt(f"{name}.key of ledger {ledger} is not base64url") from error
        if len(secret) != 32:
            raise StorageCorrupt(f"{name}.key of ledger {ledger} has {len(secret)} bytes, not 32")
        return secret
