"""Signing: a local key, and the check that every signature goes through, whoever made it."""

from __future__ import annotations

from eth_keys import keys
from eth_keys.exceptions import BadSignature, ValidationError

from anchors.errors import SigningFailed
from anchors.ports import Signer

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""SEC 2, section 2.4.1."""


class LocalSigner:
    """A secp256k1 key held in memory. Deterministic (RFC 6979): the same digest gives the same signature."""

    def __init__(self, private_key: bytes) -> None:
        """`private_key` has 32 bytes; raises `SigningFailed` if it is no key of the curve."""
        try:
            self._key = keys.PrivateKey(private_key)
            self._address = bytes(self._key.public_key.to_canonical_address())
        except (ValidationError, ValueError):
            # The library's message may quote the key: it goes no further.
            raise SigningFailed("not a secp256k1 private key") from None

    @property
    def address(self) -> bytes:
        """20 bytes."""
        return self._address

    def sign_digest(self, digest: bytes) -> tuple[int, int, int]:
        """Return (r, s, y parity) over a 32-byte digest."""
        signature = self._key.sign_msg_hash(digest)
        return signature.r, signature.s, signature.v


def checked_signature(signer: Signer, digest: bytes) -> tuple[int, int, int]:
    """Ask the signer, bring s into the lower half (EIP-2) and require that it recovers to the signer's address.

    Raises `SigningFailed`: a signature of another key would be sent, and paid for, in vain.
    """
    r, s, parity = signer.sign_digest(digest)
    if s > SECP256K1_ORDER // 2:
        s, parity = SECP256K1_ORDER - s, 1 - parity
    try:
        public = keys.Signature(vrs=(parity, r, s)).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError) as error:
        raise SigningFailed(f"signature does not recover: {type(error).__name__}") from error
    if bytes(public.to_canonical_address()) != signer.address:
        raise SigningFailed("signature recovers to another address than the signer's")
    return r, s, parity
