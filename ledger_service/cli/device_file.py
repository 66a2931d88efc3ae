"""The secrets of signing devices in one JSON file, mode 0600: `{"<device>": {"iss": …, "seed": <base64url>}}`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from evidence.encoding import b64url_decode, b64url_encode
from evidence.errors import EvidenceError
from ledger_service.errors import BadRequest, Conflict
from ledger_service.importing.sign import DeviceKey

SEED_SIZE = 32
_URN = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:[!-~]{1,200}")


def read_devices(path: Path) -> dict[str, DeviceKey]:
    """The devices of a file. Raises BadRequest."""
    return {name: DeviceKey.from_seed(iss, seed) for name, (iss, seed) in _read(path).items()}


def add_device(path: Path, name: str, iss: str, seed: bytes) -> DeviceKey:
    """Add a device with a fresh seed of 32 bytes; the file is replaced as a whole. Raises Conflict, BadRequest."""
    if not _URN.fullmatch(iss):
        raise BadRequest("a device is named by a URN, such as urn:device:tablet-3")
    devices = _read(path) if path.exists() else {}
    if name in devices:
        raise Conflict(f"device {name} has a key in this file")
    devices[name] = (iss, seed)
    value = {key: {"iss": owner, "seed": b64url_encode(secret)} for key, (owner, secret) in devices.items()}
    staged = path.with_name(path.name + ".new")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.flush()
        os.fsync(file.fileno())
    os.replace(staged, path)
    return DeviceKey.from_seed(iss, seed)


def _read(path: Path) -> dict[str, tuple[str, bytes]]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        devices = {str(name): (str(item["iss"]), b64url_decode(item["seed"])) for name, item in value.items()}
    except (ValueError, KeyError, TypeError, AttributeError, EvidenceError) as error:
        raise BadRequest(f"{path.name} is not a file of device secrets", reason="devices") from error
    if any(len(seed) != SEED_SIZE for _, seed in devices.values()):
        raise BadRequest(f"a seed in {path.name} does not have {SEED_SIZE} bytes", reason="devices")
    return devices
