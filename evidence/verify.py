"""Verify receipts offline against the verifier's own policy, and say check by check what is proven.

    verifier = ReceiptVerifier(parse_policy(text), load_catalogue().all_types(), validate, validate_shown)
    report = verifier.verify(data, subject="receipt.json")
    report.verdict  # VALID, INVALID or UNKNOWN

The checks, in order: (1) format, (2) checkpoint, (3) inclusion, (4) entry, (5) signer, (6) signature, (7) disclosures,
(8) schema, (9) judgement, (10) anchor, (11) finality. A check that depends on a failed one is reported as not run.
`verify` never raises for bad input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from evidence import rule_results
from evidence.anchor_checks import AnchorVerifier
from evidence.canonical import dumps
from evidence.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from evidence.encoding import parse_time
from evidence.entry import Entry, parse_entry
from evidence.errors import KeyNotTrusted, Malformed, MissingEvidence, RootMismatch
from evidence.hashing import leaf_hash, sha256
from evidence.key_events import RECORD_TYPE, REQUIRED_FIELDS, KeyEvent, KeyHistory
from evidence.keys import PublicJwk
from evidence.merkle.verify import verify_inclusion
from evidence.notes import parse_note
from evidence.policy import VerificationPolicy
from evidence.receipt import Receipt, parse_receipt
from evidence.report import CheckList, CheckStopped, Report
from evidence.statement import Statement, disclosed, verify_signature

CHECKS = (
    "format", "checkpoint", "inclusion", "entry", "signer", "signature", "disclosures", "schema", "judgement", "anchor",
    "finality",
)  # fmt: skip
_CACHE_LIMIT = 4096


class PayloadSchema(Protocol):
    """What verification needs of a record type."""

    @property
    def id(self) -> str: ...
    @property
    def schema_claim(self) -> str: ...


class ReceiptVerifier:
    """Verifies many receipts under one policy; what they share (checkpoints, key events, anchors) is checked once."""

    def __init__(
        self,
        policy: VerificationPolicy,
        record_types: Iterable[PayloadSchema] = (),
        validate: Callable[[Any, Mapping[str, Any]], None] | None = None,
        validate_shown: Callable[[Any, Mapping[str, Any]], None] | None = None,
    ) -> None:
        """`validate(record_type, payload)` raises `SchemaMismatch`; `validate_shown` does of a payload shown in part.

        Without them only the signed schema is compared.
        """
        self.policy = policy
        self._types = {(item.id, item.schema_claim): item for item in record_types}
        self._validate = validate
        self._validate_shown = validate_shown
        self._checkpoints: dict[bytes, Checkpoint] = {}
        self._histories: dict[bytes, KeyHistory] = {}
        self._anchors = AnchorVerifier(policy)

    def verify(self, data: bytes, subject: str = "receipt") -> Report:
        """Verify the bytes of a `receipt.json` and report every check."""
        checks = CheckList(subject)
        try:
            receipt = checks.run("format", lambda: parse_receipt(data), "well-formed receipt")
            checkpoint = checks.run(
                "checkpoint", lambda: self.checkpoint(receipt.proof.checkpoint), _describe_checkpoint
            )
        except CheckStopped:
            checks.skip(CHECKS[len(checks.report().checks) :])
            return checks.report()
        try:
            self._verify_record(checks, receipt, checkpoint)
        except CheckStopped:
            checks.skip(CHECKS[len(checks.report().checks) : CHECKS.index("anchor")])
        self._anchors.run(checks, receipt.anchors, checkpoint)
        return checks.report()

    def checkpoint(self, note: bytes) -> Checkpoint:
        """The checkpoint of a signed note, by a log key that the policy holds good for its size (FORMATS 9)."""
        if note not in self._checkpoints:
            # The size decides which keys count, so it is read before the signature and trusted only after it.
            size = parse_checkpoint_text(parse_note(note).text).size
            _remember(self._checkpoints, note, open_checkpoint(note, self.policy.log_keys(size)))
        return self._checkpoints[note]

    def history(self, keys: Sequence[Receipt], under: Checkpoint) -> KeyHistory:
        """Apply the key events of `keys`, each proven under the checkpoint `under`, in log order.

        Raises what is wrong with the first bad one.
        """
        cache_key = sha256(dumps([key.to_value() for key in keys]) + under.to_text())
        if cache_key not in self._histories:
            history = KeyHistory(self.policy.statement_roots)
            for key in keys:
                self._apply_key_event(history, key, under)
            _remember(self._histories, cache_key, history)
        return self._histories[cache_key]

    def _verify_record(self, checks: CheckList, receipt: Receipt, checkpoint: Checkpoint) -> None:
        checks.run("inclusion", lambda: _verify_included(receipt, checkpoint), f"entry {receipt.proof.index} is in it")
        entry = checks.run("entry", lambda: parse_entry(receipt.entry), "canonical, in its statement's stream")
        jwk = checks.run("signer", lambda: self._signer(receipt, entry, checkpoint), "key was good at this index")
        checks.run("signature", lambda: verify_signature(entry.statement, jwk), "signed by that key")
        shown = entry.statement.showing(receipt.disclosures)
        payload = checks.run("disclosures", lambda: disclosed(shown), partial(_describe_disclosures, shown))
        # Whether this verifier knows the record type says nothing about the judgement: the entry commits to that one.
        with suppress(CheckStopped):
            checks.run("schema", lambda: self._verify_schema(shown, payload), lambda words: words)
        checks.run("judgement", lambda: _verify_judgement(receipt, entry), lambda words: words)

    def _signer(self, receipt: Receipt, entry: Entry, checkpoint: Checkpoint) -> PublicJwk:
        history = self.history(receipt.keys, checkpoint)
        kid, index = entry.statement.kid, receipt.proof.index
        is_key_event = entry.statement.claims.type == RECORD_TYPE
        if history.get(kid) is None and not (is_key_event and history.is_root(kid)):
            raise MissingEvidence(f"the receipt has no enrolment of key {kid}")
        if is_key_event:
            return history.enroller(kid, index, entry.received_at)
        return history.require_valid(kid, index, entry.received_at)

    def _apply_key_event(self, history: KeyHistory, key: Receipt, under: Checkpoint) -> None:
        checkpoint = self.checkpoint(key.proof.checkpoint)
        if checkpoint.origin != under.origin or checkpoint.size > under.size:
            raise KeyNotTrusted("a key event is proven under another log or a newer checkpoint than the receipt")
        if checkpoint.size < under.size:
            # Nothing in a receipt ties an older head to this one: a fork's would serve as well.
            raise MissingEvidence("a key event is proven under an older checkpoint: supply its proof under this one")
        if checkpoint.root != under.root:
            raise RootMismatch(under.root, checkpoint.root)
        _verify_included(key, checkpoint)
        entry = parse_entry(key.entry)
        apply_key_event(history, key.proof.index, entry, entry.statement.showing(key.disclosures))

    def _verify_schema(self, statement: Statement, payload: Mapping[str, Any]) -> str:
        claims = statement.claims
        record_type = self._types.get((claims.type, claims.schema))
        if record_type is None:
            raise MissingEvidence(
                f"record type {claims.type} {claims.schema} is not known to this verifier: give it the site's catalogue"
            )
        if len(payload) < len(statement.sd):
            # A partial payload cannot be held against required fields; the signed digest names the exact schema.
            if self._validate_shown is None:
                return f"signed as {claims.type}; the payload is shown in part and was not validated as a whole"
            self._validate_shown(record_type, payload)
            return (
                f"signed as {claims.type}; the fields shown fit it, whether all that it requires are there is not said"
            )
        if self._validate is not None:
            self._validate(record_type, payload)
        return f"signed as {claims.type} and fits it"


def apply_key_event(history: KeyHistory, index: int, entry: Entry, statement: Statement) -> KeyEvent:
    """Verify the key event `statement` (with its disclosures) of `entry` at `index` and apply it to `history`."""
    if statement.claims.type != RECORD_TYPE:
        raise Malformed(f"entry {index} is not a key event")
    verify_signature(statement, history.enroller(statement.kid, index, entry.received_at))
    payload = disclosed(statement)
    if len(payload) < len(statement.sd) and not payload.keys() >= set(REQUIRED_FIELDS):
        raise MissingEvidence(f"the key event of entry {index} is not shown in full: supply its other disclosures")
    event = KeyEvent.from_payload(payload)
    history.apply(index, entry.received_at, statement.kid, event)
    return event


def _verify_included(receipt: Receipt, checkpoint: Checkpoint) -> None:
    proof = receipt.proof
    verify_inclusion(leaf_hash(receipt.entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root)


def _verify_judgement(receipt: Receipt, entry: Entry) -> str:
    """Hold the judgement against the entry and its place; words for the report.

    A withheld one is no gap in the proof of the record, as little as a withheld field.
    """
    if receipt.judgement is None:
        if entry.judgement is None:
            return "the entry commits to no judgement"
        return "the entry commits to a judgement that is not shown (withheld or erased)"
    judgement = rule_results.unseal(receipt.judgement, entry.judgement)
    if judgement.known != receipt.proof.index:
        raise Malformed(f"the judgement knows {judgement.known} entries, at index {receipt.proof.index}")
    if any(index >= judgement.known for item in judgement.results for index in item.inputs):
        raise Malformed("the judgement rests on an entry behind its own")
    if judgement.at != parse_time(entry.statement.claims.occurred_at):
        raise Malformed("the judgement is on another instant than the record's")
    return rule_results.words(judgement)


def _describe_checkpoint(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.origin} at size {checkpoint.size}, signed by a trusted log key"


def _describe_disclosures(statement: Statement, payload: Mapping[str, Any]) -> str:
    withheld = len(statement.sd) - len(payload)
    return f"{len(payload)} fields shown as signed; {withheld} digests without a disclosure (withheld, erased or decoy)"


def _remember(cache: dict[bytes, Any], key: bytes, value: Any) -> None:
    # Bounded, so that a flood of distinct receipts cannot fill the memory; only proven values are ever kept.
    if len(cache) >= _CACHE_LIMIT:
        cache.clear()
    cache[key] = value


def verify_receipt(
    data: bytes, policy: VerificationPolicy, record_types: Iterable[PayloadSchema] = (), subject: str = "receipt"
) -> Report:
    """Verify one receipt; see `ReceiptVerifier`."""
    return ReceiptVerifier(policy, record_types).verify(data, subject)
