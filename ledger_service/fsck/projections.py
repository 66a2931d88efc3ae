"""Checks of the projections: what the sequencer writes beside the entries for speed, derived again from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from evidence.canonical import dumps
from evidence.key_events import KeyHistory
from ledger_service.fsck.model import Findings
from ledger_service.models import key_states, stream_heads
from ledger_service.privacy.key_holders import open_holder


@dataclass
class StreamEnd:
    """The newest entry of a stream."""

    stream_seq: int
    leaf_hash: bytes
    idx: int


def check_stream_heads(connection: Connection, ledger: str, ends: Mapping[str, StreamEnd], found: Findings) -> None:
    """Every stream of the log has its head, and no other stream has one."""
    query = select(stream_heads).where(stream_heads.c.ledger == ledger)
    stored = {row.stream: row for row in connection.execute(query)}
    for stream in sorted(stored.keys() | ends.keys()):
        row, head = stored.get(stream), ends.get(stream)
        where = f"stream_heads[{ledger},{stream}]"
        if row is None or head is None:
            found.error("projection", where, "is missing" if row is None else "belongs to no stream of the log")
            continue
        for name in ("stream_seq", "leaf_hash", "idx"):
            found.equal("projection", f"{where}.{name}", getattr(row, name), getattr(head, name))


def check_key_states(connection: Connection, ledger: str, history: KeyHistory, found: Findings) -> None:
    """Every key has the state that its events lead to, and no other key has one."""
    query = select(key_states).where(key_states.c.ledger == ledger)
    stored = {row.kid: row for row in connection.execute(query)}
    states = history.states()
    for kid in sorted(stored.keys() | states.keys()):
        row, state = stored.get(kid), states.get(kid)
        where = f"key_states[{ledger},{kid}]"
        if row is None or state is None:
            found.error("projection", where, "is missing" if row is None else "was never enrolled")
            continue
        expected = {
            "jwk": dumps(state.jwk.to_json()).decode(),
            "role": state.role,
            "holder": state.holder,
            "enrolled_idx": state.enrolled,
            "revoked_idx": state.revoked,
            "compromised_since": state.compromised_since,
        }
        for name, value in expected.items():
            with found.guard("projection", f"{where}.{name}"):
                stored_value = getattr(row, name)
                if name == "holder":
                    stored_value = open_holder(connection, ledger, kid, stored_value)
                found.equal("projection", f"{where}.{name}", stored_value, value)
