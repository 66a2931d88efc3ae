"""The manifest of an evidence package: every file with size and digest, signed by a key that the log enrolled.

    manifest = Manifest("demo-1", origin, now, {"site": "…"}, None, note, files)
    jws = sign_manifest(manifest.to_bytes(), key)

`manifest.json` is RFC 8785; `manifest.jws` is a detached JWS over its bytes (RFC 7515 appendix F).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evidence.canonical import dumps, loads, loads_canonical, require_object
from evidence.encoding import MAX_SAFE_INTEGER, b64url_decode, b64url_encode, format_time, parse_time
from evidence.errors import LimitExceeded, Malformed, UnsupportedVersion
from evidence.hashing import HASH_SIZE
from evidence.keys import SIGNATURE_SIZE, PublicJwk, SigningKey
from evidence.notes import check_key_name

VERSION = 1
MANIFEST_NAME = "manifest.json"
SIGNATURE_NAME = "manifest.jws"
TYP = "safety-manifest+jws"
MAX_FILES = 200_000
MAX_MANIFEST_BYTES = 64 * 1024 * 1024
_MAX_JWS = 2048
_MAX_COMMAS = 16 * MAX_FILES
"""A file takes four; the others are room for commas in names."""
_MEMBERS = frozenset({"v", "package_id", "origin", "created_at", "scope", "clause_map", "checkpoint", "files"})
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,64}/[a-z0-9.+-]{1,64}(?:;[ -~]{1,64})?\Z", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, line and direction marks, and bytes that are no UTF-8 (as lone surrogates): a path with one of them could
write a false verdict into the report that names it."""


@dataclass(frozen=True, slots=True, order=True)
class FileRecord:
    """One file: path with `/`, size in bytes, SHA-256 and media type."""

    path: str
    size: int
    sha256: bytes
    media_type: str

    def to_json(self) -> dict[str, Any]:
        """JSON value of the file."""
        return {"path": self.path, "size": self.size, "sha256": self.sha256.hex(), "media_type": self.media_type}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package holds and speaks about; `checkpoint` is the signed note that its proofs lead to."""

    package_id: str
    origin: str
    created_at: datetime
    scope: Mapping[str, Any]
    clause_map: str | None
    checkpoint: str
    files: tuple[FileRecord, ...]

    def to_bytes(self) -> bytes:
        """Canonical bytes, files sorted by path."""
        return dumps(
            {
                "v": VERSION,
                "package_id": self.package_id,
                "origin": self.origin,
                "created_at": format_time(self.created_at),
                "scope": dict(self.scope),
                "clause_map": self.clause_map,
                "checkpoint": self.checkpoint,
                "files": [item.to_json() for item in sorted(self.files)],
            }
        )


def check_path(path: str) -> str:
    """Return a path that stays inside the package: relative, `/` between plain names; otherwise raise `Malformed`."""
    parts = path.split("/")
    if _UNPRINTABLE.search(path):
        raise Malformed("a package path has no control, direction or undecodable characters")
    if len(path) > 1024 or "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise Malformed("a package path is relative and has no empty, dot or dot-dot part")
    return path


def parse_manifest(data: bytes) -> Manifest:
    """Parse `manifest.json`. Raises `Malformed`, `UnsupportedVersion` or `LimitExceeded`."""
    # Values cost many times their bytes in memory, and the text alone bounds only the bytes.
    if data.count(b",") > _MAX_COMMAS:
        raise LimitExceeded("manifest: more members than its files can have")
    value = loads_canonical(data, max_bytes=MAX_MANIFEST_BYTES, max_depth=8)
    if isinstance(value, dict) and (value.get("v") != VERSION or value["v"] is True):
        raise UnsupportedVersion(f"manifest version is {VERSION}")
    members = require_object(value, _MEMBERS)
    texts = ("package_id", "origin", "created_at", "checkpoint")
    if not all(isinstance(members[name], str) for name in texts) or not isinstance(members["scope"], dict):
        raise Malformed("manifest: package_id, origin, created_at and checkpoint are strings, scope an object")
    if not isinstance(members["clause_map"], str | None) or not isinstance(members["files"], list):
        raise Malformed("manifest: clause_map is a string or null, files a list")
    if len(members["files"]) > MAX_FILES:
        raise LimitExceeded(f"manifest: more than {MAX_FILES} files")
    files = tuple(_parse_file(item) for item in members["files"])
    paths = [item.path for item in files]
    if paths != sorted(set(paths)):
        raise Malformed("manifest: files are not sorted by path, or one is listed twice")
    return Manifest(
        members["package_id"], check_key_name(members["origin"]), parse_time(members["created_at"]), members["scope"],
        members["clause_map"], members["checkpoint"], files,
    )  # fmt: skip


def _parse_file(value: Any) -> FileRecord:
    members = require_object(value, frozenset({"path", "size", "sha256", "media_type"}))
    path, size, digest, media_type = (members[name] for name in ("path", "size", "sha256", "media_type"))
    if not isinstance(path, str) or type(size) is not int or not 0 <= size <= MAX_SAFE_INTEGER:
        raise Malformed("manifest: a file has a path and a size")
    if not isinstance(digest, str) or not _HEX.match(digest):
        raise Malformed(f"manifest: sha256 of a file is {HASH_SIZE} bytes of lowercase hexadecimal")
    if not isinstance(media_type, str) or not _MEDIA_TYPE.match(media_type):
        raise Malformed("manifest: a file has a media type")
    return FileRecord(check_path(path), size, bytes.fromhex(digest), media_type)


def sign_manifest(data: bytes, key: SigningKey) -> str:
    """Detached JWS `<header>..<signature>` over the manifest bytes."""
    header = b64url_encode(dumps({"alg": "Ed25519", "kid": key.kid, "typ": TYP}))
    signature = key.sign(f"{header}.{b64url_encode(data)}".encode("ascii"))
    return f"{header}..{b64url_encode(signature)}"


def manifest_signer(jws: str) -> str:
    """The kid that a detached JWS names. Raises `Malformed`; verifies nothing."""
    return _parse_jws(jws)[1]


def verify_manifest(data: bytes, jws: str, jwk: PublicJwk) -> None:
    """Raise `SignatureInvalid` unless `jwk` signed the manifest bytes. The key must come from a trusted place."""
    header, _, signature = _parse_jws(jws)
    jwk.verify(signature, f"{header}.{b64url_encode(data)}".encode("ascii"))


def _parse_jws(jws: str) -> tuple[str, str, bytes]:
    parts = jws.split(".")
    if len(jws) > _MAX_JWS or len(parts) != 3 or parts[1]:
        raise Malformed("a manifest signature is a detached JWS")
    header = loads(b64url_decode(parts[0]), max_bytes=1024, max_depth=2)
    if not isinstance(header, dict) or header.keys() != {"alg", "kid", "typ"} or not isinstance(header["kid"], str):
        raise Malformed("a manifest signature's header has exactly alg, kid and typ")
    if header["typ"] != TYP or header["alg"] not in ("Ed25519", "EdDSA"):
        raise UnsupportedVersion(f"a manifest signature is Ed25519 with typ {TYP}")
    signature = b64url_decode(parts[2])
    if len(signature) != SIGNATURE_SIZE:
        raise Malformed("a manifest signature has 64 bytes")
    return parts[0], header["kid"], signature
