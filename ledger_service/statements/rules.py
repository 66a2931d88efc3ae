"""The ingest rules of each ledger, put together once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from evidence.records import RecordType
from ledger_service.blobs.service import BlobService
from ledger_service.config import Settings
from ledger_service.errors import NotFound, StorageCorrupt
from ledger_service.keys.ring import KeyRing
from ledger_service.kit.keystore import KeyStore
from ledger_service.statements.prepare import IngestRules


class RuleBook:
    """Gives out the rules of a ledger. Nothing in them changes while the service runs."""

    def __init__(
        self,
        settings: Settings,
        keystore: KeyStore,
        ring: KeyRing,
        blobs: BlobService,
        record_types: Mapping[str, RecordType],
    ) -> None:
        self._settings = settings
        self._keystore = keystore
        self._ring = ring
        self._blobs = blobs
        self._record_types = record_types
        self._cache: dict[str, IngestRules] = {}

    def of(self, ledger: str) -> IngestRules:
        """The rules of `ledger`, which exists. Raises StorageCorrupt when its keys are not on the disk."""
        cached = self._cache.get(ledger)
        if cached is not None:
            return cached
        try:
            stream_key = self._keystore.stream_key(ledger)
        except NotFound as error:
            # To a sender, "not found" would say that there is no such ledger.
            raise StorageCorrupt("the keys of this ledger are missing: restore them from their backup") from error
        rules = IngestRules(
            ledger=ledger,
            stream_key=stream_key,
            record_types=self._record_types,
            public_key=partial(self._ring.public_key, ledger),
            blob_sizes=self._blobs.sizes,
            clock_skew=timedelta(seconds=self._settings.clock_skew_s),
            max_bytes=self._settings.max_statement_bytes,
        )
        self._cache[ledger] = rules
        return rules
