"""Who holds a signing key, sealed: the projection `key_states` repeats it, and a holder may be a person."""

from __future__ import annotations

from sqlalchemy import Connection

from evidence.encoding import b64url_decode, b64url_encode
from evidence.errors import Malformed
from ledger_service.privacy import data_keys
from ledger_service.privacy.errors import SealBroken
from ledger_service.privacy.vault import ledger_holder, unseal, vault_of


def seal_holder(connection: Connection, ledger: str, kid: str, enrolled: int, holder: str) -> str:
    """`<key number>.<base64url>`, bound to the kid."""
    vault, name = vault_of(connection), ledger_holder(enrolled)
    key = vault.keys_for(connection, ledger, {name: enrolled})[name]
    return f"{key.number}.{b64url_encode(vault.seal_value(key, holder.encode(), _bound(ledger, kid)))}"


def open_holder(connection: Connection, ledger: str, kid: str, sealed: str) -> str:
    """The holder. Raises SealBroken and what the master key raises."""
    number, _, value = sealed.partition(".")
    what = f"the holder of key {kid}"
    try:
        data, key_no = b64url_decode(value), int(number)
    except (Malformed, ValueError) as error:
        raise SealBroken(f"{what} does not open") from error
    stored = data_keys.numbered(connection, ledger, [key_no]).get(key_no)
    if stored is None or stored.key is None:
        raise SealBroken(f"{what} is sealed under a key that is not there")
    return unseal(vault_of(connection).cipher(stored.key), data, _bound(ledger, kid), what).decode()


def _bound(ledger: str, kid: str) -> bytes:
    return f"safety-ledger/key-holder/v1\n{ledger}\n{kid}".encode()
