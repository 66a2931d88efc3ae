"""Ledgers are created explicitly and once.

Order of creation: the keys are durable on disk, then one transaction writes the ledger's row, its empty head and entry
0, the enrolment of the service key signed by the root. A crash in between leaves keys that nothing names; creating the
ledger again uses those same keys. There is never a ledger without keys, and never a second key set.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection, Engine

from evidence.hashing import sha256
from ledger_service.errors import BadRequest, LedgerExists, NotFound
from ledger_service.keys.service import KeyService
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read, write
from ledger_service.kit.ids import is_slug
from ledger_service.kit.keystore import KeyStore
from ledger_service.ledgers import repository
from ledger_service.ledgers.model import Ledger
from ledger_service.statements.model import Rejected
from ledger_service.statements.sequencer import Sequencer

ORIGIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,120}[a-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]{1,64}){0,8}", re.ASCII)
"""A schema-less URL (C2SP tlog-checkpoint, FORMATS 1)."""


class LedgerService:
    """Creates ledgers and knows them."""

    def __init__(
        self, engine: Engine, clock: Clock, keystore: KeyStore, keys: KeyService, sequencer: Sequencer
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._keystore = keystore
        self._keys = keys
        self._sequencer = sequencer
        self._cache: dict[str, Ledger] = {}

    def create(self, slug: str, origin: str) -> Ledger:
        """Create a ledger with its keys and entry 0.

        Raises BadRequest for a bad name, LedgerExists when name or origin is in use, KeySetMismatch when keys lie on
        disk that were made for another origin.
        """
        if not is_slug(slug):
            raise BadRequest("a ledger's name has 1-63 of a-z, 0-9 and inner hyphens", reason="slug")
        if not ORIGIN.fullmatch(origin):
            raise BadRequest("an origin is a URL without scheme, such as ledger.example.com/site/2026", reason="origin")
        with read(self._engine) as connection:
            self._require_new(connection, slug, origin)
        self._keystore.create(slug, origin)
        with write(self._engine) as connection:
            # Again under the write lock: of two creators with the same key set only one may write entry 0.
            self._require_new(connection, slug, origin)
            ledger = self._identity(slug, origin)
            repository.add(connection, ledger)
            enrolment = self._keys.service_enrolment(ledger)
            outcome = self._sequencer.sequence_in(connection, [enrolment])[0]
            if isinstance(outcome, Rejected):
                raise outcome.error
        return ledger

    def get(self, slug: str) -> Ledger:
        """The ledger of this name. Raises NotFound."""
        cached = self._cache.get(slug)
        if cached is not None:
            return cached
        with read(self._engine) as connection:
            ledger = repository.find(connection, slug)
        if ledger is None:
            raise NotFound("no ledger by this name")
        self._cache[slug] = ledger
        return ledger

    def all(self) -> list[Ledger]:
        """Every ledger, by name."""
        with read(self._engine) as connection:
            return repository.all_ledgers(connection)

    def _identity(self, slug: str, origin: str) -> Ledger:
        return Ledger(
            slug=slug,
            origin=origin,
            ledger_id=sha256(origin.encode()),
            log_vkey=str(self._keystore.log_signer(slug).vkey),
            root_jwk=self._keystore.root_key(slug).public,
            service_kid=self._keystore.service_key(slug).kid,
            created_at=self._clock.now(),
        )

    @staticmethod
    def _require_new(connection: Connection, slug: str, origin: str) -> None:
        if repository.find(connection, slug) is not None:
            raise LedgerExists(f"ledger {slug} exists")
        if repository.find_by_origin(connection, origin) is not None:
            raise LedgerExists(f"origin {origin} is in use by another ledger")
