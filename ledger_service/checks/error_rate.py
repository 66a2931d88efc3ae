"""AV9 of a ledger: the error rate of detectors, by camera and period, from the decisions on record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from evidence.records import Catalogue
from evidence.records.error_rate import ErrorRate, error_rate, false_alarm_reasons
from evidence.records.facts import Fact
from evidence.statement import stream_id
from ledger_service.checks import repository
from ledger_service.errors import BadRequest
from ledger_service.judging import repository as judging_rows
from ledger_service.judging.facts import RoleOf, load_about
from ledger_service.judging.service import roles
from ledger_service.keys.repository import load_history
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read
from ledger_service.kit.keystore import KeyStore
from ledger_service.ledgers.service import LedgerService

TABLE = "review-reasons"
MAX_EVENTS = 50_000
"""Events of one answer: more of them are asked for by period."""
_CHUNK = 200


class ErrorRateService:
    """Works error rates out; stores nothing."""

    def __init__(
        self, engine: Engine, clock: Clock, keystore: KeyStore, ledgers: LedgerService, catalogue: Catalogue
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._keystore = keystore
        self._ledgers = ledgers
        self._catalogue = catalogue

    def get(
        self, ledger: str, camera: str | None = None, begin: datetime | None = None, end: datetime | None = None
    ) -> ErrorRate:
        """The rate over the events that were detected in `[begin, end)`, by one camera or by all.

        An event counts with its last decision, whenever that was made. Raises BadRequest and NotFound.
        """
        slug = self._ledgers.get(ledger).slug
        target = None if camera is None else self._stream(slug, camera)
        today = self._clock.now().astimezone(self._catalogue.zone).date()
        table = self._catalogue.tables.at(TABLE, today)
        with read(self._engine) as connection:
            streams = repository.violations(connection, slug, target, begin, end, MAX_EVENTS + 1)
            if len(streams) > MAX_EVENTS:
                raise BadRequest(f"more than {MAX_EVENTS} events: ask for a shorter period", reason="period")
            role_of = roles(load_history(connection, slug))
            return error_rate(_facts(connection, slug, streams, role_of), false_alarm_reasons(table.values))

    def _stream(self, ledger: str, camera: str) -> str:
        try:
            return stream_id(self._keystore.stream_key(ledger), f"camera/{camera.removeprefix('camera/')}")
        except UnicodeEncodeError as error:
            raise BadRequest("the camera is not text", reason="camera") from error


def _facts(connection: Connection, ledger: str, streams: Sequence[str], role_of: RoleOf) -> Iterator[Fact]:
    size = judging_rows.size(connection, ledger)
    for begin in range(0, len(streams), _CHUNK):
        for facts in load_about(connection, ledger, streams[begin : begin + _CHUNK], size, role_of).values():
            yield from facts
