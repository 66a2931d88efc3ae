"""A key management service in memory: it encrypts and decrypts, and never gives its keys out."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class FakeKms:
    """See `ledger_service.privacy.master.KmsClient`."""

    def __init__(self, *key_ids: str) -> None:
        self._keys = {key_id: AESGCM(hashlib.sha256(key_id.encode()).digest()) for key_id in key_ids}
        self._count = 0

    def encrypt(self, key_id: str, plaintext: bytes, context: bytes) -> bytes:
        self._count += 1
        nonce = self._count.to_bytes(12, "big")
        return nonce + self._keys[key_id].encrypt(nonce, plaintext, context)

    def decrypt(self, key_id: str, ciphertext: bytes, context: bytes) -> bytes:
        cipher = self._keys[key_id]
        try:
            return cipher.decrypt(ciphertext[:12], ciphertext[12:], context)
        except InvalidTag as error:
            raise ValueError("the ciphertext is damaged") from error
