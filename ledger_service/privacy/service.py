"""Erasing what the ledger knows of a person.

The log itself never held it: what goes are the sealed disclosures, the data key that opens them, and attachments that
nothing else refers to. One transaction writes the erasure entries and destroys what they order, so a crash leaves all
or nothing of it; only files are deleted after the commit, and `sweep` deletes those that a crash left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from evidence.canonical import Json
from evidence.erasures import RECORD_TYPE as ERASURE
from evidence.records import Catalogue
from evidence.statement import stream_id
from ledger_service.errors import BadRequest, Conflict
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read, write
from ledger_service.kit.dialect import lock_ledger, truncate_log
from ledger_service.kit.keystore import KeyStore
from ledger_service.ledgers.service import LedgerService
from ledger_service.models import entries, erased_blobs
from ledger_service.privacy import execution, holds
from ledger_service.privacy.issuing import Issuer
from ledger_service.privacy.model import Erased, ErasurePlan
from ledger_service.privacy.planning import Ground, make_plan, referred_elsewhere
from ledger_service.privacy.retention import periods
from ledger_service.privacy.search import Search, folded
from ledger_service.privacy.vault import vault_at
from ledger_service.statements.model import Rejected, Sequenced
from ledger_service.statements.sequencer import Sequencer

MAX_TERMS = 16
MIN_TERM = 2
"""A single character would be found in nearly every record."""


class ErasureService:
    """Plans erasures and carries them out."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        keystore: KeyStore,
        ledgers: LedgerService,
        catalogue: Catalogue,
        issuer: Issuer,
        sequencer: Sequencer,
        blob_path: Callable[[str], Path],
        forget: Callable[[str], None] = lambda _ledger: None,
    ) -> None:
        """`blob_path` is where an attachment's file lies; `forget` is called with a ledger that lost disclosures."""
        self._engine = engine
        self._clock = clock
        self._keystore = keystore
        self._ledgers = ledgers
        self._catalogue = catalogue
        self._issuer = issuer
        self._sequencer = sequencer
        self._blob_path = blob_path
        self._forget = forget

    def plan(self, ledger: str, subject: str, also_containing: Sequence[str] = ()) -> ErasurePlan:
        """What an erasure would destroy and what stays. Changes nothing.

        `subject` is a person, or `record/<id>` for the personal fields of one record; `also_containing` are texts
        (a name, a number, a plate) looked for in every disclosure. Raises NotFound, BadRequest.
        """
        search = self._search(ledger, subject, also_containing)
        with read(self._engine) as connection:
            return make_plan(connection, ledger, search, self._ground(connection, ledger), len(also_containing))

    def execute(self, plan: ErasurePlan, legal_basis: str, reason: str, decided_by: str | None = None) -> Erased:
        """Carry out a plan. Raises Conflict when the log has grown since, Refused where basis or reason do not fit."""
        if plan.is_empty:
            raise Conflict("nothing is left to erase", reason="nothing-left")
        with write(self._engine) as connection:
            lock_ledger(connection, plan.ledger)
            self._require_current(connection, plan)
            indices = self._carry_out(connection, plan, _common(legal_basis, reason, decided_by))
        return self._settle(plan, indices)

    def erase(
        self,
        ledger: str,
        subject: str,
        legal_basis: str,
        reason: str,
        *,
        also_containing: Sequence[str] = (),
        decided_by: str | None = None,
    ) -> tuple[ErasurePlan, Erased | None]:
        """Plan and execute; None where nothing was left to erase.

        When records come in meanwhile, both happen under the ledger's lock: submissions wait that long.
        """
        self._refuse_naming(reason, legal_basis, subject, also_containing)
        plan = self.plan(ledger, subject, also_containing)
        if plan.is_empty:
            return plan, None
        try:
            return plan, self.execute(plan, legal_basis, reason, decided_by)
        except Conflict:
            pass
        search = self._search(ledger, subject, also_containing)
        with write(self._engine) as connection:
            lock_ledger(connection, ledger)
            plan = make_plan(connection, ledger, search, self._ground(connection, ledger), len(also_containing))
            if plan.is_empty:
                return plan, None
            indices = self._carry_out(connection, plan, _common(legal_basis, reason, decided_by))
        return plan, self._settle(plan, indices)

    def sweep(self) -> int:
        """Delete the files of erased attachments that are still there; returns how many. For a start, at any time."""
        # Under the write lock: a file that comes back for another record is not swept on its way (`BlobService`).
        with write(self._engine) as connection:
            digests = connection.execute(select(erased_blobs.c.sha256)).scalars()
            paths = [path for path in map(self._blob_path, digests) if path.exists()]
            for path in paths:
                path.unlink(missing_ok=True)
        return len(paths)

    def _carry_out(self, connection: Connection, plan: ErasurePlan, common: dict[str, Json]) -> list[int]:
        """Write the erasure entries and destroy what they order; returns their indices."""
        ids = [self._issuer.record_id() for _ in execution.groups(plan)]
        orders = [
            self._issuer.prepare(plan.ledger, ERASURE, payload, record_id)
            for record_id, payload in zip(ids, execution.payloads(plan, ids, common), strict=True)
        ]
        indices = [_index(item) for item in self._sequencer.sequence_in(connection, orders)]
        execution.destroy(connection, plan, indices)
        return indices

    def _settle(self, plan: ErasurePlan, indices: Sequence[int]) -> Erased:
        """After the commit: nothing in memory, in files or in the write-ahead log outlives it."""
        vault_at(self._engine).forget()
        self._forget(plan.ledger)
        self.sweep()
        return Erased(
            indices=tuple(indices),
            entries=len(plan.erase),
            disclosures=plan.disclosures,
            blobs=len(plan.blobs),
            keys=len(plan.keys),
            log_truncated=truncate_log(self._engine),
        )

    def _search(self, ledger: str, subject: str, terms: Sequence[str]) -> Search:
        holds.require_subject(subject)
        if len(terms) > MAX_TERMS or any(len(term.strip()) < MIN_TERM for term in terms):
            raise BadRequest(f"at most {MAX_TERMS} texts of at least {MIN_TERM} characters", reason="also-containing")
        key = self._keystore.stream_key(self._ledgers.get(ledger).slug)
        return Search(subject, partial(stream_id, key), self._catalogue.types, terms)

    def _ground(self, connection: Connection, ledger: str) -> Ground:
        zone = self._catalogue.zone
        today = holds.local_day(self._clock.now(), zone)
        in_force = holds.in_force(connection, ledger, today)
        return Ground(in_force, periods(self._catalogue, today), today, lambda time: holds.local_day(time, zone))

    @staticmethod
    def _require_current(connection: Connection, plan: ErasurePlan) -> None:
        newest = connection.execute(select(func.max(entries.c.idx)).where(entries.c.ledger == plan.ledger)).scalar()
        if newest is None or newest + 1 != plan.size:
            raise Conflict("entries came in since the plan was made: plan again", reason="log-has-grown")
        if plan.blobs and not referred_elsewhere(connection, plan.ledger).isdisjoint(plan.blobs):
            raise Conflict("another ledger names one of the attachments now: plan again", reason="log-has-grown")

    @staticmethod
    def _refuse_naming(reason: str, legal_basis: str, subject: str, terms: Sequence[str]) -> None:
        """The erasure entry stays for good: it must not bring back what it erases."""
        words = folded(f"{reason}\n{legal_basis}")
        number = re.escape(folded(subject.partition("/")[2]))
        alone = re.search(rf"(?<![a-z0-9]){number}(?![a-z0-9])", words)
        if alone or any(folded(item) in words for item in (subject, *terms)):
            raise BadRequest("basis and reason stay in the log: they must not name the person", reason="names-person")


def _common(legal_basis: str, reason: str, decided_by: str | None) -> dict[str, Json]:
    common: dict[str, Json] = {"legal_basis": legal_basis, "reason": reason}
    return common if decided_by is None else common | {"decided_by": decided_by}


def _index(outcome: Sequenced | Rejected) -> int:
    if isinstance(outcome, Rejected):
        raise outcome.error
    return outcome.index
