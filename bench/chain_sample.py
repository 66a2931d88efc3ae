"""A long log made in seconds: one person's 1,000 trainings spread over it, and rows as long as theirs everywhere else.

What an evidence chain reads is real: signed statements, judged entries, sealed disclosures, links, heads. The rest of
the log is made inside the database from random bytes as long as the real ones, with a quarter of the disclosures to
spare the disk; nothing of it can be opened, and nothing is.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import chain
from pathlib import Path

from sqlalchemy import update

from bench.ingest import ledger
from bench.sample import DEVICE, LEDGER, statements, trainings
from evidence import rule_results
from evidence.encoding import b64url_encode
from evidence.entry import encode_entry
from evidence.hashing import leaf_hash
from evidence.records.facts import Fact, MemoryFacts
from evidence.records.rules.engine import RuleEngine
from ledger_service.context import Services
from ledger_service.judging import repository as judging
from ledger_service.judging.model import Sealed
from ledger_service.kit.db import write
from ledger_service.models import published_heads
from ledger_service.statements import repository
from ledger_service.statements.model import PreparedStatement, Sequenced
from ledger_service.statements.plan import Head, Placed

PERSON = "E-0815"
SUBJECT = f"person/{PERSON}"
LENGTH = 1000
_STREAM_LENGTH = 20
_SUBJECTS = 5000
"""Subjects that the rest of the log mentions."""
_LINKS = 3


def build(folder: Path, size: int) -> None:
    """Make a ledger of `size` entries below `folder`: trainings of `SUBJECT`, as many steps that it did, and others."""
    with ledger(folder) as services:
        _write_real(services, size)
    _fill(folder / "ledger.sqlite", size)


def _write_real(services: Services, size: int) -> None:
    """A training at every thousandth part of the log, and half way to the next one a step of an operation."""
    moment = datetime.now(UTC)
    apart = size // LENGTH
    pairs = zip(trainings(services, PERSON, LENGTH, moment), statements(services, LENGTH, moment), strict=True)
    compacts = chain.from_iterable(pairs)
    places = chain.from_iterable((at, at + apart // 2) for at in range(2, size - apart // 2, apart))
    placed = list(_placed(services, zip(places, compacts, strict=False), moment))
    heads = {item.sequenced.stream: _head(item) for item in placed}
    links = [
        (LEDGER, services.entries.stream_of(LEDGER, link.subject), item.statement.record_type,
         item.sequenced.index, link.field)
        for item in placed for link in item.statement.links
    ]  # fmt: skip
    with write(services.engine) as connection:
        repository.add_entries(connection, placed)
        repository.move_heads(connection, LEDGER, heads)
        judging.add_links(connection, list(dict.fromkeys(links)))
        connection.execute(update(published_heads).values(size=size - apart))


def _placed(services: Services, wanted: Iterator[tuple[int, str]], moment: datetime) -> Iterator[Placed]:
    engine = RuleEngine(services.catalogue)
    before: dict[str, Sequenced] = {}
    for index, compact in wanted:
        statement = services.statements.prepare(LEDGER, compact)
        received = moment + timedelta(milliseconds=index)
        judgement = _judged(engine, statement, index, received)
        last = before.get(statement.stream)
        seq = 0 if last is None else last.stream_seq + 1
        data = encode_entry(
            None if last is None else last.leaf_hash, received, statement.jwt, statement.stream, seq, judgement.digest
        )
        sequenced = Sequenced(
            LEDGER, statement.record_id, index, leaf_hash(data), statement.stream, seq, received, created=True
        )
        before[statement.stream] = sequenced
        yield Placed(statement, sequenced, data, judgement)


def _judged(engine: RuleEngine, statement: PreparedStatement, index: int, received: datetime) -> Sealed:
    """A judgement over an empty log: what it says does not matter here, how long it is does."""
    fact = Fact(
        index=index, record_id=statement.record_id, type=statement.record_type, version=statement.version,
        subject=str(statement.payload["subject"]), occurred_at=statement.occurred_at, received_at=received,
        channel=statement.channel, kid=statement.kid, payload=statement.payload,
    )  # fmt: skip
    judgement = engine.judge(fact, MemoryFacts())
    return Sealed(judgement, rule_results.seal(judgement, os.urandom(16)))


def _head(item: Placed) -> tuple[Head, int]:
    return Head(item.sequenced.stream_seq, item.sequenced.leaf_hash), item.sequenced.index


def _fill(path: Path, size: int) -> None:
    """Make every entry that is missing, inside SQLite and past its safeguards: a crash here costs a benchmark."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-1000000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("name_of", 1, _name, deterministic=True)
    lengths = connection.execute("SELECT avg(length(entry_bytes)) FROM entries").fetchone()[0]
    sealed, each = connection.execute(
        "SELECT avg(length(sealed)), count(*) * 1.0 / count(DISTINCT idx) FROM disclosures"
    ).fetchone()
    streams = max(1, size // _STREAM_LENGTH)
    values = {
        "ledger": LEDGER, "size": size, "kid": DEVICE.kid, "streams": streams, "subjects": _SUBJECTS,
        "entry": int(lengths), "sealed": int(sealed), "each": int(each) // 4, "links": _LINKS,
    }  # fmt: skip
    connection.execute("BEGIN")
    connection.execute("CREATE TEMP TABLE missing (idx INTEGER PRIMARY KEY)")
    for statement in _FILLING:
        connection.execute(statement, values)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


_FILLING = (
    """WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :size)
       INSERT INTO missing SELECT i FROM n WHERE i NOT IN (SELECT idx FROM entries WHERE ledger = :ledger)""",
    """INSERT INTO entries (ledger, idx, entry_bytes, leaf_hash, record_id, record_type, kid, channel, stream,
                            stream_seq, occurred_at, received_at, statement_digest)
       SELECT :ledger, idx, randomblob(:entry), randomblob(32), name_of(-idx - 1), 'loading_step', :kid, 'iot',
              name_of(idx % :streams), idx / :streams, 1790000000000000 + idx * 1000, 1790000000000000 + idx * 1000,
              randomblob(32)
       FROM missing""",
    """WITH RECURSIVE p(position) AS (SELECT 0 UNION ALL SELECT position + 1 FROM p WHERE position + 1 < :each)
       INSERT INTO disclosures (ledger, idx, position, digest, key_no, sealed)
       SELECT :ledger, idx, position, hex(randomblob(21)) || 'A', 1, randomblob(:sealed) FROM missing, p""",
    """WITH RECURSIVE f(field) AS (SELECT 1 UNION ALL SELECT field + 1 FROM f WHERE field < :links)
       INSERT INTO links (ledger, target, record_type, idx, field)
       SELECT :ledger, name_of(:size + (idx * 7919 + field * 104729) % :subjects), 'loading_step', idx,
              'field_' || field
       FROM missing, f""",
    """INSERT INTO stream_heads (ledger, stream, stream_seq, leaf_hash, idx)
       SELECT :ledger, name_of(idx % :streams), max(idx / :streams), randomblob(32), max(idx) FROM missing
       GROUP BY idx % :streams""",
)


def _name(number: int) -> str:
    """What a blinded subject looks like: 43 characters in no order."""
    return b64url_encode(blake2b(number.to_bytes(8, "big", signed=True), digest_size=32).digest())
