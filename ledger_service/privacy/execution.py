"""Carrying out an erasure inside one transaction: entries first, then everything they order."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from evidence.canonical import Json
from ledger_service.errors import StorageCorrupt
from ledger_service.models import disclosures, erased_blobs, links
from ledger_service.privacy import data_keys as keys
from ledger_service.privacy.data_keys import DataKey
from ledger_service.privacy.model import ErasurePlan
from ledger_service.privacy.orders import grouped

MAX_DIGESTS = 256
"""Digests in one erasure entry; a larger erasure takes several."""
Group = Sequence[tuple[int, tuple[str, ...]]]


def payloads(plan: ErasurePlan, record_ids: Sequence[str], common: dict[str, Json]) -> list[dict[str, Json]]:
    """The payloads of the erasure entries, one for each id; see `groups`."""
    found = []
    for at, (record_id, group) in enumerate(zip(record_ids, groups(plan), strict=True)):
        payload: dict[str, Json] = {"subject": f"record/{record_id}", "subject_stream": plan.stream, **common}
        if group:
            payload["erased"] = [{"entry_index": index, "digests": list(digests)} for index, digests in group]
        blobs = plan.blobs[at * MAX_DIGESTS : (at + 1) * MAX_DIGESTS]
        if blobs:
            payload["blobs"] = list(blobs)
        if at == 0:
            payload["key_destroyed"] = bool(plan.keys)
        found.append(payload)
    return found


def groups(plan: ErasurePlan) -> list[Group]:
    """What each erasure entry orders; at least one entry where only a key is left to destroy."""
    made: list[Group] = list(grouped(((item.index, item.digests) for item in plan.erase), MAX_DIGESTS))
    while len(made) * MAX_DIGESTS < len(plan.blobs) or not made:
        made.append(())
    return made


def destroy(connection: Connection, plan: ErasurePlan, indices: Sequence[int]) -> None:
    """Do what the erasure entries at `indices` order. Raises StorageCorrupt where the rows are not those planned."""
    for index, group in zip(indices, groups(plan), strict=True):
        for entry, digests in group:
            _erase(connection, plan.ledger, entry, digests, index)
    for item in plan.erase:
        _unlink(connection, plan.ledger, item.index, item.fields)
    for number in plan.keys:
        keys.destroy(connection, _key(connection, plan.ledger, number), indices[0])
    for at, digest in enumerate(plan.blobs):
        row = {"sha256": digest, "ledger": plan.ledger, "erased_by_idx": indices[at // MAX_DIGESTS]}
        connection.execute(insert(erased_blobs).values(row))


def _erase(connection: Connection, ledger: str, entry: int, digests: Sequence[str], by: int) -> None:
    here = (disclosures.c.ledger == ledger) & (disclosures.c.idx == entry) & disclosures.c.digest.in_(digests)
    query = update(disclosures).where(here, disclosures.c.sealed.is_not(None))
    if connection.execute(query.values(sealed=None, erased_by_idx=by)).rowcount != len(digests):
        raise StorageCorrupt(f"the disclosures of entry {entry} changed while they were erased")


def _unlink(connection: Connection, ledger: str, entry: int, fields: Sequence[str]) -> None:
    """Take out what the erased fields referred to; a link of several fields goes with any of them."""
    here = (links.c.ledger == ledger) & (links.c.idx == entry)
    stored = connection.execute(select(links.c.field).distinct().where(here)).scalars().all()
    gone = [name for name in stored if set(name.split("+")) & set(fields)]
    if gone:
        connection.execute(links.delete().where(here, links.c.field.in_(gone)))


def _key(connection: Connection, ledger: str, number: int) -> DataKey:
    stored = keys.numbered(connection, ledger, [number]).get(number)
    if stored is None or stored.key is None:
        raise StorageCorrupt(f"data key {number} was destroyed meanwhile")
    return stored.key
