"""Publishing against bare hashing of the same entry bytes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from sqlalchemy import insert

from bench.ingest import SCRATCH, ledger
from bench.measure import Row, duel, per_second, timed
from bench.sample import DEVICE, LEDGER, statements
from evidence.entry import encode_entry
from evidence.hashing import leaf_hash
from evidence.statement import parse_statement, uuid7
from ledger_service.config import Settings
from ledger_service.context import Services, build_services
from ledger_service.kit.db import write
from ledger_service.models import entries as table


def rows(quick: bool) -> Iterator[Row]:
    """One publication of everything: read again, hash, tiles to disk with fsync, sign, commit."""
    count, rounds = (1000, 1) if quick else (100_000, 3)
    SCRATCH.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=SCRATCH) as name:
        source = Path(name, "source")
        with ledger(source) as services:
            data = _fill(services, count)
        copies = iter(range(1000))

        def ours() -> float:
            folder = Path(name, f"copy-{next(copies)}")
            copytree(source, folder)
            copy = build_services(Settings(data_dir=folder))
            begin = perf_counter()
            checkpoint = copy.publisher.publish(LEDGER)
            seconds = perf_counter() - begin
            copy.close()
            if checkpoint is None or checkpoint.size != count + 2:
                raise AssertionError("not everything was published")
            return seconds

        def bare() -> None:
            for entry in data:
                sha256(b"\0" + entry).digest()

        result = duel(ours, timed(bare, perf_counter), rounds)
        title = f"publish {count:,} entries of {len(data[0]):,} bytes / bare hashing of them"
        yield Row(title, result.ratio, 0.4, per_second(count, result.ours), per_second(count, result.peer))


def _fill(services: Services, count: int) -> list[bytes]:
    """Rows as the sequencer leaves them; one signed statement serves them all, since publishing looks at bytes only."""
    moment = datetime.now(UTC)
    statement = parse_statement(next(statements(services, 1, moment)))
    prev, found, batch = None, [], list[dict[str, Any]]()
    for number in range(count):
        received = moment + timedelta(milliseconds=number)
        entry = encode_entry(prev, received, statement.jwt, statement.claims.stream, number)
        prev = leaf_hash(entry)
        found.append(entry)
        batch.append({
            "ledger": LEDGER, "idx": number + 2, "entry_bytes": entry, "leaf_hash": prev,
            "record_id": uuid7(number, bytes(10)), "record_type": "loading_step", "kid": DEVICE.kid, "channel": "iot",
            "stream": statement.claims.stream, "stream_seq": number, "occurred_at": moment, "received_at": received,
            "statement_digest": prev,
        })  # fmt: skip
    with write(services.engine) as connection:
        for begin in range(0, count, 5000):
            connection.execute(insert(table), batch[begin : begin + 5000])
    return found
