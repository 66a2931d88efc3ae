"""Hold one entry's judgement and what follows from it to the format, by the slow reference alone."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from evidence.encoding import parse_time
from evidence.records import RecordType
from ledger_service.models import judgement_inputs, links
from tests.fakes.unseal import unsealed
from tests.reference import judgements


def check_judgement(connection: Connection, stored: Row[Any], rows: list[Row[Any]], record_type: RecordType) -> None:
    """The rows of `disclosures` at the judgement's place, and the inputs, against the entry's bytes."""
    committed = b'"judgement":' in stored.entry_bytes
    assert len(rows) == committed, f"{len(rows)} judgements of {stored.idx}"
    ruled = bool(record_type.rules) or record_type.lifecycle is not None
    assert committed or not ruled, f"no judgement of {stored.idx}, a {stored.record_type}"
    inputs: set[int] = set()
    for row in rows:
        if row.sealed is None:
            continue
        value = judgements.shown(stored.entry_bytes, unsealed(connection, row))
        assert value["known"] == stored.idx, f"the judgement of {stored.idx} is on {value['known']}"
        assert parse_time(value["at"]) == stored.occurred_at, f"the judgement of {stored.idx} is on another instant"
        assert value["rules"] == record_type.schema_claim, f"the judgement of {stored.idx} is by other rules"
        inputs = {index for item in value["results"] for index in item["inputs"]}
        assert all(index < stored.idx for index in inputs), f"the judgement of {stored.idx} knows the future"
    here = (judgement_inputs.c.ledger == stored.ledger, judgement_inputs.c.idx == stored.idx)
    found = set(connection.execute(select(judgement_inputs.c.input_idx).where(*here)).scalars())
    assert found == inputs or any(row.sealed is None for row in rows), f"judgement_inputs of {stored.idx}"


def check_links(connection: Connection, stored: Row[Any], payload: dict[str, Any], record_type: RecordType) -> None:
    """The links of one entry whose payload is whole."""
    assert connection.engine.url.database is not None
    folder = Path(connection.engine.url.database).parent / "keys" / stored.ledger
    secret = urlsafe_b64decode((folder / "stream.key").read_bytes().strip() + b"=")
    expected = {(_blind(secret, link.subject), link.field) for link in record_type.links(payload)}
    query = select(links.c.target, links.c.field, links.c.record_type)
    found = connection.execute(query.where(links.c.ledger == stored.ledger, links.c.idx == stored.idx)).all()
    assert {(row.target, row.field) for row in found} == expected, f"links of {stored.idx}"
    assert {row.record_type for row in found} <= {stored.record_type}, f"links of {stored.idx} name another type"


def _blind(secret: bytes, subject: str) -> str:
    return urlsafe_b64encode(hmac.new(secret, subject.encode(), sha256).digest()).rstrip(b"=").decode()
