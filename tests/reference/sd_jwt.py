"""Disclosures of an SD-JWT as RFC 9901 sections 4.2.3 and 7.1 have them, on the compact text alone."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def payload_of(compact: str) -> dict[str, Any]:
    """The disclosed fields. Raises AssertionError where a step of section 7.1 says to reject."""
    jwt, *disclosures, last = compact.split("~")
    assert last == "", "a key-binding JWT is not expected"
    claims = json.loads(_decode(jwt.split(".")[1]))
    assert claims["_sd_alg"] == "sha-256"
    fields: dict[str, Any] = {}
    for disclosure in disclosures:
        digest = base64.urlsafe_b64encode(hashlib.sha256(disclosure.encode("ascii")).digest()).rstrip(b"=").decode()
        assert claims["_sd"].count(digest) == 1, "digest not in _sd exactly once"
        _, name, value = json.loads(_decode(disclosure))
        assert name not in fields, "a name twice"
        assert name not in claims, "a name that is a clear claim"
        fields[name] = value
    return fields
