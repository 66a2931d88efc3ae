"""Receipts: offline proof that one entry is in the log (FORMATS 5).

A receipt carries the entry, the disclosures shown, a C2SP tlog-proof, what is needed to trust the signer, and anchor
evidence. Version 2 also carries the judgement on the record, or null where it is withheld or erased. Parsing proves
nothing; see `evidence.verify`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from evidence.canonical import dumps, loads, require_object
from evidence.encoding import b64_decode, b64_encode
from evidence.errors import LimitExceeded, Malformed, UnsupportedVersion
from evidence.merkle.tiles import MAX_ENTRY_SIZE
from evidence.statement import MAX_DISCLOSURE_BYTES, MAX_DISCLOSURES
from evidence.tlog_proof import TlogProof, parse_tlog_proof

VERSION = 1
JUDGED_VERSION = 2
MAX_RECEIPT_BYTES = 16 * 1024 * 1024
MAX_KEYS = 64
MAX_ANCHORS = 16
_MAX_DEPTH = 12
_MEMBERS = frozenset({"v", "entry", "disclosures", "proof", "keys", "anchors"})
_JUDGED_MEMBERS = _MEMBERS | {"judgement"}
_KEY_MEMBERS = _MEMBERS - {"keys", "anchors"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A parsed receipt."""

    entry: bytes
    """Canonical entry bytes, as in the log."""
    disclosures: tuple[str, ...]
    """The disclosures shown; the others are withheld or erased."""
    proof: TlogProof
    keys: tuple[Receipt, ...] = ()
    """Receipts of the key events that lead from the signer to a root, in log order."""
    anchors: tuple[dict[str, Any], ...] = ()
    """Anchor evidence, one object each, not yet parsed."""
    judgement: str | None = None
    """Disclosure of the judgement that the entry commits to; None is withheld, erased or never made."""
    version: int = VERSION
    """2 has a place for the judgement. Receipts of key events inside another receipt are of version 1."""

    def to_value(self) -> dict[str, Any]:
        """The JSON value, without `keys`, `anchors` and judgement (the form of a key event's receipt)."""
        return {
            "v": VERSION,
            "entry": b64_encode(self.entry),
            "disclosures": list(self.disclosures),
            "proof": self.proof.to_text(),
        }

    def to_json(self) -> bytes:
        """The bytes of `receipt.json`, RFC 8785."""
        value = self.to_value()
        value["keys"] = [key.to_value() for key in self.keys]
        value["anchors"] = list(self.anchors)
        if self.version == JUDGED_VERSION:
            value |= {"judgement": self.judgement, "v": JUDGED_VERSION}
        return dumps(value, max_depth=_MAX_DEPTH)


def parse_receipt(data: bytes) -> Receipt:
    """Parse `receipt.json`, strict JSON in any layout. Raises `Malformed`, `UnsupportedVersion` or `LimitExceeded`."""
    value = loads(data, max_bytes=MAX_RECEIPT_BYTES, max_depth=_MAX_DEPTH)
    version = value.get("v") if isinstance(value, dict) else VERSION
    if version is True or version not in (VERSION, JUDGED_VERSION):
        raise UnsupportedVersion(f"receipt version is {VERSION} or {JUDGED_VERSION}")
    members = require_object(value, _MEMBERS if version == VERSION else _JUDGED_MEMBERS)
    keys = _objects(members["keys"], MAX_KEYS, "keys")
    anchors = _objects(members["anchors"], MAX_ANCHORS, "anchors")
    receipt = _parse_body(members)
    return replace(
        receipt,
        keys=tuple(map(_parse_key, keys)),
        anchors=tuple(anchors),
        judgement=_parse_judgement(members.get("judgement")),
        version=version,
    )


def _parse_judgement(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and len(value) <= MAX_DISCLOSURE_BYTES):
        raise Malformed("a receipt's judgement is null or a disclosure of bounded length")
    return value


def _parse_key(value: dict[str, Any]) -> Receipt:
    members = require_object(value, _KEY_MEMBERS)
    if members["v"] != VERSION or members["v"] is True:
        raise UnsupportedVersion(f"receipt version is {VERSION}")
    return _parse_body(members)


def _parse_body(members: Any) -> Receipt:
    entry, proof, disclosures = members["entry"], members["proof"], members["disclosures"]
    if not isinstance(entry, str) or not isinstance(proof, str) or not isinstance(disclosures, list):
        raise Malformed("a receipt's entry and proof are strings and its disclosures a list")
    if len(disclosures) > MAX_DISCLOSURES:
        raise LimitExceeded(f"more than {MAX_DISCLOSURES} disclosures in a receipt")
    if not all(isinstance(item, str) and len(item) <= MAX_DISCLOSURE_BYTES for item in disclosures):
        raise Malformed("a disclosure is a string of bounded length")
    data = b64_decode(entry)
    if len(data) > MAX_ENTRY_SIZE:
        raise LimitExceeded(f"entry of {len(data)} bytes, at most {MAX_ENTRY_SIZE} allowed")
    return Receipt(data, tuple(disclosures), parse_tlog_proof(proof.encode("utf-8")))


def _objects(value: Any, limit: int, name: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Malformed(f"a receipt's {name} are a list of objects")
    if len(value) > limit:
        raise LimitExceeded(f"more than {limit} {name} in a receipt")
    return value
