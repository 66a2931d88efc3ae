"""Deadlines worked out again from the log: a clock whose row is gone would never be breached, and nobody told."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, select

from evidence.records import Catalogue
from evidence.records.deadlines import deadlines_of
from evidence.records.rules.engine import RuleEngine
from ledger_service.deadlines.repository import rows_of
from ledger_service.deadlines.sweep import CURSOR
from ledger_service.fsck.model import Findings
from ledger_service.judging import repository
from ledger_service.judging.facts import open_fact
from ledger_service.judging.group import log_facts
from ledger_service.judging.service import roles
from ledger_service.keys.repository import load_history
from ledger_service.kit.keystore import KeyStore
from ledger_service.models import entries
from ledger_service.statements.repository import tail


def check_deadlines(connection: Connection, ledger: str, catalogue: Catalogue, data_dir: Path, found: Findings) -> None:
    """Every clock that was started below the sweep's cursor has its row.

    A warning only: a row is also missing where a newer edition of a type has a deadline more than the sweep knew. Of
    what is erased in part nobody can tell.
    """
    end, (size, now) = repository.cursor(connection, ledger, CURSOR), tail(connection, ledger)
    types = [item for item in catalogue.types.values() if item.deadlines]
    here = (entries.c.ledger == ledger, entries.c.idx < end, entries.c.record_type.in_([item.id for item in types]))
    role_of = roles(load_history(connection, ledger))
    facts_below = log_facts(connection, ledger, size, KeyStore(data_dir).stream_key(ledger), role_of)
    guard = RuleEngine(catalogue).guard(facts_below)
    for stream in sorted(connection.execute(select(entries.c.stream).distinct().where(*here)).scalars()):
        with found.guard("deadlines", f"deadlines[{ledger},{stream}]"):
            indices = repository.stream_indices(connection, ledger, [stream], size)[stream]
            opened = list(repository.opened(connection, ledger, indices))
            if now is None or any(item.text is None for entry in opened for item in entry.disclosures):
                continue
            facts = [open_fact(entry, role_of) for entry in opened]
            clocks = (
                clock
                for item in types
                for clock in deadlines_of(item, facts, now, catalogue.tables, catalogue.zone, guard)
            )
            expected = {(clock.id, clock.started_by) for clock in clocks if clock.started_by < end}
            stored = {(row.deadline, row.started_idx) for row in rows_of(connection, ledger, stream)}
            for name, index in sorted(expected - stored):
                found.warning("deadlines", f"deadlines[{ledger},{stream},{name},{index}]", "is missing")
