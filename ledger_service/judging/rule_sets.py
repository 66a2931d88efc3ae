"""Rule sets: before the first judgement by new rules, the log is told what they are.

Judgements name record types and tables by digest. A record of type `rule_set` lists those digests and carries the
whole content as an attachment, so that each name is resolved from the log and its blobs alone, whatever the product
has become since. A failure here is logged and holds up nobody's records; the next group tries again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from threading import Lock

import structlog
from sqlalchemy import Connection, Engine, func, select

from evidence.canonical import Json, dumps
from evidence.errors import EvidenceError
from evidence.records import Catalogue
from evidence.statement import parse_disclosure
from ledger_service.blobs.service import BlobService
from ledger_service.entries.repository import disclosures_of
from ledger_service.errors import ServiceError
from ledger_service.judging.service import Judge
from ledger_service.judging.signing import ServiceSigner
from ledger_service.kit.clock import Clock
from ledger_service.kit.db import read
from ledger_service.models import entries
from ledger_service.statements.model import PreparedStatement, Rejected
from ledger_service.statements.sequencer import Sequencer

RULE_SET = "rule_set"
SUBJECT = "document/rule-set"
MEDIA_TYPE = "application/json"
_MAX_DEPTH = 64
_PAUSE = timedelta(minutes=1)
"""Between two tries after a failure."""


class RuleSetService:
    """Keeps the newest rule set of each ledger at what this process judges by."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        catalogue: Catalogue,
        judge: Judge,
        blobs: BlobService,
        sequencer: Sequencer,
        signer: ServiceSigner,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._catalogue = catalogue
        self._judge = judge
        self._blobs = blobs
        self._sequencer = sequencer
        self._signer = signer
        self._lock = Lock()
        self._recorded: set[str] = set()
        self._pause_until: dict[str, datetime] = {}

    def before(self, batch: Sequence[PreparedStatement]) -> None:
        """Called with each group on its way to the sequencer: record the rules it will be judged by, once a process."""
        for ledger in {item.ledger for item in batch if self._judge.judged(item.record_type)} - self._recorded:
            self._try(ledger)

    def at_start(self, ledger: str) -> None:
        """Record the rules of a ledger that has rule sets and another newest one; the first comes with `before`."""
        with read(self._engine) as connection:
            known = newest(connection, ledger)
        if known is not None:
            self._try(ledger)

    def ensure(self, ledger: str) -> bool:
        """Record the rules unless they are the newest recorded ones; True when a record was made.

        Raises what storing a blob and sequencing a statement raise.
        """
        with self._lock:
            with read(self._engine) as connection:
                known = newest(connection, ledger)
            made = False
            if known is None or known[1] != self.content_sha256:
                made = self._record(ledger, -1 if known is None else known[0])
            self._recorded.add(ledger)
            return made

    @cached_property
    def content(self) -> bytes:
        """The whole content: every version of every type, every edition of every table, RFC 8785."""
        types = sorted(self._catalogue.all_types(), key=lambda item: (item.id, item.version))
        value = {
            "v": 1,
            "time_zone": self._catalogue.zone.key,
            "types": [dict(item.data) for item in types],
            "tables": [dict(table.data) for table in self._catalogue.tables.editions()],
        }
        return dumps(value, max_depth=_MAX_DEPTH)

    @cached_property
    def content_sha256(self) -> str:
        """SHA-256 of the content, in hex: the blob's name."""
        return sha256(self.content).hexdigest()

    def _try(self, ledger: str) -> None:
        now = self._clock.now()
        if self._pause_until.get(ledger, now) > now:
            return
        try:
            self.ensure(ledger)
        except (ServiceError, EvidenceError) as error:
            self._pause_until[ledger] = now + _PAUSE
            problem = error.slug if isinstance(error, ServiceError) else error.reason
            structlog.get_logger("judging").error("rule set not recorded", ledger=ledger, problem=problem)

    def _record(self, ledger: str, previous: int) -> bool:
        with self._blobs.begin(self.content_sha256, MEDIA_TYPE) as upload:
            upload.write(self.content)
            upload.finish()
        now = self._clock.now()
        record_id = self._signer.record_id(ledger, RULE_SET, now, self.content_sha256, previous)
        statement = self._signer.prepare(ledger, RULE_SET, record_id, self._payload(), now)
        outcome = self._sequencer.sequence([statement])[0]
        if isinstance(outcome, Rejected):
            raise outcome.error
        return outcome.created

    def _payload(self) -> dict[str, Json]:
        types = sorted(self._catalogue.all_types(), key=lambda item: (item.id, item.version))
        return {
            "subject": SUBJECT,
            "content_sha256": self.content_sha256,
            "tables": self._catalogue.tables.digest,
            "types": [{"id": item.id, "schema": item.schema_claim} for item in types],
            "attachments": [
                {
                    "sha256": self.content_sha256,
                    "size": len(self.content),
                    "media_type": MEDIA_TYPE,
                    "name": "rule-set.json",
                    "role": "content",
                }
            ],
        }


def newest(connection: Connection, ledger: str) -> tuple[int, str] | None:
    """Index and content digest of the newest rule set of a ledger."""
    here = (entries.c.ledger == ledger, entries.c.record_type == RULE_SET)
    index = connection.execute(select(func.max(entries.c.idx)).where(*here)).scalar()
    if index is None:
        return None
    shown = disclosures_of(connection, ledger, [index])[index]
    payload = dict(parse_disclosure(item.text) for item in shown if item.text is not None)
    return int(index), str(payload.get("content_sha256", ""))
