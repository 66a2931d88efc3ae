"""Plain-JSON records: wrapped into a statement, signed by the service key and marked with who sent them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from evidence.canonical import dumps
from evidence.encoding import parse_time
from evidence.entry import parse_entry
from evidence.errors import EvidenceError
from ledger_service.access.service import Client
from ledger_service.entries.model import EntryView
from ledger_service.entries.service import EntryService
from ledger_service.errors import BadRequest, Conflict, NotFound, Refused, ServiceError, StorageCorrupt
from ledger_service.kit.clock import Clock
from ledger_service.kit.evidence_errors import refusal
from ledger_service.kit.ids import RandomBytes, import_record_id, new_record_id
from ledger_service.kit.keystore import KeyStore
from ledger_service.ledgers.service import LedgerService
from ledger_service.records.schemas import RecordSubmit
from ledger_service.statements.issuing import Draft, issue_draft, issuer
from ledger_service.statements.model import Outcome, PreparedStatement, Rejected, Sequenced
from ledger_service.statements.prepare import check, require_open_type
from ledger_service.statements.rules import RuleBook
from ledger_service.statements.service import StatementService, merge

SUBMITTED_BY = "submitted_by"
_LATE = (Conflict, Refused, StorageCorrupt)
"""Not Conflict alone: a clock gone back, a newer record type, or a ledger that takes nothing new must not disown what
is in the log."""


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
        record = self._named(self._ledgers.get(ledger).slug, record)
        payload = self._payload(client, record)
        try:
            return await self._statements.submit_prepared(self._prepare(ledger, record, payload))
        except _LATE:
            known = self._known(ledger, record, payload)
            if known is None:
                raise
            return known

    async def submit_many(
        self, ledger: str, client: Client, records: Sequence[RecordSubmit | ServiceError]
    ) -> list[Outcome]:
        """Sequence many in one group, in order; a record that fails takes no index and hinders no other.

        An error in place of a record is handed through to its place in the answer. Raises what concerns all of them.
        """
        # Hundreds of signatures take a while: in a thread, so that other requests are answered meanwhile.
        checked = await asyncio.to_thread(self._check_all, ledger, client, records)
        outcomes = merge(checked, await self._statements.submit_checked(checked))
        return await asyncio.to_thread(self._settled, ledger, client, records, outcomes)

    def _check_all(
        self, ledger: str, client: Client, records: Sequence[RecordSubmit | ServiceError]
    ) -> list[PreparedStatement | Outcome]:
        self._ledgers.get(ledger)
        return [self._check(ledger, client, record) for record in records]

    def _check(self, ledger: str, client: Client, record: RecordSubmit | ServiceError) -> PreparedStatement | Outcome:
        if isinstance(record, ServiceError):
            return Rejected(record)
        try:
            record = self._named(ledger, record)
            return self._prepare(ledger, record, self._payload(client, record))
        except ServiceError as error:
            return Rejected(error)

    def _settled(
        self, ledger: str, client: Client, records: Sequence[RecordSubmit | ServiceError], outcomes: list[Outcome]
    ) -> list[Outcome]:
        """The outcomes, with the first answer in the place of a refusal to what is in the log already."""
        for place, (record, outcome) in enumerate(zip(records, outcomes, strict=True)):
            if isinstance(record, RecordSubmit) and isinstance(outcome, Rejected) and isinstance(outcome.error, _LATE):
                named = self._named(ledger, record)
                outcomes[place] = self._known(ledger, named, record.payload | _submitter(client)) or outcome
        return outcomes

    def _named(self, ledger: str, record: RecordSubmit) -> RecordSubmit:
        """The record with the id that its import key gives. Raises BadRequest."""
        if record.import_key is None:
            return record
        if record.record_id is not None:
            raise BadRequest("a record has a record_id or an import_key, not both", reason="import-key")
        try:
            occurred_at = parse_time(record.occurred_at)
            record_id = import_record_id(self._keystore.stream_key(ledger), occurred_at, record.import_key)
        except (EvidenceError, ValueError) as error:
            raise BadRequest("occurred_at is no time that a record id can hold", reason="occurred-at") from error
        return record.model_copy(update={"record_id": record_id, "import_key": None})

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
        return record.payload | _submitter(client)

    def _prepare(self, ledger: str, record: RecordSubmit, payload: dict[str, Any]) -> PreparedStatement:
        rules, now = self._rules.of(self._ledgers.get(ledger).slug), self._clock.now()
        require_open_type(record.type)
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


def _submitter(client: Client) -> dict[str, Any]:
    return {SUBMITTED_BY: client.client_id}


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
        judgement=view.judgement,
    )
