"""Ed25519 statement keys as JWKs, named by their RFC 7638 thumbprint (`kid`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evidence.canonical import dumps
from evidence.encoding import b64url_decode, b64url_encode
from evidence.errors import Malformed, SignatureInvalid, UnsupportedVersion
from evidence.hashing import sha256
from evidence.points import require_sound_point

KEY_SIZE = 32
SIGNATURE_SIZE = 64


@dataclass(frozen=True)
class PublicJwk:
    """An Ed25519 public key: `x` is the raw 32-byte key (RFC 8037)."""

    x: bytes

    @cached_property
    def kid(self) -> str:
        """RFC 7638 thumbprint, base64url, 43 characters."""
        return b64url_encode(sha256(dumps(self.to_json())))

    def to_json(self) -> dict[str, Any]:
        """The JWK with the members that the thumbprint covers."""
        return {"crv": "Ed25519", "kty": "OKP", "x": b64url_encode(self.x)}

    def verify(self, signature: bytes, data: bytes) -> None:
        """Raise `SignatureInvalid` unless `signature` (64 bytes) is this key's over `data` (RFC 8032)."""
        try:
            _public_key(self.x).verify(signature, data)
        except (InvalidSignature, ValueError) as error:
            raise SignatureInvalid(f"signature does not verify with key {self.kid}") from error


@lru_cache(maxsize=1024)
def _public_key(x: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(x)


def parse_jwk(value: Any) -> PublicJwk:
    """Parse a public OKP/Ed25519 JWK. Other members are refused: a private `d` must never travel.

    Raises `UnsupportedVersion` for another key type and `Malformed` for anything else.
    """
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise Malformed("a JWK is a JSON object")
    if (value.get("kty"), value.get("crv")) != ("OKP", "Ed25519"):
        raise UnsupportedVersion("only OKP keys on Ed25519 are known")
    if value.keys() != {"kty", "crv", "x"} or not isinstance(value["x"], str):
        raise Malformed("an Ed25519 public JWK has exactly kty, crv and x")
    x = b64url_decode(value["x"])
    if len(x) != KEY_SIZE:
        raise Malformed(f"an Ed25519 public key has {KEY_SIZE} bytes, got {len(x)}")
    return PublicJwk(require_sound_point(x))


class SigningKey:
    """An Ed25519 private key that signs statements. It never leaves this object."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicJwk(key.public_key().public_bytes_raw())

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Key from its 32-byte seed (RFC 8032 private key)."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key."""
        return self.public.kid

    def sign(self, data: bytes) -> bytes:
        """64-byte Ed25519 signature over `data`."""
        return self._key.sign(data)
