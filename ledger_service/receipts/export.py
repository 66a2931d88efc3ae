"""A folder of evidence: the published log as tlog-tiles, receipts, and a policy file to begin from.

Log, manifest and receipts stand under one checkpoint, chosen first: the publisher may run while the folder is written,
and a receipt under a newer head than the log's proves nothing about that log. The newest anchored checkpoint is taken,
so that a policy that requires an anchor is met; what came after it is left out and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.encoding import b64url_encode, hex_encode
from evidence.hashing import sha256
from evidence.package.manifest import MANIFEST_NAME, SIGNATURE_NAME, FileRecord, Manifest, sign_manifest
from ledger_service.errors import Conflict
from ledger_service.keys.repository import event_indices
from ledger_service.kit.db import read
from ledger_service.receipts.erasures import erased_in, erasure_indices
from ledger_service.receipts.service import Cut

if TYPE_CHECKING:
    from ledger_service.anchoring.rows import ConfiguredTarget
    from ledger_service.context import Services

_MEDIA = {".json": "application/json", ".toml": "application/toml", ".tlog-proof": "text/plain"}
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds: the size of its log, its receipts, and how many newer entries are not in it."""

    size: int
    receipts: int
    anchored: bool
    left_out: int


def export_folder(services: Services, ledger: str, folder: Path, every: int, progress: Progress) -> Exported:
    """Write `log/`, `receipts/<index>.json`, `proofs/<index>.tlog-proof` and `policy.toml`.

    Receipts are those of every `every`-th entry and of every key event: without one of those, no signature of the log
    could be judged. Those of erasures go along too: with them, what is erased is told from what is withheld.
    Raises Conflict when the folder has something in it, NotFound before the first publication.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} is not empty")
    cut = services.receipts.cut(ledger)
    services.publisher.files(ledger).copy(cut.size, cut.note, folder / "log")
    for name in ("receipts", "proofs"):
        (folder / name).mkdir()
    with read(services.engine) as connection:
        told = {*event_indices(connection, ledger, cut.size), *erasure_indices(connection, ledger, cut.size)}
        indices = sorted({*range(0, cut.size, every), *told})
    for done, receipt in enumerate(services.receipts.receipts(ledger, indices, under=cut.size), start=1):
        index = receipt.proof.index
        (folder / "receipts" / f"{index}.json").write_bytes(receipt.to_json())
        (folder / "proofs" / f"{index}.tlog-proof").write_text(receipt.proof.to_text(), encoding="utf-8")
        progress(done, len(indices))
    (folder / "policy.toml").write_text(policy_text(services, ledger), encoding="utf-8")
    _write_manifest(services, ledger, folder, cut)
    return Exported(cut.size, len(indices), cut.anchored, cut.left_out)


def _write_manifest(services: Services, ledger: str, folder: Path, cut: Cut) -> None:
    """List every file with its digest, and every erasure, signed by the service key that the log enrols."""
    with read(services.engine) as connection:
        erased = erased_in(connection, ledger, cut.size)
    manifest = Manifest(
        package_id=f"{ledger}-{cut.size}",
        origin=services.ledgers.get(ledger).origin,
        created_at=services.clock.now(),
        scope={"kind": "export", "entries": cut.size, "erasures": erased},
        clause_map=None,
        checkpoint=cut.note.decode(),
        files=tuple(file_record(folder, path) for path in sorted(folder.rglob("*")) if path.is_file()),
    )
    data = manifest.to_bytes()
    (folder / MANIFEST_NAME).write_bytes(data)
    (folder / SIGNATURE_NAME).write_text(sign_manifest(data, services.keystore.service_key(ledger)), "ascii")


def file_record(folder: Path, path: Path) -> FileRecord:
    """What a manifest says of the file at `path` below `folder`."""
    data = path.read_bytes()
    media = _MEDIA.get(path.suffix, "application/octet-stream")
    return FileRecord(path.relative_to(folder).as_posix(), len(data), sha256(data), media)


def policy_text(services: Services, ledger: str) -> str:
    """The policy that believes exactly what this ledger says of itself (FORMATS 9): a proposal, never a proof."""
    row = services.ledgers.get(ledger)
    x = b64url_encode(row.root_jwk.x)
    text = f"""# Proposed by the ledger itself. Compare every key and hash with a source of your own before trusting it.
version = 1
require_anchor = true

[[log]]
vkey = "{row.log_vkey}"

[[statement_root]]
jwk = {{ kty = "OKP", crv = "Ed25519", x = "{x}" }}
"""
    anchors = services.anchoring.anchors(ledger)
    registries: dict[tuple[int, bytes], list[ConfiguredTarget]] = {}
    for item in services.anchoring.targets.configured():
        # A chain that was begun anew can have its registry at the old address: to a verifier they are one.
        registries.setdefault((item.target.chain_id, item.target.contract), []).append(item)
    for same in registries.values():
        configured, target = same[-1], same[-1].target
        chains = {item.target.chain for item in same}
        blocks = [item.block_hash for item in anchors if item.chain in chains and item.block_hash is not None]
        headers = "".join(f'\n  "{hex_encode(block)}",' for block in dict.fromkeys(blocks))
        text += f"""
[[chain]]
chain_id = "{target.chain_id}"
contract = "{hex_encode(target.contract)}"
code_hash = "{hex_encode(target.code_hash)}"
finality = "{configured.profile.finality}"
trusted_headers = [{headers}
]
"""
    return text
