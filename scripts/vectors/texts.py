"""Vectors of the small text formats: decimals, encodings, JSON, tile paths, JWKs and policies."""

from __future__ import annotations

from evidence.encoding import b64url_encode
from scripts.vectors import Cases, b64
from tests.reference.ledger import MemoryLedger

SMALL_ORDER = {
    "neutral": "01" + "00" * 31,
    "neutral-negative": "01" + "00" * 30 + "80",
    "neutral-not-reduced": "ee" + "ff" * 30 + "7f",
    "2": "ec" + "ff" * 30 + "7f",
    "4": "00" * 32,
    "4-not-reduced": "ed" + "ff" * 30 + "7f",
    "8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "8-negative": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
}
"""Ed25519 points under which one signature fits many messages, by order."""

_DECIMALS = {
    "plus-sign": "+42", "minus-sign": "-1", "underscore": "4_2", "arabic-indic-digits": "٤٢",
    "fullwidth-digits": "４２",
    "leading-space": " 42", "trailing-space": "42 ", "trailing-newline": "42\n", "leading-zero": "042",
    "double-zero": "00", "empty": "", "hexadecimal": "0x2a", "exponent": "4e1", "fraction": "42.0",
    "above-uint64": "18446744073709551616", "ten-thousand-digits": "9" * 10_000, "superscript-two": "²",
}  # fmt: skip
_ENCODINGS = {
    "base64url-spare-bits": ("b64url", "AB", "last character carries bits beyond the last byte"),
    "base64url-padded": ("b64url", "AA==", "padding does not belong to base64url in JOSE"),
    "base64url-of-impossible-length": ("b64url", "AAAAA", "no byte string has this length"),
    "base64url-standard-alphabet": ("b64url", "+/+/", "plus and slash are of the other alphabet"),
    "base64url-newline": ("b64url", "AAAA\n", "a newline at the end"),
    "base64url-foreign-letter": ("b64url", "ＡAAA", "a fullwidth letter"),
    "base64-spare-bits": ("b64", "AB==", "last character carries bits beyond the last byte"),
    "base64-missing-padding": ("b64", "AA", "padding is part of standard base64"),
    "base64-url-alphabet": ("b64", "-_-_", "dash and underscore are of the other alphabet"),
    "base64-inner-newline": ("b64", "AAAA\nAAAA", "line breaks are not ignored"),
    "base64-inner-padding": ("b64", "AA==AAAA", "data after the padding"),
    "base64-foreign-letter": ("b64", "ＡAAA", "a fullwidth letter"),
    "hex-without-prefix": ("hex", "00ff", "0x is part of the format"),
    "hex-uppercase": ("hex", "0xFF", "one spelling only"),
    "hex-odd": ("hex", "0x0", "half a byte"),
    "time-with-offset": ("time", "2026-11-02T06:00:00+00:00", "UTC is written Z"),
    "time-without-zone": ("time", "2026-11-02T06:00:00", "no zone, no instant"),
    "time-lowercase-z": ("time", "2026-11-02T06:00:00z", "one spelling only"),
    "time-seven-digits": ("time", "2026-11-02T06:00:00.1234567Z", "at most microseconds"),
    "time-leap-second": ("time", "2016-12-31T23:59:60Z", "no instant of the proleptic calendar"),
    "time-hour-24": ("time", "2026-11-02T24:00:00Z", "RFC 3339 hours end at 23"),
    "time-february-30": ("time", "2026-02-30T00:00:00Z", "no such day"),
    "time-arabic-indic-digits": ("time", "٢٠٢٦-11-02T06:00:00Z", "other digits"),
    "time-trailing-newline": ("time", "2026-11-02T06:00:00Z\n", "a newline at the end"),
}
_JSON: dict[str, tuple[str, bytes, str, str]] = {
    "duplicate-key": ("loads", b'{"a":1,"a":1}', "Malformed", "two members of one name"),
    "duplicate-key-by-escape": ("loads", b'{"a":1,"\\u0061":2}', "Malformed", "one name in two spellings"),
    "duplicate-key-nested": ("loads", b'[{"a":{"b":1,"b":2}}]', "Malformed", "two members of one name, further down"),
    "deep-lists": ("loads", b"[" * 40 + b"]" * 40, "LimitExceeded", "40 levels where 32 are allowed"),
    "very-deep-lists": ("loads", b"[" * 20_000, "LimitExceeded", "enough to overflow a recursive reader"),
    "deep-objects": ("loads", b'{"a":' * 40 + b"1" + b"}" * 40, "LimitExceeded", "40 levels of objects"),
    "deep-behind-a-string-of-brackets": (
        "loads", b'["\\"]]]]]]",' + b"[" * 40 + b"]" * 41, "LimitExceeded", "brackets in a string close nothing",
    ),
    "integer-beyond-safe": ("loads", b"9007199254740992", "Malformed", "2^53: other readers would round it"),
    "integer-below-safe": ("loads", b"-9007199254740992", "Malformed", "-2^53"),
    "integer-of-ten-thousand-digits": ("loads", b"1" * 10_000, "Malformed", "costs the square of its digits"),
    "integer-that-a-double-holds": (
        "loads", b"18446744073709552000", "Malformed", "canonical text of a double, yet beyond exact integers",
    ),
    "float-written-as-integer": ("loads", b"1e17", "Malformed", "its canonical text would be refused"),
    "negative-zero-integer": ("loads", b"-0", "Malformed", "no integer"),
    "nan": ("loads", b"NaN", "Malformed", "no JSON"),
    "infinity": ("loads", b"[-Infinity]", "Malformed", "no JSON"),
    "float-overflow": ("loads", b"1e400", "Malformed", "reads as infinity"),
    "lone-surrogate-value": ("loads", b'"\\ud800"', "Malformed", "half a character"),
    "lone-surrogate-key": ("loads", b'{"\\udfff":1}', "Malformed", "half a character in a name"),
    "surrogates-in-wrong-order": ("loads", b'"\\udc00\\ud800"', "Malformed", "low before high"),
    "utf8-surrogate": ("loads", b'"\xed\xa0\x80"', "Malformed", "UTF-8 has no surrogates"),
    "utf8-overlong": ("loads", b'"\xc0\xaf"', "Malformed", "two bytes for a slash"),
    "utf8-cut": ("loads", b'"\xe6\x8c', "Malformed", "ends inside a character"),
    "utf16": ("loads", '"a"'.encode("utf-16"), "Malformed", "JSON is UTF-8"),
    "byte-order-mark": ("loads", b"\xef\xbb\xbf{}", "Malformed", "a mark before the text"),
    "control-character-raw": ("loads", b'"a\x01"', "Malformed", "must be escaped"),
    "single-quotes": ("loads", b"{'a':1}", "Malformed", "no JSON"),
    "trailing-comma": ("loads", b"[1,]", "Malformed", "no JSON"),
    "comment": ("loads", b"{}//", "Malformed", "no JSON"),
    "two-values": ("loads", b"{}{}", "Malformed", "one text, one value"),
    "leading-zero-number": ("loads", b"[01]", "Malformed", "no JSON"),
    "leading-plus": ("loads", b"[+1]", "Malformed", "no JSON"),
    "empty": ("loads", b"", "Malformed", "nothing"),
    "canonical-space": ("loads_canonical", b'{"a": 1}', "Malformed", "a space"),
    "canonical-trailing-newline": ("loads_canonical", b'{"a":1}\n', "Malformed", "a newline at the end"),
    "canonical-key-order": ("loads_canonical", b'{"b":1,"a":2}', "Malformed", "keys out of order"),
    "canonical-utf16-key-order": (
        "loads_canonical", '{"\uff5e":1,"\U0001f600":2}'.encode(), "Malformed", "sorted by code point, not UTF-16 unit",
    ),
    "canonical-escaped-slash": ("loads_canonical", b'"\\/"', "Malformed", "an escape that is not needed"),
    "canonical-escaped-letter": ("loads_canonical", b'"\\u0061"', "Malformed", "an escape that is not needed"),
    "canonical-uppercase-escape": ("loads_canonical", b'"\\u001F"', "Malformed", "escapes are lowercase"),
    "canonical-number-spelling": ("loads_canonical", b"1.0", "Malformed", "an integer is written without a fraction"),
    "canonical-exponent-spelling": ("loads_canonical", b"1E30", "Malformed", "written 1e+30"),
    "canonical-duplicate-key": ("loads_canonical", b'{"a":1,"a":1}', "Malformed", "two members of one name"),
}  # fmt: skip
_TILE_PATHS = {
    "parent-folder": "tile/0/../000", "absolute": "/tile/0/000", "level-64": "tile/64/000", "level-00": "tile/00/000",
    "level-missing": "tile//000", "level-sign": "tile/+1/000", "index-unpadded": "tile/0/1",
    "index-padded": "tile/0/x000/001",
    "index-without-x": "tile/0/001/067", "index-x-last": "tile/0/x001/x067", "width-zero": "tile/0/000.p/0",
    "width-256": "tile/0/000.p/256", "width-leading-zero": "tile/0/000.p/01", "width-missing": "tile/0/000.p/",
    "trailing-newline": "tile/0/000\n", "trailing-slash": "tile/0/000/", "other-digits": "tile/0/٠٠٠", "empty": "",
    "entries-uppercase": "tile/Entries/000", "nul": "tile/0/000\0",
}  # fmt: skip


def decimals() -> Cases:
    """Sizes and indices as no parser may take them."""
    for name, text in _DECIMALS.items():
        yield name, {"desc": f"a plain decimal is 0 or [1-9][0-9]*: {name}", "input": text, "expected": "Malformed"}


def encodings() -> Cases:
    """Second spellings of bytes and times."""
    for name, (codec, text, words) in _ENCODINGS.items():
        yield name, {"desc": words, "codec": codec, "input": text, "expected": "Malformed"}


def json_texts() -> Cases:
    """Texts that are no strict JSON, or not its canonical spelling."""
    for name, (reader, data, expected, words) in _JSON.items():
        yield name, {"desc": words, "reader": reader, "input_base64": b64(data), "expected": expected}


def tile_paths() -> Cases:
    """Paths that are not the one spelling of a tile."""
    for name, text in _TILE_PATHS.items():
        yield name, {"desc": f"not a canonical tile path: {name}", "input": text, "expected": "Malformed"}


def jwks() -> Cases:
    """Keys that are no public Ed25519 JWK."""
    x = MemoryLedger().key("device").public.to_json()["x"]
    good = {"kty": "OKP", "crv": "Ed25519", "x": x}
    yield "sound", {"desc": "a public key", "input": good, "expected": None}
    bad = {
        "private-part": (good | {"d": x}, "Malformed"), "key-id-inside": (good | {"kid": "a"}, "Malformed"),
        "short-x": (good | {"x": x[:-4]}, "Malformed"), "long-x": (good | {"x": x + "AA"}, "Malformed"),
        "padded-x": (good | {"x": x + "="}, "Malformed"), "x-spare-bits": (good | {"x": x[:-1] + "_"}, "Malformed"),
        "x-number": (good | {"x": 1}, "Malformed"), "x-missing": ({"kty": "OKP", "crv": "Ed25519"}, "Malformed"),
        "curve-x25519": (good | {"crv": "X25519"}, "UnsupportedVersion"), "rsa": ({"kty": "RSA"}, "UnsupportedVersion"),
        "symmetric": ({"kty": "oct", "k": "AA"}, "UnsupportedVersion"), "list": ([good], "Malformed"),
        "text": ("OKP", "Malformed"), "null": (None, "Malformed"), "empty": ({}, "UnsupportedVersion"),
    }  # fmt: skip
    for name, point in SMALL_ORDER.items():
        bad[f"small-order-{name}"] = (good | {"x": b64url_encode(bytes.fromhex(point))}, "Malformed")
    for name, (value, expected) in bad.items():
        yield name, {"desc": f"not a public Ed25519 key: {name}", "input": value, "expected": expected}
