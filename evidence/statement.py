"""Statements: signed facts as SD-JWT (RFC 9901), typ `safety-statement+sd-jwt`.

Every top-level payload field is a salted disclosure; the log keeps only the issuer-signed JWT with the digests. Whoever
holds a disclosure can show that field and nothing else, and destroying it erases the field while the proof still holds.

    statement = issue(claims, {"subject": "equipment/PG-1042", "result": "pass"}, key, salt=lambda: os.urandom(16))
    verify_signature(statement, key.public)
    payload = disclosed(statement)
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from evidence.canonical import dumps, loads
from evidence.encoding import MAX_SAFE_INTEGER, b64url_decode, b64url_encode, parse_time
from evidence.errors import DisclosureNotCommitted, LimitExceeded, Malformed, UnsupportedVersion
from evidence.hashing import sha256
from evidence.keys import SIGNATURE_SIZE, PublicJwk, SigningKey

TYP = "safety-statement+sd-jwt"
ALG = "Ed25519"
CHANNELS = frozenset({"web", "mobile", "mobile_offline", "api", "detector", "iot", "import"})
SALT_SIZE = 16
MAX_JWT_BYTES = 60_000
MAX_DISCLOSURES = 256
MAX_DISCLOSURE_BYTES = 256 * 1024
MAX_STATEMENT_BYTES = 1024 * 1024

_REQUIRED = frozenset({"iss", "iat", "jti", "type", "schema", "stream", "occurred_at", "channel", "_sd_alg", "_sd"})
_OPTIONAL = frozenset({"counter", "supersedes"})
_DIGEST_KEYS = frozenset({"_sd", "..."})
_RESERVED = _REQUIRED | _OPTIONAL | _DIGEST_KEYS
"""Names that no payload field may have: SD-JWT's own and the clear claims, which a disclosure must not repeat."""
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z", re.ASCII)
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}\Z", re.ASCII)
_SCHEMA = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,2};sha-256=[A-Za-z0-9_-]{43}\Z", re.ASCII)
_SALT = re.compile(r"(?:[A-Za-z0-9_-]{4}){5,128}[A-Za-z0-9_-]{2,4}\Z", re.ASCII)
"""At least 22 characters: 16 bytes. What they encode is of no interest, so they are not decoded."""
_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claims:
    """The clear claims of a statement: what the log must know without any disclosure."""

    iss: str
    """URN of the signing device, person pseudonym or service."""
    iat: int
    """Signing time by the signer's clock, seconds since 1970."""
    jti: str
    """Record id, UUIDv7."""
    type: str
    """Record type."""
    schema: str
    """`<version>;sha-256=<digest of the record type's canonical JSON>`."""
    stream: str
    """Blinded subject, 43 characters (`stream_id`)."""
    occurred_at: str
    """When the fact happened, RFC 3339 UTC."""
    channel: str
    """How it was captured, one of `CHANNELS`."""
    counter: int | None = None
    """Monotonic per device: orders what was recorded offline."""
    supersedes: str | None = None
    """Record id of the record that this one replaces."""

    def to_json(self) -> dict[str, Any]:
        """JWT claims without the disclosure digests."""
        claims = {
            "iss": self.iss, "iat": self.iat, "jti": self.jti, "type": self.type, "schema": self.schema,
            "stream": self.stream, "occurred_at": self.occurred_at, "channel": self.channel,
        }  # fmt: skip
        if self.counter is not None:
            claims["counter"] = self.counter
        if self.supersedes is not None:
            claims["supersedes"] = self.supersedes
        return claims


@dataclass(frozen=True, slots=True)
class Statement:
    """A parsed statement with the disclosures in hand. Parsing proves nothing; see `verify_signature`, `disclosed`."""

    jwt: str
    """Issuer-signed JWT, without disclosures."""
    disclosures: tuple[str, ...]
    claims: Claims
    kid: str
    sd: frozenset[str]
    """Digests that the issuer signed, decoys included."""

    @property
    def compact(self) -> str:
        """SD-JWT compact serialisation `<jwt>~<disclosure>~…~` (RFC 9901 section 4)."""
        return "~".join((self.jwt, *self.disclosures, ""))

    def showing(self, disclosures: tuple[str, ...]) -> Statement:
        """The same statement with these disclosures in hand, proven by nothing yet."""
        return replace(self, disclosures=disclosures)


def disclosure_digest(disclosure: str) -> str:
    """base64url SHA-256 over the disclosure's characters (RFC 9901 section 4.2.3)."""
    return b64url_encode(sha256(disclosure.encode("ascii")))


def issue(
    claims: Claims, payload: Mapping[str, Any], key: SigningKey, *, salt: Callable[[], bytes], decoys: int = 0
) -> Statement:
    """Sign `payload`, each top-level field as one disclosure with its own 128-bit salt.

    `salt` returns 16 unpredictable bytes a call; `decoys` digests of nothing hide the number of fields. Raises
    `Malformed` for a payload that is no JSON object of allowed names.
    """
    names = sorted(payload)
    if any(name in _RESERVED or _has_digest_keys(payload[name]) for name in names):
        raise Malformed("a payload field has the name of a clear claim or one that SD-JWT reserves")
    disclosures = tuple(b64url_encode(dumps([b64url_encode(_salted(salt)), name, payload[name]])) for name in names)
    digests = [disclosure_digest(item) for item in disclosures]
    digests += [b64url_encode(sha256(_salted(salt))) for _ in range(decoys)]
    body = claims.to_json() | {"_sd": sorted(digests), "_sd_alg": "sha-256"}
    header = {"alg": ALG, "kid": key.kid, "typ": TYP}
    signed = f"{b64url_encode(dumps(header))}.{b64url_encode(dumps(body))}"
    return parse_jwt(f"{signed}.{b64url_encode(key.sign(signed.encode('ascii')))}", disclosures)


def _salted(salt: Callable[[], bytes]) -> bytes:
    value = salt()
    if len(value) != SALT_SIZE:
        raise ValueError(f"a salt has {SALT_SIZE} bytes")
    return value


def parse_statement(compact: str) -> Statement:
    """Parse `<jwt>~<disclosure>~…~`; a key-binding JWT is not part of a statement. Raises `Malformed`."""
    if len(compact) > MAX_STATEMENT_BYTES:
        raise LimitExceeded(f"statement of {len(compact)} characters, at most {MAX_STATEMENT_BYTES} allowed")
    jwt, *disclosures = compact.split("~")
    if not disclosures or disclosures.pop():
        raise Malformed("a statement is a JWT and disclosures, each followed by a tilde")
    return parse_jwt(jwt, tuple(disclosures))


def parse_jwt(jwt: str, disclosures: tuple[str, ...] = ()) -> Statement:
    """Parse an issuer-signed JWT strictly. Raises `Malformed` or `UnsupportedVersion`; verifies nothing."""
    if len(jwt) > MAX_JWT_BYTES:
        raise LimitExceeded(f"JWT of {len(jwt)} characters, at most {MAX_JWT_BYTES} allowed")
    if len(disclosures) > MAX_DISCLOSURES or any(len(item) > MAX_DISCLOSURE_BYTES for item in disclosures):
        raise LimitExceeded(
            f"more than {MAX_DISCLOSURES} disclosures, or one of more than {MAX_DISCLOSURE_BYTES} bytes"
        )
    parts = jwt.split(".")
    if len(parts) != 3 or len(parts[0]) > 2048 or len(b64url_decode(parts[2])) != SIGNATURE_SIZE:
        raise Malformed("a statement's JWT has a header, claims and a 64-byte signature")
    kid = _parse_header(parts[0])
    body = loads(b64url_decode(parts[1]), max_bytes=MAX_JWT_BYTES, max_depth=3)
    claims, digests = _parse_claims(body)
    return Statement(jwt, disclosures, claims, kid, digests)


@lru_cache(maxsize=1024)
def _parse_header(part: str) -> str:
    """The kid of a header. A device's header never changes, so the same characters are parsed once."""
    header = loads(b64url_decode(part), max_bytes=1024, max_depth=2)
    if not isinstance(header, dict) or header.keys() != {"alg", "kid", "typ"}:
        # A key, certificate or URL in the header would let the statement choose who is trusted.
        raise Malformed("a statement's header has exactly alg, kid and typ")
    if header["typ"] != TYP:
        raise UnsupportedVersion(f"the typ of a statement is {TYP}")
    if header["alg"] not in (ALG, "EdDSA"):
        raise UnsupportedVersion("the algorithm of a statement is Ed25519")
    return _text(header["kid"], "kid", _DIGEST)


def _parse_claims(body: Any) -> tuple[Claims, frozenset[str]]:
    if not isinstance(body, dict) or not _REQUIRED <= body.keys() or body.keys() - _REQUIRED - _OPTIONAL:
        raise Malformed("a statement lacks a clear claim or has one that is not of the format")
    if body["_sd_alg"] != "sha-256":
        raise UnsupportedVersion("the digest of disclosures is sha-256")
    parse_time(_text(body["occurred_at"], "occurred_at"))
    if _text(body["channel"], "channel") not in CHANNELS:
        raise Malformed("channel is not one of the known ones")
    for name in ("iat", "counter"):
        value = body.get(name, 0)
        if type(value) is not int or not 0 <= value <= MAX_SAFE_INTEGER:
            raise Malformed(f"{name} is not a natural number")
    if "supersedes" in body:
        _text(body["supersedes"], "supersedes", _UUID7)
    claims = Claims(
        iss=_text(body["iss"], "iss"), iat=body["iat"], jti=_text(body["jti"], "jti", _UUID7),
        type=_text(body["type"], "type", _TYPE), schema=_text(body["schema"], "schema", _SCHEMA),
        stream=_text(body["stream"], "stream", _DIGEST), occurred_at=body["occurred_at"], channel=body["channel"],
        counter=body.get("counter"), supersedes=body.get("supersedes"),
    )  # fmt: skip
    return claims, _parse_digests(body["_sd"])


def _parse_digests(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or len(value) > MAX_DISCLOSURES:
        raise Malformed(f"_sd is a list of at most {MAX_DISCLOSURES} digests")
    if not all(isinstance(item, str) and _DIGEST.match(item) for item in value):
        raise Malformed("_sd holds something that is no digest")
    # Sorted, so that the order tells nothing about the fields; unique, so that a disclosure stands in one place.
    digests = frozenset(value)
    if value != sorted(digests):
        raise Malformed("_sd is not sorted or repeats a digest")
    return digests


def _text(value: Any, name: str, pattern: re.Pattern[str] | None = None) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 512 or (pattern and not pattern.match(value)):
        raise Malformed(f"{name} is not of its format")
    return value


def verify_signature(statement: Statement, jwk: PublicJwk) -> None:
    """Raise `SignatureInvalid` unless `jwk` signed the statement. The key must come from a trusted place."""
    signed, _, signature = statement.jwt.rpartition(".")
    jwk.verify(b64url_decode(signature), signed.encode("ascii"))


def parse_disclosure(disclosure: str) -> tuple[str, Any]:
    """Name and value of one disclosure `[salt, name, value]`. Raises `Malformed`."""
    if len(disclosure) > MAX_DISCLOSURE_BYTES:
        raise LimitExceeded(f"disclosure of {len(disclosure)} characters, at most {MAX_DISCLOSURE_BYTES} allowed")
    content = loads(b64url_decode(disclosure), max_bytes=MAX_DISCLOSURE_BYTES)
    if not isinstance(content, list) or len(content) != 3:
        raise Malformed("a disclosure is a salt, a name and a value")
    if not isinstance(content[0], str) or not _SALT.match(content[0]):
        raise Malformed("a disclosure's salt is base64url of at least 128 bits")
    if not isinstance(content[1], str) or content[1] in _RESERVED:
        raise Malformed("a disclosure's name is missing, a clear claim's, or reserved")
    if _has_digest_keys(content[2]):
        raise Malformed("a disclosure's value has a key that SD-JWT reserves for digests")
    return content[1], content[2]


def _has_digest_keys(value: Any) -> bool:
    """Whether some object in `value` has a key that other verifiers would resolve as digests (RFC 9901 section 4.1)."""
    if isinstance(value, dict):
        return not value.keys().isdisjoint(_DIGEST_KEYS) or any(map(_has_digest_keys, value.values()))
    return isinstance(value, list | tuple) and any(map(_has_digest_keys, value))


def disclosed(statement: Statement) -> dict[str, Any]:
    """The payload fields in hand, by name; see `opened`."""
    return dict(opened(statement).values())


def opened(statement: Statement) -> dict[str, tuple[str, Any]]:
    """Digest → (name, value) of each disclosure in hand, in order, checked against the digests that the issuer signed.

    Raises `DisclosureNotCommitted` for one that the issuer did not commit to, `Malformed` for a repeated name or
    disclosure. RFC 9901 section 7.1.
    """
    fields: dict[str, tuple[str, Any]] = {}
    for disclosure in statement.disclosures:
        try:
            digest = disclosure_digest(disclosure)
        except UnicodeEncodeError as error:
            raise Malformed("a disclosure is base64url") from error
        if digest not in statement.sd:
            raise DisclosureNotCommitted("a disclosure is not among the digests that the issuer signed")
        fields[digest] = parse_disclosure(disclosure)
    if len({name for name, _ in fields.values()}) != len(statement.disclosures):
        raise Malformed("two disclosures of one field")
    return fields


def present(statement: Statement, names: Iterable[str]) -> Statement:
    """The same statement with only the disclosures of `names`; the others stay withheld."""
    wanted = set(names)
    kept = tuple(item for item in statement.disclosures if parse_disclosure(item)[0] in wanted)
    return replace(statement, disclosures=kept)


def stream_id(stream_key: bytes, subject: str) -> str:
    """Blind a subject `<kind>/<id>` into the 43 characters that the log shows: HMAC-SHA256 under the ledger's key."""
    return b64url_encode(hmac.digest(stream_key, subject.encode("utf-8"), "sha256"))


def uuid7(unix_ms: int, random: bytes) -> str:
    """UUIDv7 from a time in milliseconds and 10 random bytes (RFC 9562 section 5.7)."""
    if not 0 <= unix_ms < 1 << 48 or len(random) != 10:
        raise ValueError("a UUIDv7 takes 48 bits of time and 10 random bytes")
    value = unix_ms << 80 | int.from_bytes(random, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    text = f"{value & ~(0x3 << 62) | 0x2 << 62:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
