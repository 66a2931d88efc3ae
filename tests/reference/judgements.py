"""Judgements and their commitment, spelt out: JSON text, base64url and SHA-256 alone, none of the product's code."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rule_result(rule: str = "TR5", outcome: str = "pass", reason: str = "", *inputs: int) -> dict[str, Any]:
    """The result of one rule."""
    return {"rule": rule, "version": 1, "outcome": outcome, "severity": "hard", "reason": reason, "inputs": [*inputs]}


def judgement_value(known: int, at: str, *results: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The JSON value of a judgement on the record at index `known`, as of `at`."""
    value = {
        "v": 1, "at": at, "known": known, "rules": "1;sha-256=" + "C" * 43, "tables": "T" * 43,
        "results": list(results), "marks": [],
    }  # fmt: skip
    return value | changes


def disclosure(value: Any, salt: str = "c2FsdCBvZiBhIHNlYWwhIQ", name: str = "rule_results") -> str:
    """base64url of the JSON list of salt, name and value; sorted keys and no spaces are RFC 8785 for ASCII texts."""
    return _encode(json.dumps([salt, name, value], sort_keys=True, separators=(",", ":")).encode())


def digest(text: str) -> str:
    """What the entry holds: base64url SHA-256 of the disclosure's characters."""
    return _encode(hashlib.sha256(text.encode("ascii")).digest())


def shown(entry: bytes, text: str) -> Any:
    """The judgement in `text`. Raises AssertionError where the entry does not commit to it."""
    members = json.loads(entry)
    assert members["v"] == 2, "an entry without a judgement"
    assert members["judgement"] == digest(text), "not the judgement of this entry"
    _, name, value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert name == "rule_results", "not a judgement"
    return value
