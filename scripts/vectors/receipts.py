"""Vectors of receipts: whole attacks, each with the verdict, the check that answers and its reason."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from evidence.checkpoint import Checkpoint
from evidence.encoding import format_time
from evidence.keys import SigningKey
from evidence.notes import NoteSignature, SignedNote, sign_note
from evidence.receipt import Receipt
from scripts.vectors import Cases
from scripts.vectors.statements import HEADER, body_of, disclosure, forge
from tests.reference import chain
from tests.reference.judgements import disclosure as judgement_disclosure
from tests.reference.judgements import judgement_value, rule_result
from tests.reference.ledger import KEY_EVENT, ORIGIN, Kind, MemoryLedger, calibration, populated

INVALID, UNKNOWN, VALID = "INVALID", "UNKNOWN", "VALID"
Answer = tuple[str, str | None, str | None]
_SOUND: Answer = (VALID, None, None)


def receipts() -> Cases:
    """`ReceiptVerifier.verify` with the policy of the case."""
    for maker in (
        _sound,
        _formats,
        _checkpoints,
        _inclusions,
        _entries,
        _signers,
        _histories,
        _statements,
        _judgements,
        _anchors,
    ):
        yield from maker()


def _case(desc: str, receipt: Receipt | dict[str, Any], policy: str, answer: Answer) -> dict[str, Any]:
    value = json.loads(receipt.to_json()) if isinstance(receipt, Receipt) else receipt
    verdict, check, reason = answer
    return {
        "desc": desc, "receipt": value, "policy": policy,
        "expected": {"verdict": verdict, "check": check, "reason": reason},
    }  # fmt: skip


def _invalid(check: str, reason: str) -> Answer:
    return INVALID, check, reason


def _sound() -> Cases:
    ledger, device = populated()
    policy = ledger.policy()
    yield (
        "sound",
        _case("a record, its signer's enrolment, no anchor asked for", ledger.receipt(3, keys=[0]), policy, _SOUND),
    )
    part = ledger.receipt(3, keys=[0], names=["subject", "result"])
    yield "sound-partly-disclosed", _case("two fields shown, the rest withheld", part, policy, _SOUND)
    yield "sound-key-event", _case("the enrolment itself, signed by the root", ledger.receipt(0), policy, _SOUND)
    single = MemoryLedger()
    single.event("enrol", single.key("device").public, single.root)
    yield "sound-one-entry-log", _case("an empty audit path", single.receipt(0), single.policy(), _SOUND)
    eddsa = ledger.statement(calibration(), device)
    jwt = forge(device, body_of(eddsa), HEADER | {"kid": device.kid, "alg": "EdDSA"})
    index = ledger.append(replace(eddsa, jwt=jwt))
    yield "sound-eddsa", _case("the older name of the algorithm", ledger.receipt(index, keys=[0]), policy, _SOUND)


def _formats() -> Cases:
    ledger, _ = populated()
    good = json.loads(ledger.receipt(3, keys=[0]).to_json())
    unsigned = good["proof"][: good["proof"].index("\u2014")]
    bent: dict[str, tuple[Any, str]] = {
        "version-2-without-judgement": (good | {"v": 2}, "Malformed"),
        "version-1-with-judgement": (good | {"judgement": None}, "Malformed"),
        "version-3": (good | {"v": 3, "judgement": None}, "UnsupportedVersion"),
        "judgement-object": (good | {"v": 2, "judgement": {}}, "Malformed"),
        "key-with-judgement": (good | {"keys": [good["keys"][0] | {"judgement": None}]}, "Malformed"),
        "version-true": (good | {"v": True}, "UnsupportedVersion"),
        "version-missing": ({k: v for k, v in good.items() if k != "v"}, "UnsupportedVersion"),
        "member-unknown": (good | {"trusted": True}, "Malformed"),
        "member-missing": ({k: v for k, v in good.items() if k != "anchors"}, "Malformed"),
        "list": ([good], "Malformed"),
        "entry-url-alphabet": (good | {"entry": good["entry"].rstrip("=") + "-_"}, "Malformed"),
        "entry-object": (good | {"entry": {}}, "Malformed"),
        "keys-null": (good | {"keys": None}, "Malformed"),
        "keys-of-texts": (good | {"keys": ["x"]}, "Malformed"),
        "key-with-own-keys": (good | {"keys": [good["keys"][0] | {"keys": []}]}, "Malformed"),
        "key-of-other-version": (good | {"keys": [good["keys"][0] | {"v": 2}]}, "UnsupportedVersion"),
        "sixty-five-keys": (good | {"keys": good["keys"] * 65}, "LimitExceeded"),
        "anchors-object": (good | {"anchors": {}}, "Malformed"),
        "seventeen-anchors": (good | {"anchors": [{}] * 17}, "LimitExceeded"),
        "disclosures-of-numbers": (good | {"disclosures": [1]}, "Malformed"),
        "257-disclosures": (good | {"disclosures": [""] * 257}, "LimitExceeded"),
        "checkpoint-unsigned": (good | {"proof": unsigned}, "Malformed"),
        "index-plus-sign": (good | {"proof": good["proof"].replace("index 3", "index +3")}, "Malformed"),
        "deep": (good | {"anchors": [_deep()]}, "LimitExceeded"),
    }
    for name, (value, reason) in bent.items():
        yield f"format-{name}", _case("no receipt", value, ledger.policy(), _invalid("format", reason))


def _deep() -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(20):
        value = {"a": value}
    return value


def _checkpoints() -> Cases:
    ledger, _ = populated()
    good, policy = ledger.receipt(3, keys=[0]), ledger.policy()
    foreign = ledger.note_signer("foreign", ORIGIN)
    text = Checkpoint(ORIGIN, ledger.tree.size, ledger.tree.root()).to_text()
    collision = NoteSignature(ORIGIN, ledger.signer.vkey.key_id, foreign.sign(text).signature)
    elsewhere = ledger.note_signer("elsewhere", "other.example.com/log")
    notes = {
        "foreign-key": (sign_note(text, [foreign]), "KeyNotTrusted"),
        "key-id-collision": (SignedNote(text, (collision,)), "SignatureInvalid"),
        "other-origin": (
            sign_note(text.replace(ORIGIN.encode(), b"other.example.com/log"), [elsewhere]),
            "KeyNotTrusted",
        ),
        "trusted-key-for-other-origin": (sign_note(text.replace(b"demo", b"prod"), [ledger.signer]), "KeyNotTrusted"),
        "extension-line": (sign_note(text + b"extension\n", [ledger.signer]), "Malformed"),
        "size-with-leading-zero": (sign_note(text.replace(b"\n6\n", b"\n06\n"), [ledger.signer]), "Malformed"),
        "root-short": (sign_note(f"{ORIGIN}\n6\nAAAA\n".encode(), [ledger.signer]), "Malformed"),
        "text-changed": (SignedNote(text.replace(b"\n6\n", b"\n7\n"), (ledger.signer.sign(text),)), "SignatureInvalid"),
    }
    for name, (note, reason) in notes.items():
        bent = replace(good, proof=replace(good.proof, checkpoint=note.to_bytes()))
        yield f"checkpoint-{name}", _case("not a head of a trusted log", bent, policy, _invalid("checkpoint", reason))
    ended = ledger.policy(log="until_size = 6\n")
    yield (
        "checkpoint-key-until-size",
        _case("the log key is good below size 6 only", good, ended, _invalid("checkpoint", "KeyNotTrusted")),
    )
    later = ledger.policy(log="from_size = 7\n")
    yield (
        "checkpoint-key-from-size",
        _case("the log key is good from size 7", good, later, _invalid("checkpoint", "KeyNotTrusted")),
    )


def _inclusions() -> Cases:
    ledger, _ = populated()
    good, policy = ledger.receipt(3, keys=[0]), ledger.policy()
    hashes = good.proof.hashes
    bent: dict[str, tuple[Receipt, str]] = {
        "index-equals-size": (_proof(good, index=6), "MalformedProof"),
        "index-of-neighbour": (_proof(good, index=2), "RootMismatch"),
        "siblings-swapped": (_proof(good, hashes=(hashes[1], hashes[0], *hashes[2:])), "RootMismatch"),
        "path-truncated": (_proof(good, hashes=hashes[:-1]), "MalformedProof"),
        "path-extended": (_proof(good, hashes=(*hashes, hashes[0])), "MalformedProof"),
        "path-empty": (_proof(good, hashes=()), "MalformedProof"),
        "mixed-sizes": (_proof(good, hashes=tuple(ledger.tree.inclusion_proof(3, 5))), "RootMismatch"),
        "body-swapped": (replace(good, entry=ledger.entries[4]), "RootMismatch"),
        "entry-one-bit": (replace(good, entry=good.entry.replace(b"06:03:00", b"06:03:01")), "RootMismatch"),
        "disclosure-as-entry": (replace(good, entry=good.disclosures[0].encode()), "RootMismatch"),
        "entry-never-logged": (replace(good, entry=_twin(ledger)), "RootMismatch"),
    }
    for name, (receipt, reason) in bent.items():
        yield (
            f"inclusion-{name}",
            _case("not in the tree of the checkpoint", receipt, policy, _invalid("inclusion", reason)),
        )


def _proof(receipt: Receipt, **changes: Any) -> Receipt:
    return replace(receipt, proof=replace(receipt.proof, **changes))


def _twin(ledger: MemoryLedger) -> bytes:
    other = MemoryLedger(seed="twin")
    other.record(other.key("device"))
    assert ledger.origin == other.origin
    return other.entries[0]


def _entries() -> Cases:
    """Entries that a dishonest or broken log took in: they are in the tree, and still no entries."""
    ledger, device = populated(1)
    other = ledger.statement(calibration(1), device).claims.stream
    cases: list[tuple[str, str, int]] = []
    statement = ledger.statement(calibration(), device)
    cases.append(("stream-of-other-subject", "StreamMismatch", ledger.append(statement, stream=other)))
    cases.append(("prev-null-with-seq-1", "StreamMismatch", ledger.append(statement, prev=None, stream_seq=1)))
    cases.append(("prev-with-seq-0", "StreamMismatch", ledger.append(statement, prev=bytes(32), stream_seq=0)))
    for name, header in {
        "alg-none": HEADER | {"kid": device.kid, "alg": "none"},
        "typ-jwt": HEADER | {"kid": device.kid, "typ": "JWT"},
    }.items():
        jwt = forge(device, body_of(statement), header)
        cases.append((name, "UnsupportedVersion", ledger.append(replace(statement, jwt=jwt))))
    jwt = forge(device, body_of(statement), HEADER | {"kid": device.kid, "jwk": device.public.to_json()})
    cases.append(("key-in-header", "Malformed", ledger.append(replace(statement, jwt=jwt))))
    for name, data in {
        "not-canonical": ledger.entries[1].replace(b'":', b'": ', 1),
        "not-json": b"an entry of another log",
        "empty": b"",
    }.items():
        cases.append((name, "Malformed", ledger.append_bytes(data, replace(statement, disclosures=()))))
    for name, reason, index in cases:
        receipt = ledger.receipt(index, keys=[0])
        yield f"entry-{name}", _case("logged, but no entry", receipt, ledger.policy(), _invalid("entry", reason))


def _signers() -> Cases:
    ledger, device = populated()
    policy = ledger.policy()
    yield (
        "signer-without-keys",
        _case("nothing leads to the signer's key", ledger.receipt(3), policy, (UNKNOWN, "signer", "MissingEvidence")),
    )
    stranger = ledger.record(ledger.key("stranger"))
    yield "signer-never-enrolled", _case(
        "the enrolment shown is of another key", ledger.receipt(stranger, keys=[0]), policy,
        (UNKNOWN, "signer", "MissingEvidence"),
    )  # fmt: skip
    by_root = ledger.record(ledger.root)
    yield (
        "signer-root-signs-record",
        _case(
            "a root signs key events only",
            ledger.receipt(by_root, keys=[0]),
            policy,
            (UNKNOWN, "signer", "MissingEvidence"),
        ),
    )
    good = ledger.receipt(3, size=5, keys=[0])
    newer = replace(good, keys=(ledger.receipt(0),))
    yield (
        "signer-key-event-under-newer-checkpoint",
        _case("the enrolment is proven at size 8, the record at 5", newer, policy, _invalid("signer", "KeyNotTrusted")),
    )
    older = ledger.receipt(3, keys=[ledger.receipt(0, size=2)])
    missing = (UNKNOWN, "signer", "MissingEvidence")
    yield (
        "signer-key-event-under-older-checkpoint",
        _case("nothing ties the head of size 2 to the record's", older, policy, missing),
    )
    side = MemoryLedger()
    late = side.key("late")
    side.event("enrol", late.public, side.root)
    shown = MemoryLedger()
    shown.record(late)
    backdated = shown.record(late)
    shown.event("enrol", late.public, shown.root)
    yield (
        "signer-enrolled-in-older-fork",
        _case(
            "the log enrols the key after the record, a signed fork of size 1 before it",
            shown.receipt(backdated, keys=[side.receipt(0)]),
            shown.policy(),
            missing,
        ),
    )
    twin, _ = populated(make=lambda: MemoryLedger(origin="ledger.example.com/twin"))
    both = policy + f'[[log]]\nvkey = "{twin.signer.vkey}"\n'
    yield "signer-enrolled-in-other-log", _case(
        "the enrolment is in another trusted log", replace(good, keys=(twin.receipt(0, size=5),)), both,
        _invalid("signer", "KeyNotTrusted"),
    )  # fmt: skip
    fork, _ = populated()
    fork.tree.append(bytes(32))
    fork.tree.append(bytes(32))
    ours = ledger.receipt(3, keys=[0])
    assert fork.tree.size == ledger.tree.size
    yield "signer-enrolled-in-fork", _case(
        "record and enrolment under two heads of one size", replace(ours, keys=(fork.receipt(0),)), policy,
        _invalid("signer", "RootMismatch"),
    )  # fmt: skip
    bent = _proof(ours.keys[0], index=1)
    yield (
        "signer-enrolment-not-included",
        _case(
            "the enrolment's own proof leads elsewhere",
            replace(ours, keys=(bent,)),
            policy,
            _invalid("signer", "RootMismatch"),
        ),
    )
    record_as_key = replace(ours, keys=(ledger.receipt(1),))
    yield (
        "signer-record-as-key-event",
        _case("a record stands where a key event belongs", record_as_key, policy, _invalid("signer", "Malformed")),
    )
    twice = ledger.receipt(3, keys=[0, 0])
    yield "signer-enrolment-twice", _case("one event twice", twice, policy, _invalid("signer", "KeyNotValid"))
    hidden = replace(ours, keys=(replace(ours.keys[0], disclosures=ours.keys[0].disclosures[:-1]),))
    yield (
        "signer-enrolment-with-withheld-field",
        _case("a field of the key event was not supplied", hidden, policy, (UNKNOWN, "signer", "MissingEvidence")),
    )
    altered = disclosure(["A" * 22, "role", "enroller"])
    raised = replace(ours.keys[0], disclosures=(*ours.keys[0].disclosures[:-1], altered))
    yield (
        "signer-enrolment-with-altered-role",
        _case(
            "a role that nobody signed",
            replace(ours, keys=(raised,)),
            policy,
            _invalid("signer", "DisclosureNotCommitted"),
        ),
    )
    assert device.kid != ledger.root.kid


def _histories() -> Cases:
    """Lives of keys: each case is a log of its own, its last record under all of its key events."""
    yield from _histories_of_devices()
    yield from _histories_of_enrollers()


def _story(desc: str, ledger: MemoryLedger, index: int, keys: Iterable[int], answer: Answer) -> dict[str, Any]:
    return _case(desc, ledger.receipt(index, keys=keys), ledger.policy(), answer)


def _histories_of_devices() -> Cases:
    not_valid, compromised = _invalid("signer", "KeyNotValid"), _invalid("signer", "KeyCompromised")
    foreign = MemoryLedger()
    device = foreign.key("device")
    foreign.event("enrol", device.public, foreign.key("foreign root"))
    yield (
        "key-enrolled-by-foreign-root",
        _story(
            "the enroller is no root of the policy",
            foreign,
            foreign.record(device),
            [0],
            _invalid("signer", "KeyNotTrusted"),
        ),
    )
    ledger = MemoryLedger()
    early = ledger.record(device)
    ledger.event("enrol", device.public, ledger.root)
    yield "key-enrolled-after-the-record", _story("entry 0, enrolled at 1", ledger, early, [1], not_valid)
    ledger, device = populated(2)
    before = 2
    ledger.event("revoke", device.public, ledger.root)
    after = ledger.record(device)
    yield "key-revoked", _story("signed after its revocation", ledger, after, [0, 3], not_valid)
    yield "key-good-before-its-revocation", _story("signed before it", ledger, before, [0, 3], _SOUND)
    ledger.event("enrol", device.public, ledger.root)
    yield (
        "key-enrolled-again-after-revocation",
        _story("a revocation cannot be washed off", ledger, ledger.record(device), [0, 3, 5], not_valid),
    )
    ledger, device = populated(3)
    since = format_time(ledger.time(2))
    ledger.event("compromise", device.public, ledger.root, compromised_since=since)
    yield "key-compromised", _story("received after the compromise began", ledger, 3, [0, 4], compromised)
    yield "key-compromised-at-that-instant", _story("received when it began", ledger, 2, [0, 4], compromised)
    yield "key-good-before-its-compromise", _story("received before it began", ledger, 1, [0, 4], _SOUND)
    ledger, device = populated(1)
    later = format_time(ledger.time(2) + timedelta(days=1))
    ledger.event("compromise", device.public, ledger.root, compromised_since=later)
    yield "key-compromised-in-the-future", _story("a claim about tomorrow", ledger, 1, [0, 2], not_valid)
    ledger, device = populated(1)
    successor = ledger.key("successor")
    ledger.event("rotate", successor.public, ledger.root, subject=device.kid)
    yield "key-rotated-new-key", _story("signed by the successor", ledger, ledger.record(successor), [0, 2], _SOUND)
    yield "key-rotated-old-key", _story("signed by the predecessor", ledger, ledger.record(device), [0, 2], not_valid)
    ledger, device = populated(1)
    ledger.event("rotate", successor.public, ledger.root, subject=device.kid, role="enroller")
    yield (
        "key-rotation-changes-role",
        _story("a rotation that raises the role", ledger, ledger.record(successor), [0, 2], not_valid),
    )
    ledger, device = populated(1)
    wrong = ledger.statement(_event_payload(device, ledger.key("other")), ledger.root, KEY_EVENT)
    ledger.append(wrong)
    yield (
        "key-event-of-other-thumbprint",
        _story("the subject is not the key's thumbprint", ledger, 1, [0, 2], _invalid("signer", "Malformed")),
    )


def _event_payload(subject: SigningKey, key: SigningKey) -> dict[str, Any]:
    return {
        "subject": f"key/{subject.kid}",
        "action": "enrol",
        "jwk": key.public.to_json(),
        "holder": "x",
        "role": "device",
    }


def _histories_of_enrollers() -> Cases:
    ledger = MemoryLedger()
    enroller, device, second = ledger.key("enroller"), ledger.key("device"), ledger.key("second")
    ledger.event("enrol", enroller.public, ledger.root, role="enroller")
    ledger.event("enrol", device.public, enroller)
    record = ledger.record(device)
    yield "key-enrolled-by-enroller", _story("root, enroller, device", ledger, record, [0, 1], _SOUND)
    yield (
        "key-chain-out-of-order",
        _story(
            "the device's enrolment in front of its enroller's",
            ledger,
            record,
            [1, 0],
            _invalid("signer", "KeyNotTrusted"),
        ),
    )
    yield (
        "key-chain-without-enroller",
        _story(
            "the enroller's own enrolment is not supplied", ledger, record, [1], _invalid("signer", "KeyNotTrusted")
        ),
    )
    yield "key-event-without-enroller", _story(
        "a key event by an enroller whose enrolment is not supplied", ledger, 1, [],
        (UNKNOWN, "signer", "MissingEvidence"),
    )  # fmt: skip
    ledger.event("enrol", second.public, device)
    yield (
        "key-enrolled-by-device",
        _story("a device may not enrol", ledger, ledger.record(second), [0, 1, 3], _invalid("signer", "KeyNotTrusted")),
    )
    ledger = MemoryLedger()
    ledger.event("enrol", enroller.public, ledger.root, role="enroller")
    ledger.event("enrol", device.public, enroller)
    record = ledger.record(device)
    ledger.event(
        "compromise", enroller.public, ledger.root, role="enroller", compromised_since=format_time(ledger.time(1))
    )
    yield (
        "key-enrolled-by-compromised-enroller",
        _story(
            "what it enrolled after its compromise falls with it",
            ledger,
            record,
            [0, 1, 3],
            _invalid("signer", "KeyCompromised"),
        ),
    )
    ledger = MemoryLedger()
    ledger.event("enrol", enroller.public, ledger.root, role="enroller")
    ledger.event("enrol", device.public, enroller)
    record = ledger.record(device)
    ledger.event(
        "compromise", enroller.public, ledger.root, role="enroller", compromised_since=format_time(ledger.time(2))
    )
    yield (
        "key-enrolled-before-enrollers-compromise",
        _story("what it enrolled before stands", ledger, record, [0, 1, 3], _SOUND),
    )
    ledger.event("enrol", second.public, enroller)
    yield (
        "key-enrolled-by-revoked-enroller",
        _story(
            "an enroller whose key has ended",
            ledger,
            ledger.record(second),
            [0, 1, 3, 4],
            _invalid("signer", "KeyNotValid"),
        ),
    )


def _statements() -> Cases:
    ledger, device = populated(1)
    policy = ledger.policy()
    honest = ledger.statement(calibration(), device)
    stolen = forge(ledger.key("thief"), body_of(honest), HEADER | {"kid": device.kid})
    index = ledger.append(replace(honest, jwt=stolen))
    yield "signature-of-other-key", _case(
        "the kid of one key, the signature of another", ledger.receipt(index, keys=[0]), policy,
        _invalid("signature", "SignatureInvalid"),
    )  # fmt: skip
    good = ledger.receipt(1, keys=[0])
    first, *others = good.disclosures
    short = disclosure(["AAAA", "result", "fail"])
    bent = {
        "foreign": ((disclosure(["A" * 22, "result", "fail"]), *others), "DisclosureNotCommitted"),
        "with-short-salt": ((*good.disclosures, short), "DisclosureNotCommitted"),
        "twice": ((first, first), "Malformed"),
        "empty": (("",), "DisclosureNotCommitted"),
        "other-letters": (("\u00e9",), "Malformed"),
        "of-other-record": (ledger.statements[0].disclosures, "DisclosureNotCommitted"),
    }
    for name, (shown, reason) in bent.items():
        receipt = replace(good, disclosures=shown)
        yield f"disclosure-{name}", _case("not what was signed", receipt, policy, _invalid("disclosures", reason))
    wrong = ledger.record(device, result="perhaps")
    yield "schema-mismatch", _case(
        "the payload does not fit its record type", ledger.receipt(wrong, keys=[0]), policy,
        _invalid("schema", "SchemaMismatch"),
    )  # fmt: skip
    for name, kind in {
        "schema-unknown-version": Kind("calibration_record", "9;sha-256=" + "C" * 43),
        "schema-of-other-digest": Kind("calibration_record", "1;sha-256=" + "D" * 43),
        "schema-unknown-type": Kind("tea_break", "1;sha-256=" + "C" * 43),
    }.items():
        index = ledger.append(ledger.statement(calibration(), device, kind))
        yield name, _case(
            "a record type that this verifier does not have", ledger.receipt(index, keys=[0]), policy,
            (UNKNOWN, "schema", "MissingEvidence"),
        )  # fmt: skip


def _judgements() -> Cases:
    """Receipts of version 2: what the rules said, committed in the entry."""
    ledger, device = populated(1)
    policy = ledger.policy()
    failed = rule_result("TR5", "fail", "overlapping", 0, 1)
    index = ledger.judged(device, rule_result("TR1", "pass"), failed)
    good = ledger.receipt(index, keys=[0])
    at = ledger.statements[index].claims.occurred_at
    yield "judgement-sound", _case("a record with its rule results", good, policy, _SOUND)
    withheld = replace(good, judgement=None)
    yield "judgement-withheld", _case("the judgement is not shown: no gap in the proof", withheld, policy, _SOUND)
    older = replace(withheld, version=1)
    yield "judgement-in-receipt-of-version-1", _case("a receipt without a place for it", older, policy, _SOUND)
    unjudged = replace(ledger.receipt(1, keys=[0]), version=2)
    yield "judgement-never-made", _case("an entry of version 1 has none to show", unjudged, policy, _SOUND)
    passed = judgement_disclosure(judgement_value(index, at, rule_result("TR1"), rule_result("TR5")))
    bent = {
        "failure-turned-into-pass": (good, passed),
        "other-salt": (
            good,
            judgement_disclosure(judgement_value(index, at, rule_result("TR1"), failed), salt="A" * 22),
        ),
        "of-other-entry": (good, ledger.judgements[ledger.judged(device)]),
        "empty": (good, ""),
        "for-entry-of-version-1": (unjudged, good.judgement),
    }
    for name, (receipt, shown) in bent.items():
        case = _case(
            "not what the entry commits to",
            replace(receipt, judgement=shown),
            policy,
            _invalid("judgement", "DisclosureNotCommitted"),
        )
        yield f"judgement-{name}", case
    yield from _committed_nonsense()


def _committed_nonsense() -> Cases:
    """What a ledger that follows no format commits to: the digest fits, the content does not."""
    ledger, device = populated(1)
    start = ledger.time(2) - timedelta(minutes=5)
    at = format_time(start)
    value = judgement_value(2, at, rule_result("TR5", "fail", "overlapping", 0, 1))
    later = format_time(start + timedelta(seconds=1))
    texts: dict[str, tuple[str, str]] = {
        "of-other-name": (judgement_disclosure(value, name="result"), "Malformed"),
        "with-short-salt": (judgement_disclosure(value, salt="AAAA"), "Malformed"),
        "version-2": (judgement_disclosure(value | {"v": 2}), "UnsupportedVersion"),
        "member-unknown": (judgement_disclosure(value | {"compliant": True}), "Malformed"),
        "outcome-unknown": (judgement_disclosure(value | {"results": [rule_result("TR5", "maybe")]}), "Malformed"),
        "inputs-descending": (
            judgement_disclosure(value | {"results": [rule_result("TR5", "pass", "", 1, 0)]}),
            "Malformed",
        ),
        "input-is-itself": (
            judgement_disclosure(value | {"results": [rule_result("TR5", "pass", "", 2)]}),
            "Malformed",
        ),
        "knows-the-future": (judgement_disclosure(value | {"known": 3}), "Malformed"),
        "knows-too-little": (judgement_disclosure(value | {"known": 1}), "Malformed"),
        "at-other-instant": (judgement_disclosure(value | {"at": later}), "Malformed"),
        "sixty-five-results": (judgement_disclosure(value | {"results": [rule_result()] * 65}), "LimitExceeded"),
        "deep": (judgement_disclosure(value | {"results": [_deep()]}), "Malformed"),
        "not-a-disclosure": ("!", "Malformed"),
    }
    for name, (text, reason) in texts.items():
        ledger, device = populated(1)
        index = ledger.append(ledger.statement(calibration(), device), judgement=text)
        yield f"judgement-{name}", _case(
            "committed, but no judgement of this record", ledger.receipt(index, keys=[0]), ledger.policy(),
            _invalid("judgement", reason),
        )  # fmt: skip


def _anchors() -> Cases:
    ledger, _ = populated()
    size, root = ledger.tree.size, ledger.tree.root()
    anchor = chain.anchor(ORIGIN, size, root)
    trusted = ledger.policy(chains=chain.chain_policy(anchor["block"]["hash"]), require_anchor=True)
    good = ledger.receipt(3, keys=[0], anchors=[anchor])
    missing = (UNKNOWN, "anchor", "MissingEvidence")
    yield "anchor-sound", _case("header, account, storage, head, checkpoint", good, trusted, _SOUND)
    bare = ledger.receipt(3, keys=[0])
    yield "anchor-missing", _case("an anchor is asked for and there is none", bare, trusted, missing)
    lenient = trusted.replace("require_anchor = true", "require_anchor = false")
    yield "anchor-missing-not-required", _case("no anchor, none asked for", bare, lenient, _SOUND)
    older = ledger.receipt(3, keys=[0], anchors=[chain.anchor(ORIGIN, 5, ledger.tree.root(5))])
    yield "anchor-of-older-checkpoint", _case("the anchor is of size 5", older, trusted, missing)
    other_contract = trusted.replace("5afe5afe", "5afe0000", 1)
    yield (
        "anchor-of-unlisted-contract",
        _case("a contract that the policy does not name", good, other_contract, missing),
    )
    untrusted = ledger.policy(chains=chain.chain_policy(), require_anchor=True)
    yield (
        "anchor-header-not-listed",
        _case("nothing vouches for the block", good, untrusted, (UNKNOWN, "finality", "MissingEvidence")),
    )
    code = trusted.replace(chain.CODE_HASH.hex(), "11" * 32)
    yield (
        "anchor-other-code",
        _case("not the code that the policy names", good, code, _invalid("anchor", "ChainMismatch")),
    )
    forked = chain.anchor(ORIGIN, size, bytes(32))
    yield "anchor-of-other-root", _case(
        "the chain holds another root of this size", ledger.receipt(3, keys=[0], anchors=[forked]), trusted,
        _invalid("anchor", "ClaimMismatch"),
    )  # fmt: skip
    foreign = chain.anchor("other.example.com/log", size, root)
    yield "anchor-of-other-ledger", _case(
        "another ledger's head", ledger.receipt(3, keys=[0], anchors=[foreign]), trusted,
        _invalid("anchor", "StorageMismatch"),
    )  # fmt: skip
    yield from _bent_anchors(ledger, anchor, lenient)


def _bent_anchors(ledger: MemoryLedger, anchor: dict[str, Any], policy: str) -> Cases:
    """A false anchor is INVALID even where none is asked for."""
    zero = "0x" + "00" * 32
    parts: dict[str, tuple[list[str | int], Any, str]] = {
        "size-changed": (["claim", "size"], 7, "HeadMismatch"),
        "head-changed": (["claim", "head"], zero, "HeadMismatch"),
        "word-changed": (["storage_proof", 0, "value"], zero, "StorageMismatch"),
        "block-hash-changed": (["block", "hash"], zero, "HeaderMismatch"),
        "block-number-changed": (["block", "number"], 1, "HeaderMismatch"),
        "account-proof-empty": (["account_proof"], [], "MalformedProof"),
        "storage-proof-empty": (["storage_proof"], [], "StorageMismatch"),
        "contract-short": (["contract"], "0x00", "Malformed"),
        "version-2": (["v"], 2, "UnsupportedVersion"),
        "member-unknown": (["trusted"], True, "Malformed"),
    }
    for name, (path, value, reason) in parts.items():
        bent = json.loads(json.dumps(anchor))
        target = bent
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value
        receipt = ledger.receipt(3, keys=[0], anchors=[bent])
        yield f"anchor-{name}", _case("false evidence", receipt, policy, _invalid("anchor", reason))
