"""Legal holds: placed and released by entries of the log, the newest of each hold counts."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, func, select

from evidence.canonical import Json
from evidence.statement import parse_disclosure
from ledger_service.entries import repository
from ledger_service.errors import BadRequest, NotFound
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read
from ledger_service.models import entries
from ledger_service.privacy.issuing import Issuer
from ledger_service.privacy.model import Hold
from ledger_service.statements.model import Rejected, Sequenced
from ledger_service.statements.sequencer import Sequencer

RECORD_TYPE = "legal_hold"
SUBJECT = re.compile(r"[a-z][a-z0-9_]{0,39}/[A-Za-z0-9._-]{1,80}")
KIND = "hold/"


class HoldService:
    """Places, releases and lists legal holds."""

    def __init__(self, engine: Engine, clock: Clock, zone: ZoneInfo, issuer: Issuer, sequencer: Sequencer) -> None:
        self._engine = engine
        self._clock = clock
        self._zone = zone
        self._issuer = issuer
        self._sequencer = sequencer

    def place(
        self, ledger: str, scope: str, basis: str, *, until: date | None = None, decided_by: str | None = None
    ) -> tuple[str, Sequenced]:
        """Let nothing be erased that speaks of the subject `scope`; returns the hold's own subject.

        Raises BadRequest where `scope` is no subject, Refused where another value does not fit.
        """
        require_subject(scope)
        record_id = self._issuer.record_id()
        subject = f"{KIND}{record_id}"
        payload: dict[str, Json] = {"subject": subject, "action": "place", "scope": scope, "basis": basis}
        if until is not None:
            payload["until"] = until.isoformat()
        return subject, self._record(ledger, payload, decided_by, record_id)

    def release(self, ledger: str, hold: str, basis: str, *, decided_by: str | None = None) -> Sequenced:
        """End a hold. Raises NotFound when no hold of this name is in force."""
        if all(item.subject != hold for item in self.list(ledger)):
            raise NotFound("no hold of this name is in force")
        return self._record(ledger, {"subject": hold, "action": "release", "basis": basis}, decided_by)

    def list(self, ledger: str) -> list[Hold]:
        """The holds in force, oldest first."""
        with read(self._engine) as connection:
            return in_force(connection, ledger, self._today())

    def _today(self) -> date:
        return local_day(self._clock.now(), self._zone)

    def _record(
        self, ledger: str, payload: dict[str, Json], decided_by: str | None, record_id: str | None = None
    ) -> Sequenced:
        if decided_by is not None:
            payload["decided_by"] = decided_by
        outcome = self._sequencer.sequence([self._issuer.prepare(ledger, RECORD_TYPE, payload, record_id)])[0]
        if isinstance(outcome, Rejected):
            raise outcome.error
        return outcome


def in_force(connection: Connection, ledger: str, day: date) -> list[Hold]:
    """The holds whose newest event places them, and whose last day is not over."""
    here = (entries.c.ledger == ledger, entries.c.record_type == RECORD_TYPE)
    newest = connection.execute(select(func.max(entries.c.idx)).where(*here).group_by(entries.c.stream)).scalars().all()
    found = repository.disclosures_of(connection, ledger, sorted(newest))
    holds = (_hold(index, dict(_fields(items))) for index, items in sorted(found.items()))
    return [item for item in holds if item is not None and (item.until is None or day <= item.until)]


def require_subject(subject: str) -> str:
    """The subject itself. Raises BadRequest, without repeating what was given: it may be a name."""
    if not SUBJECT.fullmatch(subject):
        raise BadRequest("a subject is <kind>/<id>, such as person/E-0001", reason="subject")
    return subject


def local_day(now: datetime, zone: ZoneInfo) -> date:
    """The day at the site."""
    return now.astimezone(zone).date()


def _fields(items: Any) -> list[tuple[str, Any]]:
    return [parse_disclosure(item.text) for item in items if item.text is not None]


def _hold(index: int, payload: dict[str, Any]) -> Hold | None:
    if payload.get("action") != "place" or "scope" not in payload:
        return None
    until = date.fromisoformat(payload["until"]) if "until" in payload else None
    return Hold(payload["subject"], payload["scope"], payload.get("basis", ""), until, index)
