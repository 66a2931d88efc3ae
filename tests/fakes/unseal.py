"""Open what the vault sealed, written out a second time from its description: it shares no code with what it checks."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Row, text


def master_of(data_dir: Path) -> bytes:
    """The master key of a data folder."""
    return base64.urlsafe_b64decode((data_dir / "keys" / "master.key").read_bytes().strip() + b"=")


def unsealed(connection: Connection, row: Row[Any]) -> str:
    """The disclosure of a row of `disclosures`."""
    assert connection.engine.url.database is not None
    query = text("SELECT holder, wrapped FROM data_keys WHERE ledger = :ledger AND key_no = :key_no")
    key = connection.execute(query, {"ledger": row.ledger, "key_no": row.key_no}).one()
    context = f"safety-ledger/data-key/v1\n{row.ledger}\n{row.key_no}\n{key.holder}".encode()
    master = AESGCM(master_of(Path(connection.engine.url.database).parent))
    data_key = master.decrypt(key.wrapped[:12], key.wrapped[12:], context)
    place = f"{row.ledger}\n{row.idx}\n{row.position}\n{row.digest}\n{row.key_no}"
    assert row.sealed[0] == 1
    bound = f"safety-ledger/disclosure/v1\n{place}".encode()
    return AESGCM(data_key).decrypt(row.sealed[1:13], row.sealed[13:], bound).decode()
