"""What can go wrong with sealed data, named by what an operator should do."""

from __future__ import annotations

from ledger_service.errors import RetryLater, StorageCorrupt


class MasterKeyMissing(StorageCorrupt):
    """No master key is at hand for data keys that exist: restore it from its backup. Nothing is made anew."""

    slug = "master-key-missing"
    title = "The master key is missing: restore it from its backup"


class MasterKeyMismatch(StorageCorrupt):
    """The master key is not the one that wrapped the data keys: put the right one back. Nothing was changed."""

    slug = "master-key-mismatch"
    title = "The master key is another one than the data was sealed under: restore the right one"


class MasterKeyUnavailable(RetryLater):
    """The key management service does not answer: nothing was stored or lost, the same request again may succeed."""

    slug = "master-key-unavailable"
    title = "The key management service does not answer: try again later"


class SealBroken(StorageCorrupt):
    """Sealed bytes, or the place they stand in, are not what was stored: run fsck, restore from a backup."""

    slug = "seal-broken"
    title = "Sealed data is damaged"
