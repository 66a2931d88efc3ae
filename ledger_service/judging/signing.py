"""Statements that the service makes about judging itself: rule sets, and judgements in the light of later knowledge."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime

from evidence.canonical import Json
from evidence.encoding import format_time
from evidence.errors import EvidenceError
from evidence.statement import uuid7
from ledger_service.kit.clock import Clock
from ledger_service.kit.evidence_errors import refusal
from ledger_service.kit.ids import RandomBytes
from ledger_service.kit.keystore import KeyStore
from ledger_service.statements.issuing import Draft, issue_draft, issuer
from ledger_service.statements.model import PreparedStatement
from ledger_service.statements.prepare import check
from ledger_service.statements.rules import RuleBook

CHANNEL = "api"


class ServiceSigner:
    """Signs with the service key of a ledger, under record ids that a repetition finds again."""

    def __init__(self, clock: Clock, random: RandomBytes, keystore: KeyStore, rules: RuleBook) -> None:
        self._clock = clock
        self._random = random
        self._keystore = keystore
        self._rules = rules

    def record_id(self, ledger: str, purpose: str, at: datetime, *parts: str | int) -> str:
        """UUIDv7 of the time `at` and 80 bits that follow from purpose and parts under the ledger's secret.

        A time before 1970, which a record may well state, counts as the beginning of 1970.
        """
        secret = hmac.digest(self._keystore.stream_key(ledger), f"safety-ledger/{purpose}/record-id".encode(), "sha256")
        tail = hmac.digest(secret, "\n".join(map(str, parts)).encode(), "sha256")[:10]
        return uuid7(max(0, int(at.timestamp() * 1000)), tail)

    def prepare(
        self, ledger: str, record_type: str, record_id: str, payload: Mapping[str, Json], occurred_at: datetime
    ) -> PreparedStatement:
        """A signed statement, checked like everybody's. Raises Refused and StorageCorrupt."""
        rules, now = self._rules.of(ledger), self._clock.now()
        draft = Draft(record_id, record_type, payload, format_time(min(occurred_at, now)), CHANNEL)
        signer = self._keystore.service_key(ledger)
        statement = issue_draft(rules, draft, signer, issuer(ledger, "service"), now, self._random)
        try:
            return check(rules, statement, statement.compact, now)
        except EvidenceError as error:
            raise refusal(error) from error
