"""Vectors of signed notes, checkpoints, verifier keys and tlog-proofs."""

from __future__ import annotations

from typing import Any

from evidence.checkpoint import Checkpoint
from evidence.notes import NoteSignature, NoteSigner, SignedNote, VerifierKey, sign_note
from evidence.tlog_proof import TlogProof
from scripts.vectors import Cases, b64
from scripts.vectors.texts import SMALL_ORDER
from tests.reference.ledger import ORIGIN, MemoryLedger, populated

_DASH = "\u2014"
_ED25519, _ECDSA = b"\x01", b"\x02"


def notes() -> Cases:
    """`parse_note` and `verify_note` with one trusted key."""
    ledger = MemoryLedger()
    signer, other = ledger.signer, ledger.note_signer("other", ORIGIN)
    witness = ledger.note_signer("witness", "witness.example.com")
    text = b"first line\n\nlast line\n"
    good = sign_note(text, [signer]).to_bytes()
    line = signer.sign(text).to_line().encode()
    collision = NoteSignature(ORIGIN, signer.vkey.key_id, other.sign(text).signature)
    stale = NoteSignature(ORIGIN, signer.vkey.key_id, signer.sign(b"other text\n").signature)
    sound = {
        "sound": good,
        "sound-with-unknown-cosignature": sign_note(text, [signer, witness]).to_bytes(),
        "sound-unknown-key-of-same-name": sign_note(text, [other, signer]).to_bytes(),
        "sound-unknown-signature-of-other-length": good
        + b"\xe2\x80\x94 w.example.com "
        + b64(b"w" * 9).encode()
        + b"\n",
        "sound-delete-character": sign_note(b"a\x7fb\n", [signer]).to_bytes(),
    }
    refused: dict[str, tuple[bytes, str]] = {
        "unsigned": (text, "Malformed"),
        "unsigned-with-empty-line": (text + b"\n", "Malformed"),
        "no-empty-line": (text.replace(b"\n\n", b"\n") + line + b"\n", "Malformed"),
        "two-empty-lines-at-end": (good + b"\n\n", "Malformed"),
        "empty-line-among-signatures": (good + b"\n" + b"x\n", "Malformed"),
        "no-final-newline": (good[:-1], "Malformed"),
        "foreign-key": (sign_note(text, [other]).to_bytes(), "KeyNotTrusted"),
        "foreign-name": (sign_note(text, [ledger.note_signer("log", "evil.example.com")]).to_bytes(), "KeyNotTrusted"),
        "key-id-collision": (SignedNote(text, (collision,)).to_bytes(), "SignatureInvalid"),
        "one-good-one-bad-signature": (SignedNote(text, (signer.sign(text), stale)).to_bytes(), "SignatureInvalid"),
        "text-changed": (good.replace(b"first", b"First"), "SignatureInvalid"),
        "signature-of-other-text": (SignedNote(text, (stale,)).to_bytes(), "SignatureInvalid"),
        "signature-cut": (_resigned(text, signer, slice(0, -1)), "SignatureInvalid"),
        "signature-empty": (_resigned(text, signer, slice(0, 0)), "Malformed"),
        "signature-longer": (_resigned(text, signer, slice(0, None), b"\0"), "SignatureInvalid"),
        "hyphen-for-dash": (good.replace(_DASH.encode(), b"-"), "Malformed"),
        "two-spaces": (good.replace(_DASH.encode() + b" ", _DASH.encode() + b"  "), "Malformed"),
        "trailing-space": (good[:-1] + b" \n", "Malformed"),
        "base64-spare-bits": (_spare_bits(good), "Malformed"),
        "base64-unpadded": (good.replace(b"=\n", b"\n"), "Malformed"),
        "carriage-return": (good.replace(b"\n", b"\r\n"), "Malformed"),
        "tab-in-text": (sign_note(b"ab\n", [signer]).to_bytes().replace(b"ab", b"a\t"), "Malformed"),
        "nul-in-text": (good.replace(b"first", b"fi\0st"), "Malformed"),
        "not-utf8": (good.replace(b"first", b"fi\xffst"), "Malformed"),
        "plus-in-name": (good.replace(b"demo", b"de+mo"), "Malformed"),
        "unicode-space-in-name": (good.replace(b"demo ", "de\u00a0mo ".encode()), "Malformed"),
        "name-missing": (good.replace(_DASH.encode() + b" " + ORIGIN.encode(), _DASH.encode() + b" "), "Malformed"),
        "sixty-five-signatures": (text + b"\n" + (line + b"\n") * 65, "LimitExceeded"),
        "empty": (b"", "Malformed"),
        "newlines": (b"\n\n\n", "Malformed"),
    }
    for name, data in sound.items():
        yield name, _note("a note as C2SP signed-note has it", data, signer, None)
    for name, (data, expected) in refused.items():
        yield name, _note(f"a note bent: {name}", data, signer, expected)


def _note(desc: str, data: bytes, signer: NoteSigner, expected: str | None) -> dict[str, Any]:
    return {"desc": desc, "vkeys": [str(signer.vkey)], "input_base64": b64(data), "expected": expected}


def _resigned(text: bytes, signer: NoteSigner, part: slice, more: bytes = b"") -> bytes:
    signature = signer.sign(text).signature[part] + more
    return SignedNote(text, (NoteSignature(ORIGIN, signer.vkey.key_id, signature),)).to_bytes()


def _spare_bits(note: bytes) -> bytes:
    """The same signature bytes, spelt with a bit set beyond the last byte."""
    assert note.endswith(b"=\n")
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = len(note) - (4 if note.endswith(b"==\n") else 3)
    return note[:last] + bytes([alphabet[alphabet.index(note[last]) | 1]]) + note[last + 1 :]


def checkpoints() -> Cases:
    """`open_checkpoint` with one trusted log key; every text here is properly signed unless the name says otherwise."""
    ledger, _ = populated()
    signer, root = ledger.signer, b64(ledger.tree.root())
    good = ledger.checkpoint()

    def signed(text: str, by: NoteSigner = signer) -> bytes:
        return sign_note(text.encode(), [by]).to_bytes()

    yield "sound", _note("a checkpoint", good, signer, None)
    yield "sound-size-zero", _note("the empty tree", ledger.checkpoint(0), signer, None)
    witness = ledger.note_signer("witness", "witness.example.com")
    yield "sound-cosigned", _note("a cosignature beside", ledger.checkpoint(signers=[signer, witness]), signer, None)
    sizes = {"plus": "+6", "underscore": "6_0", "arabic-indic": "٦", "leading-space": " 6", "leading-zero": "06",
             "minus": "-1", "empty": "", "hex": "0x6", "beyond-63-bits": str(2**63)}  # fmt: skip
    for name, size in sizes.items():
        yield (
            f"size-{name}",
            _note("signed, but no plain size", signed(f"{ORIGIN}\n{size}\n{root}\n"), signer, "Malformed"),
        )
    texts = {
        "root-short": f"{ORIGIN}\n6\n{b64(ledger.tree.root()[:3])}\n",
        "root-31-bytes": f"{ORIGIN}\n6\n{b64(ledger.tree.root()[:31])}\n",
        "root-33-bytes": f"{ORIGIN}\n6\n{b64(ledger.tree.root() + bytes(1))}\n",
        "root-unpadded": f"{ORIGIN}\n6\n{root.rstrip('=')}\n",
        "root-hex": f"{ORIGIN}\n6\n{ledger.tree.root().hex()}\n",
        "root-of-empty-tree-missing": f"{ORIGIN}\n0\n{root}\n",
        "extension-line": f"{ORIGIN}\n6\n{root}\nextra\n",
        "empty-extension-line": f"{ORIGIN}\n6\n{root}\n\n",
        "two-lines": f"{ORIGIN}\n6\n",
        "origin-empty": f"\n6\n{root}\n",
        "origin-with-space": f"ledger example\n6\n{root}\n",
        "lines-exchanged": f"6\n{ORIGIN}\n{root}\n",
    }
    for name, body in texts.items():
        yield name, _note("signed, but not three lines of a checkpoint", signed(body), signer, "Malformed")
    foreign = ledger.note_signer("foreign", ORIGIN)
    collision = NoteSignature(ORIGIN, signer.vkey.key_id, foreign.sign(f"{ORIGIN}\n6\n{root}\n".encode()).signature)
    text = Checkpoint(ORIGIN, 6, ledger.tree.root()).to_text()
    other = signed(f"other.example.com/log\n6\n{root}\n")
    refused = {
        "unsigned": (text, "Malformed"),
        "foreign-key": (signed(text.decode(), foreign), "KeyNotTrusted"),
        "key-id-collision": (SignedNote(text, (collision,)).to_bytes(), "SignatureInvalid"),
        "other-origin-by-this-key": (other, "KeyNotTrusted"),
        "size-changed-after-signing": (good.replace(b"\n6\n", b"\n5\n"), "SignatureInvalid"),
        "carriage-returns": (good.replace(b"\n", b"\r\n"), "Malformed"),
    }
    for name, (data, expected) in refused.items():
        yield name, _note(f"a checkpoint bent: {name}", data, signer, expected)


def verifier_keys() -> Cases:
    """`VerifierKey.parse`."""
    vkey = str(MemoryLedger().signer.vkey)
    name, key_id, material = vkey.split("+", 2)
    yield "sound", {"desc": "a vkey", "input": vkey, "expected": None}
    refused = {
        "id-of-other-key": (f"{name}+00000000+{material}", "Malformed"),
        "id-uppercase": (f"{name}+{key_id.upper()}+{material}", "Malformed"),
        "id-short": (f"{name}+{key_id[:-1]}+{material}", "Malformed"),
        "name-changed": (f"{name}x+{key_id}+{material}", "Malformed"),
        "name-empty": (f"+{key_id}+{material}", "Malformed"),
        "name-with-space": (f"a b+{key_id}+{material}", "Malformed"),
        "name-with-lone-surrogate": (f"a\ud800b+{key_id}+{material}", "Malformed"),
        "name-with-newline": (f"a\nb+{key_id}+{material}", "Malformed"),
        "key-short": (f"{name}+{key_id}+{b64(_ED25519 + bytes(31))}", "Malformed"),
        "key-long": (f"{name}+{key_id}+{b64(_ED25519 + bytes(33))}", "Malformed"),
        "algorithm-ecdsa": (f"{name}+{key_id}+{b64(_ECDSA + bytes(32))}", "UnsupportedVersion"),
        "algorithm-missing": (f"{name}+{key_id}+", "UnsupportedVersion"),
        "base64-padded-too-much": (f"{name}+{key_id}+{material}====", "Malformed"),
        "two-parts": (f"{name}+{key_id}", "Malformed"),
        "trailing-newline": (vkey + "\n", "Malformed"),
        "too-long": ("a" * 1100 + vkey, "Malformed"),
        "empty": ("", "Malformed"),
    }  # fmt: skip
    neutral = bytes.fromhex(SMALL_ORDER["neutral"])
    refused["key-of-small-order"] = (str(VerifierKey(name, neutral)), "Malformed")
    for title, (text, expected) in refused.items():
        yield title, {"desc": f"no verifier key: {title}", "input": text, "expected": expected}


def tlog_proofs() -> Cases:
    """`parse_tlog_proof`."""
    ledger, _ = populated()
    receipt = ledger.receipt(3)
    proof = receipt.proof
    good = proof.to_text()
    first = good.split("\n")[2]
    checkpoint = proof.checkpoint.decode()
    with_extra = TlogProof(proof.index, proof.hashes, proof.checkpoint, b"context").to_text()
    single = MemoryLedger()
    single.event("enrol", single.key("device").public, single.root)
    sound = {"sound": good, "sound-extra": with_extra, "sound-without-hashes": single.receipt(0).proof.to_text()}
    for name, text in sound.items():
        yield name, {"desc": "a proof as C2SP tlog-proof has it", "input": text, "expected": None}
    refused = {
        "version-two": (good.replace("@v1", "@v2"), "Malformed"),
        "header-missing": (good.split("\n", 1)[1], "Malformed"),
        "index-missing": (good.replace("index 3\n", ""), "Malformed"),
        "index-plus": (good.replace("index 3", "index +3"), "Malformed"),
        "index-leading-zero": (good.replace("index 3", "index 03"), "Malformed"),
        "index-underscore": (good.replace("index 3", "index 3_0"), "Malformed"),
        "index-arabic-indic": (good.replace("index 3", "index ٣"), "Malformed"),
        "index-negative": (good.replace("index 3", "index -3"), "Malformed"),
        "index-two-spaces": (good.replace("index 3", "index  3"), "Malformed"),
        "index-beyond-63-bits": (good.replace("index 3", f"index {2**63}"), "Malformed"),
        "index-twice": (good.replace("index 3\n", "index 3\nindex 3\n"), "Malformed"),
        "extra-after-index": (good.replace("index 3\n", "index 3\nextra AA==\n"), "Malformed"),
        "extra-twice": (with_extra.replace("extra ", "extra AA==\nextra ", 1), "Malformed"),
        "extra-unpadded": (with_extra.replace("extra ", "extra AA\nx ", 1), "Malformed"),
        "hash-short": (good.replace(first, b64(bytes(31))), "MalformedProof"),
        "hash-long": (good.replace(first, b64(bytes(33))), "MalformedProof"),
        "hash-unpadded": (good.replace(first, first.rstrip("=")), "Malformed"),
        "hash-urlsafe": (good.replace(first, "-" + first[1:]), "Malformed"),
        "hash-trailing-space": (good.replace(first, first + " "), "Malformed"),
        "sixty-four-hashes": (good.replace(first, "\n".join([first] * 64)), "LimitExceeded"),
        "checkpoint-missing": (good.split("\n\n")[0] + "\n\n", "Malformed"),
        "checkpoint-unsigned": (good[: good.index(_DASH)], "Malformed"),
        "empty-line-missing": (good.replace("\n\n" + checkpoint, "\n" + checkpoint), "Malformed"),
        "empty-line-twice": (good.replace("\n\n" + checkpoint, "\n\n\n" + checkpoint), None),
        "carriage-returns": (good.replace("\n", "\r\n"), "Malformed"),
        "no-final-newline": (good[:-1], "Malformed"),
        "empty": ("", "Malformed"),
    }
    for name, (text, expected) in refused.items():
        if expected is not None:
            yield name, {"desc": f"a proof bent: {name}", "input": text, "expected": expected}
