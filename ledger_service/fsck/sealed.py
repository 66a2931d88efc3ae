"""Checks of what is sealed: every data key unwraps, and every destroyed one was ordered by an erasure."""

from __future__ import annotations

import stat
from pathlib import Path

from sqlalchemy import Connection, select

from ledger_service.fsck.model import Findings
from ledger_service.models import data_keys
from ledger_service.privacy.data_keys import DataKey, any_live
from ledger_service.privacy.master import CURRENT, NEXT, FileMasterKey, MasterKey
from ledger_service.privacy.vault import Vault, vault_of

ERASURE = "erasure"


def fresh_vault(connection: Connection, data_dir: Path) -> Vault:
    """A vault that remembers nothing: the running service keeps keys in memory, and the files are what is asked about.

    A key management service is asked as the running service asks it.
    """
    master: MasterKey = vault_of(connection).master
    return Vault(FileMasterKey(data_dir) if isinstance(master, FileMasterKey) else master)


def check_master(connection: Connection, data_dir: Path, vault: Vault, found: Findings) -> None:
    """The master key opens what was wrapped; in the key store it is its owner's alone."""
    with found.guard("key-store", f"keys/{CURRENT}"):
        if isinstance(vault.master, FileMasterKey):
            _check_files(data_dir, found)
        known = any_live(connection)
        if known is not None:
            vault.cipher(known)


def check_data_keys(
    connection: Connection, ledger: str, vault: Vault, erasures: frozenset[int], found: Findings
) -> None:
    """Every key of the ledger; `erasures` are the indices of its erasure entries."""
    rows = connection.execute(select(data_keys).where(data_keys.c.ledger == ledger).order_by(data_keys.c.key_no)).all()
    for number, row in enumerate(rows, start=1):
        where = f"data_keys[{ledger},{row.key_no}]"
        found.equal("data-key", f"{where}.key_no", row.key_no, number)
        if row.wrapped is None:
            if row.destroyed_by_idx not in erasures:
                found.error("erasure", f"{where}.destroyed_by_idx", "names no erasure")
            continue
        with found.guard("data-key", f"{where}.wrapped"):
            vault.cipher(DataKey(ledger, row.key_no, row.holder, row.master, row.wrapped, row.created_idx))


def _check_files(data_dir: Path, found: Findings) -> None:
    for name in (CURRENT, NEXT):
        path = data_dir / "keys" / name
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            found.warning("key-mode", f"keys/{name}", "is open to others than its owner: chmod 600")
    if (data_dir / "keys" / NEXT).exists():
        found.warning("rotation", f"keys/{NEXT}", "a rotation of the master key was not finished: run it again")
