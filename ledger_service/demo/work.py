"""The ledger's side of the demo: create or continue it, enrol devices, import, publish, anchor, hand out receipts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import select

from anchors.model import Anchor, AnchorState
from evidence.encoding import hex_encode
from evidence.entry import parse_entry
from evidence.key_events import RECORD_TYPE
from evidence.receipt import Receipt
from evidence.records import RecordType
from evidence.statement import parse_disclosure
from ledger_service.catalogue.site import FOLDER
from ledger_service.config import Settings
from ledger_service.context import Services, build_services
from ledger_service.demo.facts import BatchFact, SourceFact
from ledger_service.demo.plant import DEVICES, LEDGER, ORIGIN, PACK, SOURCES, ZONE, Source, source_mapping
from ledger_service.errors import NotFound
from ledger_service.fsck.model import Severity
from ledger_service.importing.client import HttpLedger
from ledger_service.importing.importer import Importer
from ledger_service.importing.ports import Progress
from ledger_service.importing.sign import DeviceKey
from ledger_service.kit.db import read
from ledger_service.models import entries
from ledger_service.packs.loader import get_pack
from ledger_service.packs.service import apply_pack

MAX_LOOKS: Final = 20
"""Looks at the chain until an anchor must be archived: the embedded chain mines at once, a few are enough."""


_OWN: Final = ("rule_set", "judgement", "deadline_event", "erasure")
"""Types of records that the ledger makes by itself in a demo."""


class AnchorStuck(Exception):
    """The embedded chain did not take an anchor."""


def apply_the_pack(data: Path) -> None:
    """Write the pack's catalogue into a new data folder; one that has a catalogue keeps it."""
    if not (data / FOLDER).exists():
        apply_pack(get_pack(PACK), ZONE, data / FOLDER)


def open_ledger(services: Services) -> None:
    """Create the demo's ledger, or continue the one that is there."""
    try:
        services.ledgers.get(LEDGER)
    except NotFound:
        services.ledgers.create(LEDGER, ORIGIN)


def enrol(ledger: HttpLedger, keys: dict[str, DeviceKey]) -> int:
    """Enrol the devices that are not in the log yet; returns how many are new."""
    known = {key["kid"] for key in ledger.get("/keys")}
    new = [device for device in DEVICES if keys[device.name].key.kid not in known]
    for device in new:
        jwk = keys[device.name].key.public.to_json()
        ledger.post("/keys", {"action": "enrol", "jwk": jwk, "holder": device.holder, "role": device.role})
    return len(new)


def import_source(
    importer: Importer,
    folder: Path,
    source: Source,
    work: Path,
    timer: Callable[[], float],
    progress: Progress,
    planted: int = 0,
) -> SourceFact:
    """Import one export of the month, of which `planted` rows are faulty on purpose."""
    begun = timer()
    mappings = [source_mapping(name) for name in source.mappings]
    report = importer.run(folder / source.file, mappings, work=work / source.mappings[0], progress=progress)
    return SourceFact(
        file=report.source,
        record_type=report.record_type,
        records=report.rows,
        created=report.created,
        repeated=report.repeated,
        rejected=report.rejected,
        seconds=timer() - begun,
        planted=planted,
    )


def publish_and_anchor(services: Services) -> None:
    """Publish what was sequenced and see its anchor through to the archive. Nothing new: nothing happens."""
    if services.publisher.publish(LEDGER) is None and _all_archived(services):
        return
    for _ in range(MAX_LOOKS):
        services.anchoring.run_once(LEDGER)
        if _all_archived(services):
            return
    raise AnchorStuck("the embedded chain did not archive an anchor")


def _all_archived(services: Services) -> bool:
    anchors = services.anchoring.anchors(LEDGER)
    newest = services.checkpoints.newest(LEDGER).size
    return any(anchor.size == newest for anchor in anchors) and all(a.state is AnchorState.ARCHIVED for a in anchors)


def batches(services: Services, known: int) -> list[BatchFact]:
    """Every anchored batch in order; those beyond the first `known` were made in this run."""
    facts: list[BatchFact] = []
    for number, anchor in enumerate(sorted(services.anchoring.anchors(LEDGER), key=lambda anchor: anchor.seq)):
        facts.append(_batch(anchor, facts[-1].size if facts else 0, number >= known))
    return facts


def _batch(anchor: Anchor, first: int, new: bool) -> BatchFact:
    return BatchFact(
        first=first,
        size=anchor.size,
        root=anchor.root.hex(),
        anchor_seq=anchor.seq,
        anchor_state=anchor.state.value,
        block=anchor.block_number or 0,
        block_hash=hex_encode(anchor.block_hash or b""),
        transaction=hex_encode(anchor.tx_hash or b""),
        new=new,
    )


def choose(services: Services, facts: list[BatchFact], step: int, also: Iterable[int] = ()) -> list[int]:
    """Entries whose receipts are exported: all key events, both ends of every batch, both ends of every record type,
    every `step`-th entry, and `also`.
    """
    size = facts[-1].size
    chosen = {fact.first for fact in facts} | {fact.size - 1 for fact in facts} | set(range(0, size, step)) | set(also)
    for record_type in record_types():
        indices = indices_of(services, record_type)
        chosen |= set(indices if record_type == "key_event" else [*indices[:1], *indices[-1:]])
    return sorted(chosen)


def first_of_each_type(services: Services) -> set[int]:
    """The first entry of each record type: their receipts show everything."""
    return {indices[0] for name in record_types() if (indices := indices_of(services, name))}


def anchors_of(services: Services) -> int:
    """How many anchors the ledger has; none where there is no ledger yet."""
    try:
        return len(services.anchoring.anchors(LEDGER))
    except NotFound:
        return 0


def record_types() -> list[str]:
    """The types that the sources deliver and that the ledger writes itself."""
    imported = [source_mapping(name).record_type for source in SOURCES for name in source.mappings]
    return list(dict.fromkeys([RECORD_TYPE, *imported, *_OWN]))


def receipts(services: Services, indices: list[int], size: int) -> Iterator[tuple[int, Receipt]]:
    """The receipts of the chosen entries, all under the checkpoint of `size`."""
    return zip(indices, services.receipts.receipts(LEDGER, indices, under=size), strict=True)


def indices_of(services: Services, record_type: str) -> list[int]:
    """Where the entries of a record type stand in the log."""
    query = select(entries.c.idx).where(entries.c.ledger == LEDGER, entries.c.record_type == record_type)
    with read(services.engine) as connection:
        return list(connection.execute(query.order_by(entries.c.idx)).scalars())


def without_personal_fields(receipt: Receipt, types: Mapping[str, RecordType]) -> Receipt:
    """The receipt without the disclosures that say something about a person; key events stay as they are.

    What is left still verifies, and what is withheld can be shown later and proves itself then.
    """
    record_type = types[parse_entry(receipt.entry).statement.claims.type]
    if record_type.id == RECORD_TYPE:
        return receipt
    personal = record_type.personal_fields()
    kept = tuple(item for item in receipt.disclosures if parse_disclosure(item)[0] not in personal)
    return replace(receipt, disclosures=kept) if len(kept) < len(receipt.disclosures) else receipt


def findings(services: Services) -> list[str]:
    """The damage that fsck finds in the ledger's storage, in words without values."""
    damage = [finding for finding in services.fsck.fsck(LEDGER) if finding.severity is Severity.ERROR]
    return [f"fsck: {finding.code}, {finding.where}" for finding in damage]


def findings_of_copy(data: Path) -> list[str]:
    """The same for a copy of a data folder."""
    services = build_services(settings_of(data))
    try:
        return findings(services)
    finally:
        services.close()


def settings_of(data: Path) -> Settings:
    """Settings of the demo, whatever the environment says: its own database, and batches cut by the demo itself."""
    return Settings(data_dir=data, database_url=None, scheduler=False)
