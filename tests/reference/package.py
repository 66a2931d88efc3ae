"""The reference ledger as files: tlog-tiles, and a whole package folder with manifest, receipts and proofs."""

from __future__ import annotations

from evidence.hashing import sha256
from evidence.keys import SigningKey
from evidence.merkle.tiles import TILE_WIDTH, encode_entries, entry_bundles_between, tiles_between
from evidence.package.manifest import MANIFEST_NAME, SIGNATURE_NAME, FileRecord, Manifest, sign_manifest
from tests.reference.ledger import MemoryLedger


def log_files(ledger: MemoryLedger) -> dict[str, bytes]:
    """The log as C2SP tlog-tiles, by path below its prefix."""
    size = ledger.tree.size
    files = {"checkpoint": ledger.checkpoint()}
    for tile in tiles_between(0, size):
        begin = tile.index * TILE_WIDTH
        files[tile.path] = b"".join(ledger.tree.level(8 * tile.level)[begin : begin + tile.width])
    for bundle in entry_bundles_between(0, size):
        begin = bundle.index * TILE_WIDTH
        files[bundle.path] = encode_entries(ledger.entries[begin : begin + bundle.width])
    return files


def key_events(ledger: MemoryLedger) -> dict[int, tuple[str, ...]]:
    """Disclosures of the key events by index."""
    return {i: s.disclosures for i, s in enumerate(ledger.statements) if s.claims.type == "key_event"}


def package_files(ledger: MemoryLedger, publisher: SigningKey, keys: list[int]) -> dict[str, bytes]:
    """A package folder: log, a receipt and a proof for every entry, manifest and its signature by `publisher`."""
    files = {f"log/{path}": data for path, data in log_files(ledger).items()}
    for index in range(ledger.tree.size):
        receipt = ledger.receipt(index, keys=[key for key in keys if key != index])
        files[f"receipts/{index}.json"] = receipt.to_json()
        files[f"proofs/{index}.tlog-proof"] = receipt.proof.to_text().encode()
    records = tuple(
        FileRecord(path, len(data), sha256(data), "application/octet-stream") for path, data in sorted(files.items())
    )
    note = ledger.checkpoint().decode()
    manifest = Manifest(
        "reference-1", ledger.origin, ledger.time(ledger.tree.size), {"site": "SH-01"}, None, note, records
    )
    files[MANIFEST_NAME] = manifest.to_bytes()
    files[SIGNATURE_NAME] = sign_manifest(manifest.to_bytes(), publisher).encode()
    return files
