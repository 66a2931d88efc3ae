"""Public keys by kid, for checking signatures before a statement has an index."""

from __future__ import annotations

from sqlalchemy import Engine

from evidence.errors import KeyNotTrusted
from evidence.keys import PublicJwk
from ledger_service.keys import repository
from ledger_service.kit.db import read

CACHE_SIZE = 4096


class KeyRing:
    """Remembers keys for good: a kid is its key's thumbprint, so the pair never changes. Validity is not asked here."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._cache: dict[tuple[str, str], PublicJwk] = {}

    def public_key(self, ledger: str, kid: str) -> PublicJwk:
        """The key of `kid`, enrolled in `ledger` at any time, or its root. Raises KeyNotTrusted."""
        cached = self._cache.get((ledger, kid))
        if cached is not None:
            return cached
        with read(self._engine) as connection:
            found = repository.public_key(connection, ledger, kid) or repository.root_of(connection, ledger)
        if found is None or found.kid != kid:
            raise KeyNotTrusted(f"key {kid} has no enrolment in this ledger")
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()
        self._cache[ledger, kid] = found
        return found
