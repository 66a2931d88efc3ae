"""A folder of evidence: the published log as tlog-tiles, receipts, and a policy file to begin from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.encoding import b64url_encode, hex_encode
from evidence.hashing import sha256
from evidence.package.manifest import MANIFEST_NAME, SIGNATURE_NAME, FileRecord, Manifest, sign_manifest
from ledger_service.checkpoints.log_files import STAGING_PREFIX
from ledger_service.errors import Conflict

if TYPE_CHECKING:
    from ledger_service.context import Services

_MEDIA = {".json": "application/json", ".toml": "application/toml", ".tlog-proof": "text/plain"}
Progress = Callable[[int, int], None]


def export_folder(services: Services, ledger: str, folder: Path, every: int, progress: Progress) -> int:
    """Write `log/`, `receipts/<index>.json`, `proofs/<index>.tlog-proof` and `policy.toml`; returns the receipts.

    Receipts are those of every `every`-th published entry. Raises Conflict when the folder has something in it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} is not empty")
    size = services.checkpoints.newest(ledger).size
    ignore = shutil.ignore_patterns(f"{STAGING_PREFIX}*")
    shutil.copytree(services.settings.data_dir / "logs" / ledger, folder / "log", ignore=ignore)
    for name in ("receipts", "proofs"):
        (folder / name).mkdir()
    indices = range(0, size, every)
    for done, receipt in enumerate(services.receipts.receipts(ledger, indices), start=1):
        index = receipt.proof.index
        (folder / "receipts" / f"{index}.json").write_bytes(receipt.to_json())
        (folder / "proofs" / f"{index}.tlog-proof").write_text(receipt.proof.to_text(), encoding="utf-8")
        progress(done, len(indices))
    (folder / "policy.toml").write_text(policy_text(services, ledger), encoding="utf-8")
    _write_manifest(services, ledger, folder, size)
    return len(indices)


def _write_manifest(services: Services, ledger: str, folder: Path, size: int) -> None:
    """List every file with its digest, signed by the service key that the log enrols."""
    manifest = Manifest(
        package_id=f"{ledger}-{size}",
        origin=services.ledgers.get(ledger).origin,
        created_at=services.clock.now(),
        scope={"kind": "export", "entries": size},
        clause_map=None,
        checkpoint=services.checkpoints.newest(ledger).note.decode(),
        files=tuple(_record(folder, path) for path in sorted(folder.rglob("*")) if path.is_file()),
    )
    data = manifest.to_bytes()
    (folder / MANIFEST_NAME).write_bytes(data)
    (folder / SIGNATURE_NAME).write_text(sign_manifest(data, services.keystore.service_key(ledger)), "ascii")


def _record(folder: Path, path: Path) -> FileRecord:
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
    for configured in services.anchoring.targets.configured():
        target = configured.target
        blocks = [item.block_hash for item in anchors if item.chain == target.chain and item.block_hash is not None]
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
