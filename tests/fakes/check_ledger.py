"""Re-read everything a ledger stored and hold it to every invariant. Called after each step of a crash test.

Written against the tables and the pure core only: it shares no code with what it checks. Raises AssertionError naming
the first thing that does not hold; returns the number of entries.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from evidence.canonical import loads
from evidence.encoding import parse_time
from evidence.entry import Entry, parse_entry
from evidence.hashing import EMPTY_ROOT, leaf_hash, sha256
from evidence.key_events import KeyEvent, KeyHistory
from evidence.keys import parse_jwk
from evidence.merkle.tree import MerkleTree
from evidence.records import load_record_types, validate
from evidence.statement import disclosed, disclosure_digest, verify_signature
from ledger_service.models import (
    JUDGEMENT_POSITION,
    blobs,
    checkpoints,
    disclosures,
    entries,
    key_states,
    ledgers,
    published_heads,
    stream_heads,
)
from ledger_service.privacy.key_holders import open_holder
from tests.fakes.check_judgements import check_judgement, check_links
from tests.fakes.unseal import unsealed


def check_ledger(engine: Engine, ledger: str) -> int:
    """Check all of `ledger` in one snapshot."""
    with engine.connect() as connection, connection.begin():
        row = connection.execute(select(ledgers).where(ledgers.c.ledger == ledger)).one()
        history = KeyHistory([parse_jwk(loads(row.root_jwk.encode()))])
        heads: dict[str, tuple[int, bytes, int]] = {}
        tree = MerkleTree()
        previous: Row[Any] | None = None
        query = select(entries).where(entries.c.ledger == ledger).order_by(entries.c.idx)
        for index, stored in enumerate(connection.execute(query).all()):
            assert stored.idx == index, f"index {stored.idx} stands where {index} should"
            assert previous is None or previous.received_at <= stored.received_at, f"received_at falls at {index}"
            entry = _check_entry(stored)
            entry = _check_disclosures(connection, stored, entry)
            _check_stream(heads, stored, entry)
            _check_signer(history, stored, entry)
            tree.append(stored.leaf_hash)
            previous = stored
        _check_projections(connection, ledger, history, heads)
        _check_published(connection, ledger, tree)
        return tree.size


def _check_entry(stored: Row[Any]) -> Entry:
    entry = parse_entry(stored.entry_bytes)
    claims = entry.statement.claims
    assert leaf_hash(stored.entry_bytes) == stored.leaf_hash, f"leaf hash of {stored.idx}"
    columns = (
        stored.record_id, stored.record_type, stored.kid, stored.channel, stored.stream, stored.stream_seq,
        stored.occurred_at, stored.received_at,
    )  # fmt: skip
    said = (
        claims.jti, claims.type, entry.statement.kid, claims.channel, claims.stream, entry.stream_seq,
        parse_time(claims.occurred_at), entry.received_at,
    )  # fmt: skip
    assert columns == said, f"the columns of {stored.idx} do not repeat its bytes"
    return entry


def _check_disclosures(connection: Connection, stored: Row[Any], entry: Entry) -> Entry:
    query = select(disclosures).where(disclosures.c.ledger == stored.ledger, disclosures.c.idx == stored.idx)
    found = connection.execute(query.order_by(disclosures.c.position)).all()
    rows = [row for row in found if row.position < JUDGEMENT_POSITION]
    record_type = load_record_types()[stored.record_type]
    check_judgement(connection, stored, [row for row in found if row not in rows], record_type)
    assert [row.position for row in rows] == list(range(len(rows))), f"disclosures of {stored.idx} have gaps"
    texts = [None if row.sealed is None else unsealed(connection, row) for row in rows]
    for row, text in zip(rows, texts, strict=True):
        assert row.digest in entry.statement.sd, f"a disclosure of {stored.idx} is not committed"
        assert (text is None) == (row.erased_by_idx is not None), f"half erased disclosure of {stored.idx}"
        assert text is None or disclosure_digest(text) == row.digest, f"disclosure digest of {stored.idx}"
    statement = replace(entry.statement, disclosures=tuple(text for text in texts if text is not None))
    if None not in texts:
        assert sha256(statement.compact.encode()) == stored.statement_digest, f"statement digest of {stored.idx}"
        payload = disclosed(statement)
        validate(record_type, payload)
        check_links(connection, stored, payload, record_type)
        for item in payload.get("attachments", []):
            size = connection.execute(select(blobs.c.size).where(blobs.c.sha256 == item["sha256"])).scalar()
            assert size == item["size"], f"attachment of {stored.idx}"
    return replace(entry, statement=statement)


def _check_stream(heads: dict[str, tuple[int, bytes, int]], stored: Row[Any], entry: Entry) -> None:
    head = heads.get(entry.stream)
    expected = (0, None) if head is None else (head[0] + 1, head[1])
    assert (entry.stream_seq, entry.prev) == expected, f"stream link of {stored.idx}"
    heads[entry.stream] = (entry.stream_seq, stored.leaf_hash, stored.idx)


def _check_signer(history: KeyHistory, stored: Row[Any], entry: Entry) -> None:
    statement = entry.statement
    if stored.record_type == "key_event":
        jwk = history.enroller(statement.kid, stored.idx, entry.received_at)
        history.apply(stored.idx, entry.received_at, statement.kid, KeyEvent.from_payload(disclosed(statement)))
    else:
        jwk = history.require_valid(statement.kid, stored.idx, entry.received_at)
    verify_signature(statement, jwk)


def _check_projections(
    connection: Connection, ledger: str, history: KeyHistory, heads: dict[str, tuple[int, bytes, int]]
) -> None:
    rows = connection.execute(select(stream_heads).where(stream_heads.c.ledger == ledger)).all()
    assert {row.stream: (row.stream_seq, row.leaf_hash, row.idx) for row in rows} == heads, "stream_heads"
    rows = connection.execute(select(key_states).where(key_states.c.ledger == ledger)).all()
    projected = {
        row.kid: (
            loads(row.jwk.encode()),
            row.role,
            open_holder(connection, ledger, row.kid, row.holder),
            row.enrolled_idx,
            row.revoked_idx,
            row.compromised_since,
        )
        for row in rows
    }
    told = {
        kid: (state.jwk.to_json(), state.role, state.holder, state.enrolled, state.revoked, state.compromised_since)
        for kid, state in history.states().items()
    }
    assert projected == told, "key_states"


def _check_published(connection: Connection, ledger: str, tree: MerkleTree) -> None:
    rows = connection.execute(
        select(checkpoints).where(checkpoints.c.ledger == ledger).order_by(checkpoints.c.size)
    ).all()
    previous = 0
    for row in rows:
        assert row.previous_size == previous < row.size <= tree.size, f"checkpoint of size {row.size}"
        assert row.root == tree.root(row.size), f"root of checkpoint {row.size}"
        previous = row.size
    head = connection.execute(select(published_heads).where(published_heads.c.ledger == ledger)).one()
    assert (head.size, head.root) == ((previous, rows[-1].root) if rows else (0, EMPTY_ROOT)), "published head"
