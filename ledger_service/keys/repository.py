"""Queries for keys: the history as the log tells it, and its projection `key_states`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlalchemy import Connection, bindparam, func, insert, select, update

from evidence.canonical import dumps, loads
from evidence.entry import Entry, parse_entry
from evidence.key_events import RECORD_TYPE, KeyEvent, KeyHistory, KeyState
from evidence.keys import PublicJwk, parse_jwk
from evidence.statement import disclosed
from ledger_service.errors import StorageCorrupt
from ledger_service.models import JUDGEMENT_POSITION, disclosures, entries, key_states, ledgers
from ledger_service.privacy.disclosures import read_disclosures
from ledger_service.privacy.key_holders import open_holder, seal_holder

NO_EVENT = -1

_NEWEST = select(func.max(entries.c.idx)).where(
    entries.c.ledger == bindparam("ledger"), entries.c.record_type == RECORD_TYPE
)


def newest_event(connection: Connection, ledger: str) -> int:
    """Index of the newest key event, -1 when there is none."""
    newest = connection.execute(_NEWEST, {"ledger": ledger}).scalar()
    return NO_EVENT if newest is None else int(newest)


def event_indices(connection: Connection, ledger: str, size: int) -> list[int]:
    """Indices of the key events below `size`, in log order."""
    query = select(entries.c.idx).where(
        entries.c.ledger == ledger, entries.c.record_type == RECORD_TYPE, entries.c.idx < size
    )
    return [int(index) for index in connection.execute(query.order_by(entries.c.idx)).scalars()]


def root_of(connection: Connection, ledger: str) -> PublicJwk | None:
    """The ledger's root key."""
    text = connection.execute(select(ledgers.c.root_jwk).where(ledgers.c.ledger == ledger)).scalar()
    return None if text is None else parse_jwk(loads(text.encode()))


def load_history(connection: Connection, ledger: str) -> KeyHistory:
    """The key history, read from the key_event entries themselves: they are the truth, `key_states` is a projection."""
    root = root_of(connection, ledger)
    if root is None:
        raise StorageCorrupt("the ledger's row is missing")
    history = KeyHistory([root])
    for index, entry in _events(connection, ledger):
        event = KeyEvent.from_payload(disclosed(entry.statement))
        history.apply(index, entry.received_at, entry.statement.kid, event)
    return history


def _events(connection: Connection, ledger: str) -> Iterator[tuple[int, Entry]]:
    """Each key event with its disclosures, in log order."""
    texts: dict[int, list[str]] = {}
    wanted = (entries.c.ledger == ledger, entries.c.record_type == RECORD_TYPE)
    events = (disclosures.c.position < JUDGEMENT_POSITION) & disclosures.c.idx.in_(select(entries.c.idx).where(*wanted))
    for item in read_disclosures(connection, ledger, events):
        if item.text is not None:
            texts.setdefault(item.index, []).append(item.text)
    for index, data in connection.execute(select(entries.c.idx, entries.c.entry_bytes).where(*wanted).order_by("idx")):
        entry = parse_entry(data)
        yield index, replace(entry, statement=replace(entry.statement, disclosures=tuple(texts.get(index, ()))))


def project(connection: Connection, ledger: str, history: KeyHistory, kids: Iterable[str]) -> None:
    """Write the state of these keys as `history` has it. A kid that the history does not know is left out."""
    states = history.states()
    for kid in sorted(kids):
        if kid in states:
            _write_state(connection, ledger, kid, states[kid])


def _write_state(connection: Connection, ledger: str, kid: str, state: KeyState) -> None:
    here = (key_states.c.ledger == ledger) & (key_states.c.kid == kid)
    changes = {"revoked_idx": state.revoked, "compromised_since": state.compromised_since}
    if connection.execute(update(key_states).where(here).values(changes)).rowcount:
        return
    row = {
        "ledger": ledger,
        "kid": kid,
        "jwk": dumps(state.jwk.to_json()).decode(),
        "role": state.role,
        "holder": seal_holder(connection, ledger, kid, state.enrolled, state.holder),
        "enrolled_idx": state.enrolled,
    }
    connection.execute(insert(key_states).values(row | changes))


def states(connection: Connection, ledger: str) -> dict[str, KeyState]:
    """The projection: every key by its kid, in order of enrolment."""
    query = (
        select(key_states).where(key_states.c.ledger == ledger).order_by(key_states.c.enrolled_idx, key_states.c.kid)
    )
    return {
        row.kid: KeyState(
            jwk=parse_jwk(loads(row.jwk.encode())),
            holder=open_holder(connection, ledger, row.kid, row.holder),
            role=row.role,
            enrolled=row.enrolled_idx,
            revoked=row.revoked_idx,
            compromised_since=row.compromised_since,
        )
        for row in connection.execute(query)
    }


def public_key(connection: Connection, ledger: str, kid: str) -> PublicJwk | None:
    """The key of this kid if it was ever enrolled."""
    query = select(key_states.c.jwk).where(key_states.c.ledger == ledger, key_states.c.kid == kid)
    text = connection.execute(query).scalar()
    return None if text is None else parse_jwk(loads(text.encode()))
