"""The vault: every disclosure lies in the database as AES-256-GCM under the data key of whom it is about.

* what says something about somebody is sealed under the key of that subject's stream, everything else under a key of
  the ledger; a ledger key serves 2^20 entries, so that no key comes near the limit of random nonces;
* a sealed value is bound to ledger, index, position and digest: moved elsewhere it does not open;
* which keys exist is asked of the database each time, in the caller's transaction. Only what follows from a row alone
  is remembered: a key destroyed elsewhere is gone here too.

    rows = vault.seal(connection, "demo", [Sealable(7, 0, digest, text, stream)])
    text = vault.open(vault.cipher(data_key), "demo", 7, 0, digest, data_key.number, sealed)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine

from ledger_service.kit.ids import RandomBytes, system_random
from ledger_service.privacy import data_keys
from ledger_service.privacy.data_keys import DataKey
from ledger_service.privacy.errors import SealBroken
from ledger_service.privacy.master import KEY_SIZE, NONCE_SIZE, MasterKey

VAULT = "safety_ledger_vault"
"""Execution option of the engine: the vault that its connections read and write disclosures through."""
FORMAT = b"\x01"
_HEAD = 1 + NONCE_SIZE
Cipher = AESGCM
LEDGER_KEY_BITS = 20
_CACHE_SIZE = 65_536
"""Unwrapped data keys kept in memory, some 100 bytes each."""


@dataclass(frozen=True, slots=True)
class Sealable:
    """A disclosure on its way in. `holder` is the stream of whom it is about, empty for what is about nobody."""

    index: int
    position: int
    digest: str
    text: str
    holder: str


class Vault:
    """Seals and opens. One for each process; threads may share it."""

    def __init__(self, master: MasterKey, random: RandomBytes = system_random) -> None:
        self.master = master
        self._random = random
        self._ciphers: dict[tuple[bytes, bytes], AESGCM] = {}

    def seal(
        self, connection: Connection, ledger: str, items: Sequence[Sealable]
    ) -> list[tuple[str, int, int, str, int, bytes]]:
        """Rows (ledger, index, position, digest, key number, sealed). Makes the keys of holders that have none.

        Raises MasterKeyMissing and MasterKeyMismatch.
        """
        wanted = {item.holder or ledger_holder(item.index): item.index for item in reversed(items)}
        keys = self.keys_for(connection, ledger, wanted)
        ciphers = {holder: self.cipher(key) for holder, key in keys.items()}
        nonces = self._random(NONCE_SIZE * len(items))
        rows = []
        for at, item in enumerate(items):
            holder = item.holder or ledger_holder(item.index)
            number, nonce = keys[holder].number, nonces[at * NONCE_SIZE : (at + 1) * NONCE_SIZE]
            bound = _bound(ledger, item.index, item.position, item.digest, number)
            sealed = FORMAT + nonce + ciphers[holder].encrypt(nonce, item.text.encode("ascii"), bound)
            rows.append((ledger, item.index, item.position, item.digest, number, sealed))
        return rows

    def open(
        self, cipher: Cipher, ledger: str, index: int, position: int, digest: str, number: int, sealed: bytes
    ) -> str:
        """The disclosure at this place, sealed under the data key of this number. Raises SealBroken."""
        bound = _bound(ledger, index, position, digest, number)
        try:
            if sealed[:1] == FORMAT:
                return cipher.decrypt(sealed[1:_HEAD], sealed[_HEAD:], bound).decode("ascii")
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"disclosure {position} of entry {index} does not open") from error
        raise SealBroken(f"disclosure {position} of entry {index} is sealed in a form that is not known")

    def keys_for(self, connection: Connection, ledger: str, wanted: dict[str, int]) -> dict[str, DataKey]:
        """The live key of each holder; for one without, a new key, made for the index given."""
        keys = data_keys.live(connection, ledger, wanted)
        missing = [holder for holder in wanted if holder not in keys]
        if missing:
            known = data_keys.any_live(connection)
            if known is None:
                self.master.create()
            first = data_keys.next_number(connection, ledger)
            made = [self._make(ledger, first + at, item, wanted[item]) for at, item in enumerate(missing)]
            if known is not None:
                # New keys under a wrong master key would be lost when the right one is put back. Tried after wrapping,
                # which reads the key anew: another one may have taken its place while this process ran.
                self.master.unwrap(known.master, known.wrapped, known.context)
            data_keys.add(connection, made)
            keys |= {key.holder: key for key in made}
        return keys

    def cipher(self, key: DataKey) -> AESGCM:
        """The cipher of a stored data key; unwrapped once, whatever row it is asked for."""
        name = key.wrapped, key.context
        cipher = self._ciphers.get(name)
        if cipher is None:
            cipher = AESGCM(self.master.unwrap(key.master, key.wrapped, key.context))
            if len(self._ciphers) >= _CACHE_SIZE:
                self._ciphers.clear()
            self._ciphers[name] = cipher
        return cipher

    def seal_value(self, key: DataKey, data: bytes, bound: bytes) -> bytes:
        """One value under a stored key, bound to `bound`."""
        nonce = self._random(NONCE_SIZE)
        return FORMAT + nonce + self.cipher(key).encrypt(nonce, data, bound)

    def forget(self) -> None:
        """Keep no unwrapped key in memory."""
        self._ciphers.clear()

    def _make(self, ledger: str, number: int, holder: str, index: int) -> DataKey:
        key = DataKey(ledger, number, holder, "", b"", index)
        master, wrapped = self.master.wrap(self._random(KEY_SIZE), key.context)
        return replace(key, master=master, wrapped=wrapped)


def ledger_holder(index: int) -> str:
    """The holder of what is about nobody, for the 2^20 entries around `index`. No stream has this form."""
    return f"ledger-{index >> LEDGER_KEY_BITS}"


def unseal(cipher: AESGCM, sealed: bytes, bound: bytes, what: str) -> bytes:
    """The value. Raises SealBroken naming `what`."""
    if sealed[:1] != FORMAT:
        raise SealBroken(f"{what} is sealed in a form that is not known")
    try:
        return cipher.decrypt(sealed[1:_HEAD], sealed[_HEAD:], bound)
    except (InvalidTag, ValueError) as error:
        raise SealBroken(f"{what} does not open") from error


def vault_of(connection: Connection) -> Vault:
    """The vault of the engine that the connection belongs to (`kit.db.make_engine`)."""
    vault: Vault = connection.get_execution_options()[VAULT]
    return vault


def vault_at(engine: Engine) -> Vault:
    """The vault of an engine."""
    vault: Vault = engine.get_execution_options()[VAULT]
    return vault


def _bound(ledger: str, index: int, position: int, digest: str, number: int) -> bytes:
    return f"safety-ledger/disclosure/v1\n{ledger}\n{index}\n{position}\n{digest}\n{number}".encode()
