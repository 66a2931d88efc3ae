"""Plain-JSON records: wrapped into a statement, signed by the service key and marked with who sent them."""

from __future__ import annotations

from typing import Any

from evidence.canonical import dumps
from evidence.encoding import parse_time
from evidence.entry import parse_entry
from evidence.errors import EvidenceError
from ledger_service.access.service import Client
from ledger_service.entries.model import EntryView
from ledger_service.entries.service import EntryService
from ledger_service.errors import BadRequest, Conflict, NotFound, Refused, StorageCorrupt
from ledger_service.kit.clock import Clock
from ledger_service.kit.evidence_errors import refusal
from ledger_service.kit.ids import RandomBytes, new_record_id
from ledger_service.kit.keystore import KeyStore
from ledger_service.ledgers.service import LedgerService
from ledger_service.records.schemas import RecordSubmit
from ledger_service.statements.issuing import Draft, issue_draft, issuer
from ledger_service.statements.model import PreparedStatement, Sequenced
from ledger_service.statements.prepare import check
from ledger_service.statements.rules import RuleBook
from ledger_service.statements.service import StatementService

SUBMITTED_BY = "submitted_by"


class RecordService:
    """Signs for clients without a key of their own. Such a record proves what the client said, not who measured it."""

    def __init__(
        self,
        clock: Clock,
        random: RandomBytes,
        keystore: KeyStore,
        ledgers: LedgerService,
        rules: RuleBook,
        statements: StatementService,
        entries: EntryService,
    ) -> None:
        self._clock = clock
        self._random = random
        self._keystore = keystore
        self._ledgers = ledgers
        self._rules = rules
        self._statements = statements
        self._entries = entries

    async def submit(self, ledger: str, client: Client, record: RecordSubmit) -> Sequenced:
        """Sequence the record. With a `record_id`, the same content again gets the first answer.

        Raises what a statement's submission raises; Conflict when the id belongs to other content.
        """
        payload = self._payload(client, record)
        try:
            return await self._statements.submit_prepared(self._prepare(ledger, record, payload))
        except (Conflict, Refused, StorageCorrupt):
            # Not Conflict alone: a clock gone back, a newer record type, or a ledger that takes nothing new must not
            # disown what is in the log.
            known = self._known(ledger, record, payload)
            if known is None:
                raise
            return known

    def _known(self, ledger: str, record: RecordSubmit, payload: dict[str, Any]) -> Sequenced | None:
        """The first answer to this content. Salts differ each time, so the bytes never match."""
        if record.record_id is None:
            return None
        try:
            view = self._entries.by_record(ledger, record.record_id)
        except NotFound:
            return None
        same = same_content(view, record, payload, self._ledgers.get(ledger).service_kid)
        return _repeated(view) if same else None

    @staticmethod
    def _payload(client: Client, record: RecordSubmit) -> dict[str, Any]:
        if SUBMITTED_BY in record.payload:
            raise BadRequest(f"{SUBMITTED_BY} is set by the service from the token", reason="reserved-field")
        return record.payload | {SUBMITTED_BY: client.client_id}

    def _prepare(self, ledger: str, record: RecordSubmit, payload: dict[str, Any]) -> PreparedStatement:
        rules, now = self._rules.of(self._ledgers.get(ledger).slug), self._clock.now()
        draft = Draft(
            record_id=new_record_id(self._clock, self._random) if record.record_id is None else record.record_id,
            record_type=record.type,
            payload=payload,
            occurred_at=record.occurred_at,
            channel=record.channel,
            supersedes=record.supersedes,
        )
        signer = self._keystore.service_key(ledger)
        statement = issue_draft(rules, draft, signer, issuer(ledger, "service"), now, self._random)
        try:
            return check(rules, statement, statement.compact, now)
        except EvidenceError as error:
            raise refusal(error) from error


def same_content(view: EntryView, record: RecordSubmit, payload: dict[str, Any], service_kid: str) -> bool:
    """Whether the stored entry says what `record` says; an entry with an erased field is never the same."""
    claims = parse_entry(view.entry.entry_bytes).statement.claims
    return (
        view.entry.kid == service_kid
        and dumps(view.payload) == dumps(payload)  # Python's == would take true for 1.
        and (claims.type, claims.channel, claims.supersedes) == (record.type, record.channel, record.supersedes)
        and parse_time(claims.occurred_at) == parse_time(record.occurred_at)
    )


def _repeated(view: EntryView) -> Sequenced:
    entry = view.entry
    return Sequenced(
        ledger=entry.ledger,
        record_id=entry.record_id,
        index=entry.index,
        leaf_hash=entry.leaf_hash,
        stream=entry.stream,
        stream_seq=entry.stream_seq,
        received_at=entry.received_at,
        created=False,
    )
