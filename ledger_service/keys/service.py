"""Keys live in the log: enrolling, rotating, revoking and declaring a compromise are entries signed by the root key.

Other enrollers submit their own key_event statements through `statements`; the same rules of FORMATS 5 apply to both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine

from evidence.canonical import Json
from evidence.encoding import format_time
from evidence.errors import EvidenceError
from evidence.key_events import RECORD_TYPE, KeyState
from evidence.keys import PublicJwk
from ledger_service.errors import NotFound
from ledger_service.keys import repository
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read
from ledger_service.kit.evidence_errors import refusal
from ledger_service.kit.ids import RandomBytes, new_record_id
from ledger_service.kit.keystore import KeyStore
from ledger_service.ledgers.model import Ledger
from ledger_service.statements.issuing import Draft, issue_draft, issuer
from ledger_service.statements.model import PreparedStatement, Rejected, Sequenced
from ledger_service.statements.prepare import check
from ledger_service.statements.rules import RuleBook
from ledger_service.statements.sequencer import Sequencer


class KeyService:
    """Issues key events and tells the state of keys."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        random: RandomBytes,
        keystore: KeyStore,
        rules: RuleBook,
        sequencer: Sequencer,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._random = random
        self._keystore = keystore
        self._rules = rules
        self._sequencer = sequencer

    def enrol(self, ledger: str, jwk: PublicJwk, holder: str, role: str) -> Sequenced:
        """Let `jwk` sign statements from now on. Raises Refused when it was enrolled before or a field is not valid."""
        return self._record(ledger, self._payload("enrol", jwk.kid, jwk, holder, role))

    def rotate(self, ledger: str, kid: str, jwk: PublicJwk) -> Sequenced:
        """Let `jwk` take over holder and role of `kid`, which ends here. Raises NotFound, Refused."""
        state = self.state(ledger, kid)
        return self._record(ledger, self._payload("rotate", kid, jwk, state.holder, state.role))

    def revoke(self, ledger: str, kid: str) -> Sequenced:
        """End the key: no statement with a higher index may be signed by it. Raises NotFound, Refused."""
        state = self.state(ledger, kid)
        return self._record(ledger, self._payload("revoke", kid, state.jwk, state.holder, state.role))

    def compromise(self, ledger: str, kid: str, since: datetime) -> Sequenced:
        """Declare that others may have signed with the key since `since`: what came in from then on is not trusted.

        Raises NotFound, Refused (also when `since` lies in the future).
        """
        state = self.state(ledger, kid)
        payload = self._payload("compromise", kid, state.jwk, state.holder, state.role)
        return self._record(ledger, payload | {"compromised_since": format_time(since)})

    def state(self, ledger: str, kid: str) -> KeyState:
        """The state of one key. Raises NotFound."""
        found = self.states(ledger).get(kid)
        if found is None:
            raise NotFound("no key of this kid is enrolled")
        return found

    def states(self, ledger: str) -> dict[str, KeyState]:
        """Every key by its kid, in order of enrolment."""
        with read(self._engine) as connection:
            return repository.states(connection, ledger)

    def service_enrolment(self, ledger: Ledger) -> PreparedStatement:
        """Entry 0 of a ledger whose row is not committed yet: the service key, enrolled by the root."""
        jwk = self._keystore.service_key(ledger.slug).public
        payload = self._payload("enrol", jwk.kid, jwk, "service", "service")
        return self._prepare(ledger.slug, payload, root=ledger.root_jwk)

    def _record(self, ledger: str, payload: Mapping[str, Json]) -> Sequenced:
        outcome = self._sequencer.sequence([self._prepare(ledger, payload)])[0]
        if isinstance(outcome, Rejected):
            raise outcome.error
        return outcome

    def _prepare(self, ledger: str, payload: Mapping[str, Json], root: PublicJwk | None = None) -> PreparedStatement:
        now = self._clock.now()
        rules = self._rules.of(ledger)
        if root is not None:
            rules = replace(rules, public_key=lambda _: root)
        draft = Draft(new_record_id(self._clock, self._random), RECORD_TYPE, payload, format_time(now), "api")
        signer = self._keystore.root_key(ledger)
        statement = issue_draft(rules, draft, signer, issuer(ledger, "root"), now, self._random)
        try:
            # Our own statements pass the same checks as everybody's: what is in the log can be verified by anybody.
            return check(rules, statement, statement.compact, now)
        except EvidenceError as error:
            raise refusal(error) from error

    @staticmethod
    def _payload(action: str, kid: str, jwk: PublicJwk, holder: str, role: str) -> dict[str, Json]:
        return {"subject": f"key/{kid}", "action": action, "jwk": jwk.to_json(), "holder": holder, "role": role}
