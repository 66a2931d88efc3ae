"""Vectors of SD-JWT statements and of log entries."""

from __future__ import annotations

import json
from typing import Any

from evidence.canonical import dumps
from evidence.encoding import format_time
from evidence.entry import encode_entry
from evidence.keys import SigningKey
from evidence.statement import Statement, disclosure_digest
from scripts.vectors import Cases, b64, b64url
from tests.reference.ledger import MemoryLedger, calibration

HEADER = {"alg": "Ed25519", "typ": "safety-statement+sd-jwt"}


def forge(key: SigningKey, body: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """A properly signed JWT of any content."""
    head = HEADER | {"kid": key.kid} if header is None else header
    signed = f"{b64url(dumps(head))}.{b64url(dumps(body))}"
    return f"{signed}.{b64url(key.sign(signed.encode()))}"


def body_of(statement: Statement) -> dict[str, Any]:
    """Claims of a statement, with its digests."""
    return statement.claims.to_json() | {"_sd": sorted(statement.sd), "_sd_alg": "sha-256"}


def disclosure(content: Any) -> str:
    """A disclosure of any content."""
    return b64url(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def statements() -> Cases:
    """Parse, verify the signature with the given key, then check the disclosures."""
    ledger = MemoryLedger()
    key, other = ledger.key("device"), ledger.key("other")
    good = ledger.statement(calibration(), key, decoys=2)
    body, kid = body_of(good), {"kid": key.kid}
    for name, compact in {
        "sound": good.compact,
        "sound-nothing-disclosed": good.jwt + "~",
        "sound-part-disclosed": "~".join([good.jwt, *good.disclosures[2:4], ""]),
        "sound-eddsa": forge(key, body, HEADER | kid | {"alg": "EdDSA"}) + "~",
        "sound-no-payload": forge(key, body | {"_sd": []}) + "~",
    }.items():
        yield name, _statement(compact, key, None, "a statement as the format has it")
    for name, (header, expected) in _headers(key, other).items():
        yield name, _statement(forge(key, body, header) + "~", key, expected, "properly signed, but for its header")
    for name, (claims, expected) in _bodies(body).items():
        yield name, _statement(forge(key, claims) + "~", key, expected, "properly signed, but for its claims")
    for name, (compact, expected) in _compacts(good, key, other).items():
        yield name, _statement(compact, key, expected, f"a statement bent: {name}")
    for name, (contents, expected) in _disclosures().items():
        texts = [disclosure(content) for content in contents]
        digests = sorted({disclosure_digest(text) for text in texts})
        compact = "~".join([forge(key, body | {"_sd": digests}), *texts, ""])
        yield name, _statement(compact, key, expected, "committed to by the issuer, but no sound disclosure")


def _statement(compact: str, key: SigningKey, expected: str | None, desc: str) -> dict[str, Any]:
    return {"desc": desc, "jwk": key.public.to_json(), "input": compact, "expected": expected}


def _headers(key: SigningKey, other: SigningKey) -> dict[str, tuple[dict[str, Any], str]]:
    good: dict[str, Any] = HEADER | {"kid": key.kid}
    return {
        "alg-none": (good | {"alg": "none"}, "UnsupportedVersion"),
        "alg-none-mixed-case": (good | {"alg": "nOnE"}, "UnsupportedVersion"),
        "alg-hs256": (good | {"alg": "HS256"}, "UnsupportedVersion"),
        "alg-es256": (good | {"alg": "ES256"}, "UnsupportedVersion"),
        "alg-missing": ({"kid": key.kid, "typ": HEADER["typ"]}, "Malformed"),
        "alg-list": (good | {"alg": ["Ed25519"]}, "UnsupportedVersion"),
        "typ-missing": ({"kid": key.kid, "alg": "Ed25519"}, "Malformed"),
        "typ-jwt": (good | {"typ": "JWT"}, "UnsupportedVersion"),
        "typ-other-case": (good | {"typ": "Safety-Statement+SD-JWT"}, "UnsupportedVersion"),
        "key-in-header-jwk": (good | {"jwk": other.public.to_json()}, "Malformed"),
        "key-in-header-x5c": (good | {"x5c": ["AA=="]}, "Malformed"),
        "key-in-header-jku": (good | {"jku": "https://evil.example.com/keys"}, "Malformed"),
        "key-in-header-x5u": (good | {"x5u": "https://evil.example.com/cert"}, "Malformed"),
        "crit": (good | {"crit": ["b64"], "b64": False}, "Malformed"),
        "kid-missing": (HEADER, "Malformed"),
        "kid-number": (good | {"kid": 1}, "Malformed"),
        "kid-path": (good | {"kid": "../../../../../../../../../../etc/passwd/012"}, "Malformed"),
        "kid-short": (good | {"kid": key.kid[:-1]}, "Malformed"),
    }


def _bodies(body: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    digests: list[str] = body["_sd"]
    bad: dict[str, dict[str, Any]] = {
        "sd-unsorted": {"_sd": digests[::-1]}, "sd-repeated": {"_sd": [digests[0], *digests]},
        "sd-no-list": {"_sd": digests[0]}, "sd-of-numbers": {"_sd": [1]}, "sd-short-digest": {"_sd": [digests[0][:-1]]},
        "sd-257-digests": {"_sd": sorted(b64url(bytes([i >> 8, i & 255]) + bytes(30)) for i in range(257))},
        "claim-unknown": {"exp": 1}, "claim-in-the-clear": {"result": "pass"}, "key-binding": {"cnf": {}},
        "iat-float": {"iat": 1.5}, "iat-negative": {"iat": -1}, "iat-bool": {"iat": True}, "iat-text": {"iat": "1"},
        "counter-negative": {"counter": -1}, "counter-null": {"counter": None}, "iss-empty": {"iss": ""},
        "iss-513-characters": {"iss": "u" * 513}, "jti-uuid4": {"jti": "0191d2a4-0000-4000-8000-000000000000"},
        "jti-uppercase": {"jti": "0191D2A4-0000-7000-8000-000000000000"}, "type-uppercase": {"type": "Training"},
        "type-path": {"type": "../x"}, "schema-without-digest": {"schema": "1"},
        "schema-short-digest": {"schema": "1;sha-256=AAAA"}, "stream-in-the-clear": {"stream": "equipment/PG-1042"},
        "occurred-with-offset": {"occurred_at": "2026-11-02T06:00:00+08:00"},
        "occurred-impossible": {"occurred_at": "2026-02-30T06:00:00Z"}, "channel-unknown": {"channel": "fax"},
        "channel-list": {"channel": ["api"]}, "supersedes-empty": {"supersedes": ""},
    }  # fmt: skip
    cases: dict[str, tuple[Any, str]] = {name: ({**body, **change}, "Malformed") for name, change in bad.items()}
    for name in ("iss", "iat", "jti", "type", "schema", "stream", "occurred_at", "channel", "_sd", "_sd_alg"):
        cases[f"without-{name.lstrip('_')}"] = ({k: v for k, v in body.items() if k != name}, "Malformed")
    cases["sd-alg-sha-1"] = (body | {"_sd_alg": "sha-1"}, "UnsupportedVersion")
    cases["sd-alg-sha-512"] = (body | {"_sd_alg": "sha-512"}, "UnsupportedVersion")
    cases["body-list"] = ([body], "Malformed")
    cases["body-deep"] = (body | {"iss": [[[["deep"]]]]}, "LimitExceeded")
    return cases


def _compacts(good: Statement, key: SigningKey, other: SigningKey) -> dict[str, tuple[str, str]]:
    header, claims, signature = good.jwt.split(".")
    changed = b64url(dumps(body_of(good) | {"iss": "urn:someone-else"}))
    duplicate = b64url(b'{"alg":"none",' + dumps(HEADER | {"kid": key.kid})[1:])
    spare = signature[:-1] + {"A": "B", "Q": "R", "g": "h", "w": "x"}[signature[-1]]
    foreign = disclosure([b64url(bytes(16)), "result", "fail"])
    resalted = disclosure(["A" * 22, "site", "SH-01"])
    first, *_ = good.disclosures
    return {
        "signature-of-other-key": (forge(other, body_of(good), HEADER | {"kid": key.kid}) + "~", "SignatureInvalid"),
        "claims-changed": (f"{header}.{changed}.{signature}~", "SignatureInvalid"),
        "signature-zero": (f"{header}.{claims}.{b64url(bytes(64))}~", "SignatureInvalid"),
        "signature-empty": (f"{header}.{claims}.~", "Malformed"),
        "signature-short": (f"{header}.{claims}.{b64url(bytes(63))}~", "Malformed"),
        "signature-long": (f"{header}.{claims}.{b64url(bytes(65))}~", "Malformed"),
        "signature-spare-bits": (f"{header}.{claims}.{spare}~", "Malformed"),
        "signature-padded": (f"{header}.{claims}.{signature}==~", "Malformed"),
        "header-duplicate-alg": (f"{duplicate}.{claims}.{signature}~", "Malformed"),
        "header-empty": (f".{claims}.{signature}~", "Malformed"),
        "header-1025-bytes": (f"{b64url(b' ' * 1025)}.{claims}.{signature}~", "LimitExceeded"),
        "two-parts": (f"{header}.{claims}~", "Malformed"),
        "four-parts": (f"{good.jwt}.AAAA~", "Malformed"),
        "no-tilde": (good.jwt, "Malformed"),
        "no-final-tilde": (f"{good.jwt}~{first}", "Malformed"),
        "key-binding-jwt": (good.compact + good.jwt, "Malformed"),
        "empty": ("", "Malformed"),
        "disclosure-not-in-sd": (f"{good.jwt}~{foreign}~", "DisclosureNotCommitted"),
        "disclosure-twice": (f"{good.jwt}~{first}~{first}~", "Malformed"),
        "disclosure-empty": (f"{good.jwt}~~", "DisclosureNotCommitted"),
        "disclosure-padded": (f"{good.jwt}~{first}=~", "DisclosureNotCommitted"),
        "disclosure-with-space": (f"{good.jwt}~ {first}~", "DisclosureNotCommitted"),
        "disclosure-other-letters": (f"{good.jwt}~\u00e9{first}~", "Malformed"),
        "disclosure-of-other-salt": (f"{good.jwt}~{resalted}~", "DisclosureNotCommitted"),
        "257-disclosures": ("~".join([good.jwt, *[first] * 257, ""]), "LimitExceeded"),
    }  # fmt: skip


def _disclosures() -> dict[str, tuple[list[Any], str]]:
    salt, other = b64url(bytes(range(16))), b64url(bytes(range(1, 17)))
    return {
        "salt-of-15-bytes": ([[b64url(bytes(15)), "result", "pass"]], "Malformed"),
        "salt-empty": ([["", "result", "pass"]], "Malformed"),
        "salt-number": ([[1, "result", "pass"]], "Malformed"),
        "salt-not-base64url": ([["!" * 22, "result", "pass"]], "Malformed"),
        "two-members": ([[salt, "pass"]], "Malformed"),
        "four-members": ([[salt, "result", "pass", 1]], "Malformed"),
        "no-list": ([{"result": "pass"}], "Malformed"),
        "name-number": ([[salt, 1, "pass"]], "Malformed"),
        "name-sd": ([[salt, "_sd", []]], "Malformed"),
        "name-dots": ([[salt, "...", "pass"]], "Malformed"),
        "name-of-a-clear-claim": ([[salt, "iss", "urn:someone-else"]], "Malformed"),
        "name-twice": ([[salt, "result", "pass"], [other, "result", "fail"]], "Malformed"),
        "name-lone-surrogate": ([[salt, "\ud800", "pass"]], "Malformed"),
        "value-lone-surrogate": ([[salt, "remark", "\ud800"]], "Malformed"),
        "value-with-nested-digests": ([[salt, "remark", {"_sd": ["A" * 43]}]], "Malformed"),
        "value-with-array-digest": ([[salt, "remark", [{"...": "A" * 43}]]], "Malformed"),
        "value-deep": ([[salt, "remark", _deep(40)]], "LimitExceeded"),
        "value-integer-beyond-safe": ([[salt, "remark", 2**53]], "Malformed"),
    }


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def entries() -> Cases:
    """`parse_entry`."""
    ledger = MemoryLedger()
    key = ledger.key("device")
    first, second = ledger.record(key), ledger.record(key)
    for name, index in {"sound-first": first, "sound-second": second}.items():
        yield name, _entry(ledger.entries[index], None, "an entry")
    judging = MemoryLedger()
    yield "sound-judged", _entry(judging.entries[judging.judged(key)], None, "an entry with a judgement, version 2")
    judged = json.loads(judging.entries[0])
    good = json.loads(ledger.entries[second])
    start = json.loads(ledger.entries[first])
    other = ledger.statement(calibration(1), key)
    changes: dict[str, tuple[dict[str, Any], str]] = {
        "stream-of-other-subject": (good | {"stream": other.claims.stream}, "StreamMismatch"),
        "statement-of-other-stream": (good | {"statement": other.jwt}, "StreamMismatch"),
        "prev-null-with-seq-1": (good | {"prev": None}, "StreamMismatch"),
        "prev-with-seq-0": (good | {"stream_seq": 0}, "StreamMismatch"),
        "seq-1-at-start": (start | {"stream_seq": 1}, "StreamMismatch"),
        "seq-negative": (good | {"stream_seq": -1}, "Malformed"),
        "seq-true": (good | {"stream_seq": True}, "Malformed"),
        "seq-text": (good | {"stream_seq": "1"}, "Malformed"),
        "prev-short": (good | {"prev": good["prev"][:-2]}, "Malformed"),
        "prev-empty": (good | {"prev": ""}, "Malformed"),
        "prev-number": (good | {"prev": 0}, "Malformed"),
        "prev-hex": (good | {"prev": "00" * 32}, "Malformed"),
        "version-2-without-judgement": (good | {"v": 2}, "Malformed"),
        "version-1-with-judgement": (judged | {"v": 1}, "Malformed"),
        "version-3": (judged | {"v": 3}, "UnsupportedVersion"),
        "judgement-null": (judged | {"judgement": None}, "Malformed"),
        "judgement-short": (judged | {"judgement": judged["judgement"][:-2]}, "Malformed"),
        "judgement-hex": (judged | {"judgement": "00" * 32}, "Malformed"),
        "judgement-padded": (judged | {"judgement": judged["judgement"] + "="}, "Malformed"),
        "judgement-in-the-clear": (judged | {"judgement": {"results": "fail"}}, "Malformed"),
        "version-true": (good | {"v": True}, "UnsupportedVersion"),
        "version-text": (good | {"v": "1"}, "UnsupportedVersion"),
        "received-with-offset": (good | {"received_at": "2026-11-02T06:01:00+00:00"}, "Malformed"),
        "received-second-spelling": (good | {"received_at": "2026-11-02T06:01:00.000000Z"}, "Malformed"),
        "received-number": (good | {"received_at": 1}, "Malformed"),
        "statement-with-disclosures": (good | {"statement": good["statement"] + "~"}, "Malformed"),
        "statement-object": (good | {"statement": {}}, "Malformed"),
        "member-missing": ({k: v for k, v in good.items() if k != "prev"}, "Malformed"),
        "member-unknown": (good | {"index": 1}, "Malformed"),
        "second-numbering": (good | {"log_index": 7}, "Malformed"),
    }
    for name, (value, expected) in changes.items():
        yield name, _entry(dumps(value), expected, f"canonical, but no entry: {name}")
    text = ledger.entries[second]
    spelt = {
        "space-after-colon": text.replace(b'":', b'": ', 1), "trailing-newline": text + b"\n",
        "keys-out-of-order": b'{"v":1,' + text[1:-7] + b"}", "duplicate-key": text[:-1] + b',"v":1}',
        "escaped-letter": text.replace(b'"prev"', b'"\\u0070rev"'), "version-1-0": text.replace(b'"v":1}', b'"v":1.0}'),
        "byte-order-mark": b"\xef\xbb\xbf" + text, "list": b"[" + text + b"]", "null": b"null", "empty": b"",
    }  # fmt: skip
    for name, data in spelt.items():
        yield f"not-canonical-{name}", _entry(data, "Malformed", "not the canonical bytes of an entry")
    received = ledger.time(0)
    assert format_time(received) == "2026-11-02T06:00:00Z"
    assert (
        encode_entry(None, received, ledger.statements[0].jwt, ledger.statements[0].claims.stream, 0)
        == ledger.entries[0]
    )
    yield "beyond-65535-bytes", _entry(b" " * 65_536, "LimitExceeded", "too long for a bundle")


def _entry(data: bytes, expected: str | None, desc: str) -> dict[str, Any]:
    return {"desc": desc, "input_base64": b64(data), "expected": expected}
