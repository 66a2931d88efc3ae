"""Sign drafts with the keys of the devices they come from, the same way every time.

Record id, salts and signature depend only on the draft and the device's secret. So the same row gives the same bytes,
and importing a file again finds every record already there instead of writing a second one.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from evidence.canonical import dumps
from evidence.encoding import format_time
from evidence.keys import SigningKey
from evidence.records import RecordType
from evidence.statement import SALT_SIZE, Claims, issue, stream_id
from ledger_service.importing.build import Draft
from ledger_service.importing.errors import Problem, RowRejected
from ledger_service.kit.ids import import_record_id


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
            raise RowRejected(draft.line, "", _NO_KEY)
        jti = import_record_id(self._stream_key, draft.occurred_at, import_key(source, draft))
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
        """The body of a plain-JSON submission; the service makes the record id that a device would have used."""
        body = {
            "type": record_type.id,
            "occurred_at": format_time(draft.occurred_at),
            "payload": dict(draft.payload),
            "import_key": import_key(source, draft),
            "channel": draft.channel,
        }
        return dumps(body).decode("utf-8")


def import_key(source: str, draft: Draft) -> str:
    """What names the row for ever: its source and its reference there. It is never written to the log."""
    return dumps([source, draft.source_ref]).decode("utf-8")


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


_NO_KEY: Final = Problem("comes from a device whose key is not here", "来自此处没有密钥的设备")
