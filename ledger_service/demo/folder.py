"""Write the folder that a stranger verifies: receipts, proofs, the log, a policy, a summary and the signed manifest.

The folder is built beside its place and takes it in one rename, so that there is never a half-written one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from evidence.keys import PublicJwk, SigningKey
from evidence.package.manifest import MANIFEST_NAME, SIGNATURE_NAME, Manifest, sign_manifest
from evidence.receipt import Receipt
from ledger_service.checkpoints.log_files import LogFiles
from ledger_service.demo.facts import BatchFact
from ledger_service.demo.state import DemoFolderUnusable
from ledger_service.receipts.export import file_record
from ledger_service.receipts.service import Cut

STAGING_SUFFIX: Final = ".new"


@dataclass(frozen=True)
class ChainTrust:
    """What a verifier believes about the chain, as the policy file states it."""

    chain_id: str
    contract: str
    code_hash: str


@dataclass(frozen=True)
class Contents:
    """What goes into the folder. `receipts` are by index, chosen and redacted already; `cut` is their checkpoint."""

    origin: str
    vkey: str
    root: PublicJwk
    chain: ChainTrust
    batches: Sequence[BatchFact]
    receipts: Mapping[int, Receipt]
    log: LogFiles
    cut: Cut
    summary: Mapping[str, Any]
    created_at: datetime


def write_folder(target: Path, contents: Contents, key: SigningKey) -> None:
    """Write the evidence folder at `target`, replacing an older one of ours; `key` signs the manifest.

    Raises `DemoFolderUnusable` if something else is there.
    """
    require_ours(target)
    staging = target.with_name(target.name + STAGING_SUFFIX)
    shutil.rmtree(staging, ignore_errors=True)
    for path, data in _files(contents):
        place = staging / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    contents.log.copy(contents.cut.size, contents.cut.note, staging / "log")
    _write_manifest(staging, contents, key)
    shutil.rmtree(target, ignore_errors=True)
    staging.rename(target)


def require_ours(target: Path) -> None:
    """Raise `DemoFolderUnusable` unless `target` is free, empty or an evidence folder that may be replaced."""
    if target.exists() and not target.is_dir():
        raise DemoFolderUnusable(f"{target} is not a folder")
    if target.exists() and any(target.iterdir()) and not (target / MANIFEST_NAME).is_file():
        raise DemoFolderUnusable(f"{target} is not empty and holds no evidence folder")


def _files(contents: Contents) -> Iterable[tuple[str, bytes]]:
    for index, receipt in contents.receipts.items():
        yield f"receipts/{index}.json", receipt.to_json()
        yield f"proofs/{index}.tlog-proof", receipt.proof.to_text().encode()
    yield "policy.toml", policy_text(contents).encode()
    yield "summary.json", (json.dumps(contents.summary, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _write_manifest(folder: Path, contents: Contents, key: SigningKey) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = Manifest(
        package_id=f"demo-{contents.summary['run']}",
        origin=contents.origin,
        created_at=contents.created_at,
        scope={"kind": "demo", "month": contents.summary["month"], "entries": contents.summary["entries"]},
        clause_map=None,
        checkpoint=contents.cut.note.decode(),
        files=tuple(file_record(folder, path) for path in paths),
    )
    data = manifest.to_bytes()
    (folder / MANIFEST_NAME).write_bytes(data)
    (folder / SIGNATURE_NAME).write_text(sign_manifest(data, key), "ascii")


def policy_text(contents: Contents) -> str:
    """A trust policy for this ledger and chain (FORMATS 9)."""
    jwk = contents.root.to_json()
    headers = ",\n".join(f'  "{batch.block_hash}"' for batch in contents.batches)
    return f"""# What the verifier believes. In earnest you write this file yourself, from keys and block hashes that
# reached you by another way than the evidence: nothing that comes with evidence is a reason to trust it.
version = 1
require_anchor = true

[[log]]
vkey = "{contents.vkey}"

[[statement_root]]
jwk = {{ kty = "{jwk["kty"]}", crv = "{jwk["crv"]}", x = "{jwk["x"]}" }}

# Development chain: no independent trust. It runs inside the demo and shows how an anchor is checked, nothing more.
[[chain]]
chain_id = "{contents.chain.chain_id}"
contract = "{contents.chain.contract}"
code_hash = "{contents.chain.code_hash}"
finality = "development"
trusted_headers = [
{headers},
]
"""
