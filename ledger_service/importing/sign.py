"""Sign drafts with the keys of the devices they come from, the same way every time.

Record id, salts and signature depend only on the draft and the device's secret. So the same row gives the same bytes,
and importing a file again finds every record already there instead of writing a second one.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evidence.canonical import dumps
from evidence.encoding import format_time
from evidence.hashing import sha256
from evidence.keys import SigningKey
from evidence.records import RecordType
from evidence.statement import SALT_SIZE, Claims, issue, stream_id, uuid7
from ledger_service.importing.build import Draft
from ledger_service.importing.errors import RowRejected


@dataclass(frozen=True)
class DeviceKey:
    """A device's signing key, and the secret (32 bytes) from which its salts are drawn.

    Whoever lacks `salt_secret` cannot find a withheld value by trying: without it the salts are random (RFC 9901 9.3).
    """

    iss: str
    key: SigningKey
    salt_secret: bytes

    @classmethod
    def from_seed(cls, iss: str, seed: bytes) -> DeviceKey:
        """Both secrets out of one 32-byte seed."""
        return cls(iss, SigningKey.from_seed(_derive(seed, "sign")), _derive(seed, "salt"))


class Signer:
    """Signs for the devices of one ledger. `stream_key` blinds the subjects (FORMATS 1)."""

    def __init__(self, devices: Mapping[str, DeviceKey], stream_key: bytes) -> None:
        self._devices = devices
        self._stream_key = stream_key

    def sign(self, draft: Draft, record_type: RecordType, source: str) -> str:
        """The compact statement of a draft; `source` tells apart sources that number their rows alike.

        Raises `RowRejected` if the device has no key here.
        """
        device = self._devices.get(draft.device)
        if device is None:
            raise RowRejected(draft.line, "", "comes from a device whose key is not here")
        jti = record_id(source, draft)
        claims = Claims(
            iss=device.iss,
            # A device signs when the record arises. The time of the import would make a second import differ.
            iat=int(draft.occurred_at.timestamp()),
            jti=jti,
            type=record_type.id,
            schema=record_type.schema_claim,
            stream=stream_id(self._stream_key, str(draft.payload["subject"])),
            occurred_at=format_time(draft.occurred_at),
            channel=draft.channel,
            counter=draft.counter,
        )
        return issue(claims, draft.payload, device.key, salt=_salts(device, jti, draft)).compact


class PlainRecords:
    """For sources whose devices have no key: the service signs, and the statement says so (FORMATS 2)."""

    def sign(self, draft: Draft, record_type: RecordType, source: str) -> str:
        """The body of a plain-JSON submission, under the same record id that a device would use."""
        body = {
            "type": record_type.id,
            "occurred_at": format_time(draft.occurred_at),
            "payload": dict(draft.payload),
            "record_id": record_id(source, draft),
            "channel": draft.channel,
        }
        return dumps(body).decode("utf-8")


def record_id(source: str, draft: Draft) -> str:
    """UUIDv7 of a row: its time, and 80 bits of a digest of its source and reference instead of random ones."""
    milliseconds = int(draft.occurred_at.timestamp() * 1000)
    return uuid7(milliseconds, sha256(dumps([source, draft.source_ref]))[:10])


def _salts(device: DeviceKey, jti: str, draft: Draft) -> Callable[[], bytes]:
    # The payload goes in as well: a row changed at its source must not reuse the salts of the row as it was.
    secret = hmac.digest(device.salt_secret, dumps([jti, dict(draft.payload)]), "sha256")
    count = 0

    def salt() -> bytes:
        nonlocal count
        count += 1
        return hmac.digest(secret, count.to_bytes(4, "big"), "sha256")[:SALT_SIZE]

    return salt


def _derive(seed: bytes, purpose: str) -> bytes:
    return hmac.digest(seed, f"safety-ledger/device/{purpose}".encode(), "sha256")
