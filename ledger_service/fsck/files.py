"""Checks of the blobs and of the key store: every file is read, hashed and held against its row."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Connection, select

from evidence.canonical import dumps
from evidence.encoding import b64url_decode, b64url_encode
from evidence.hashing import sha256
from ledger_service.fsck.model import Findings
from ledger_service.kit.keystore import KEY_NAMES, KeyStore
from ledger_service.models import anchor_attempts, blobs, erased_blobs, ledgers

_READ = 1 << 20
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_blobs(connection: Connection, data_dir: Path, found: Findings) -> set[str]:
    """Every blob against its name and row; returns the digests that rows vouch for."""
    root = data_dir / "blobs"
    known: set[Path] = set()
    digests: set[str] = set()
    erased = set(connection.execute(select(erased_blobs.c.sha256)).scalars())
    for row in connection.execute(select(blobs).order_by(blobs.c.sha256)):
        path = root / row.sha256[:2] / row.sha256
        known.add(path)
        digests.add(row.sha256)
        where = f"blobs/{row.sha256[:2]}/{row.sha256}"
        with found.guard("blob", where):
            if row.sha256 in erased:
                digests.discard(row.sha256)
                if path.exists():
                    found.warning("erased-blob", where, "was erased and is still there; the next start sweeps it")
                continue
            if not path.is_file():
                found.error("blob-missing", where, "a row names this file and it is not there")
                continue
            digest, size = _hash_file(path)
            found.files += 1
            found.bytes_hashed += size
            found.equal("blob", where, digest, row.sha256)
            found.equal("blob", f"blobs[{row.sha256}].size", row.size, size)
    for path in sorted(root.rglob("*")):
        if path.is_file() and path not in known:
            found.warning("stray-file", str(path.relative_to(data_dir)), "no row names this file")
    return digests


def check_attachments(
    attachments: Mapping[str, tuple[int, int]], stored: set[str], data_dir: Path, ledger: str, found: Findings
) -> None:
    """Every disclosed attachment is stored, with the size its record claims."""
    for digest, (index, size) in sorted(attachments.items()):
        where = f"blobs/{digest[:2]}/{digest}"
        path = data_dir / where
        if digest not in stored or not path.is_file():
            found.error("attachment", where, f"is an attachment of entry {index} of {ledger} and is not stored")
        elif path.stat().st_size != size:
            found.error("attachment", where, f"has another size than entry {index} of {ledger} claims")


def check_keys(connection: Connection, ledger: str, data_dir: Path, found: Findings) -> bytes | None:
    """The key store against the ledger's row; returns the stream key, for the check of the streams."""
    row = connection.execute(select(ledgers).where(ledgers.c.ledger == ledger)).one()
    where = f"ledgers[{ledger}]"
    found.equal("ledger", f"{where}.ledger_id", row.ledger_id, sha256(row.origin.encode()))
    # A store of its own: the running service remembers keys, and the files are what is asked about.
    store = KeyStore(data_dir)
    if not store.exists(ledger):
        found.error("key-store", f"keys/{ledger}", "is missing: nothing can be signed; restore it from its backup")
        return None
    for name in KEY_NAMES:
        with found.guard("key-store", f"keys/{ledger}/{name}.key"):
            _check_file(data_dir, ledger, name, found)
    with found.guard("key-store", f"keys/{ledger}/origin"):
        _check_origin(data_dir, ledger, row.origin)
    checks: dict[str, tuple[str, Callable[[], str]]] = {
        "log": ("log_vkey", lambda: str(store.log_signer(ledger).vkey)),
        "root": ("root_jwk", lambda: dumps(store.root_key(ledger).public.to_json()).decode()),
        "service": ("service_kid", lambda: store.service_key(ledger).kid),
    }
    for name, (column, derive) in checks.items():
        with found.guard("key-store", f"keys/{ledger}/{name}.key"):
            found.equal("key-store", f"keys/{ledger}/{name}.key and {where}.{column}", getattr(row, column), derive())
    with found.guard("key-store", f"keys/{ledger}/publisher.key"):
        _check_publisher(connection, ledger, store, found)
    with found.guard("key-store", f"keys/{ledger}/stream.key"):
        return store.stream_key(ledger)
    return None


def _check_file(data_dir: Path, ledger: str, name: str, found: Findings) -> None:
    """The file is its owner's alone, and exactly one line of base64url; readers are laxer about white space."""
    path = data_dir / "keys" / ledger / f"{name}.key"
    if path.stat().st_mode & _OTHERS:
        found.warning("key-mode", f"keys/{ledger}/{name}.key", "is open to others than its owner: chmod 600")
    data = path.read_bytes()
    secret = b64url_decode(data.decode("ascii").removesuffix("\n"))
    if len(secret) != 32 or data != b64url_encode(secret).encode() + b"\n":
        raise ValueError("not one line of base64url")


def _check_origin(data_dir: Path, ledger: str, origin: str) -> None:
    if (data_dir / "keys" / ledger / "origin").read_bytes() != origin.encode() + b"\n":
        raise ValueError("not the ledger's origin")


def _check_publisher(connection: Connection, ledger: str, store: KeyStore, found: Findings) -> None:
    """The publisher's address is the sender of the ledger's transactions; before the first, nothing vouches for it."""
    senders = set(
        connection.execute(select(anchor_attempts.c.sender).where(anchor_attempts.c.ledger == ledger)).scalars()
    )
    if not senders:
        return
    from anchors.evm.signer import LocalSigner

    address = "0x" + LocalSigner(store.publisher_key(ledger)).address.hex()
    if address not in senders:
        found.error("key-store", f"keys/{ledger}/publisher.key", "is not the key of the transactions signed so far")


def _hash_file(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while data := file.read(_READ):
            digest.update(data)
            size += len(data)
    return digest.hexdigest(), size
