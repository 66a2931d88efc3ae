"""Every parser of the core with a sound input, for tests that feed them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evidence import rule_results
from evidence.canonical import dumps, loads, loads_canonical
from evidence.checkpoint import parse_checkpoint_text
from evidence.encoding import b64_decode, b64url_decode, hex_decode, parse_decimal, parse_time
from evidence.entry import parse_entry
from evidence.key_events import KeyEvent
from evidence.keys import parse_jwk
from evidence.merkle.tiles import decode_entries, decode_tile, encode_entries, parse_tile_path
from evidence.notes import VerifierKey, parse_note
from evidence.policy import parse_policy
from evidence.receipt import parse_receipt
from evidence.records.judgement import parse_judgement
from evidence.statement import disclosed, parse_disclosure, parse_jwt, parse_statement, present
from evidence.tlog_proof import parse_tlog_proof
from tests.reference import chain
from tests.reference.judgements import rule_result
from tests.reference.ledger import ORIGIN, populated

LEDGER, DEVICE = populated(4)
JUDGED = LEDGER.judged(DEVICE, rule_result("CA1", "fail", "expired", 1), number=1)
ANCHOR = chain.anchor(ORIGIN, LEDGER.tree.size, LEDGER.tree.root())
POLICY = LEDGER.policy(chains=chain.chain_policy(ANCHOR["block"]["hash"]), require_anchor=True)
RECEIPT = LEDGER.receipt(JUDGED, keys=[0], anchors=[ANCHOR])
JUDGEMENT = LEDGER.judgements[JUDGED]
STATEMENT = LEDGER.statements[JUDGED]
EVENT = disclosed(LEDGER.statements[0])


def _walk(compact: str) -> object:
    statement = parse_statement(compact)
    present(statement, ["result"])
    return disclosed(statement)


OF_BYTES: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "loads": (loads, RECEIPT.to_json()),
    "loads_canonical": (loads_canonical, dumps({"a": [1, "é", None], "b": {"c": 1.5}})),
    "note": (parse_note, RECEIPT.proof.checkpoint),
    "checkpoint": (parse_checkpoint_text, parse_note(RECEIPT.proof.checkpoint).text),
    "tlog_proof": (parse_tlog_proof, RECEIPT.proof.to_text().encode()),
    "entry": (parse_entry, RECEIPT.entry),
    "receipt": (parse_receipt, RECEIPT.to_json()),
    "bundle": (lambda data: decode_entries(data, 3), encode_entries([b"", b"ab", b"c" * 300])),
    "tile": (lambda data: decode_tile(data, 2), bytes(64)),
}
OF_TEXTS: dict[str, tuple[Callable[[str], object], str]] = {
    "decimal": (parse_decimal, "1234"),
    "time": (parse_time, "2026-11-02T06:00:00.000001Z"),
    "base64": (b64_decode, "AAECAw=="),
    "base64url": (b64url_decode, "AAECAw"),
    "hex": (hex_decode, "0x0011"),
    "verifier_key": (VerifierKey.parse, str(LEDGER.signer.vkey)),
    "tile_path": (parse_tile_path, "tile/0/x001/x234/067.p/8"),
    "jwt": (parse_jwt, STATEMENT.jwt),
    "statement": (_walk, STATEMENT.compact),
    "disclosure": (parse_disclosure, STATEMENT.disclosures[0]),
    "policy": (parse_policy, POLICY),
    "judgement": (rule_results.parse, JUDGEMENT),
}
OF_JSON: dict[str, tuple[Callable[[Any], object], Any]] = {
    "jwk": (parse_jwk, DEVICE.public.to_json()),
    "key_event": (KeyEvent.from_payload, EVENT),
    "judgement_value": (parse_judgement, rule_results.parse(JUDGEMENT).to_value()),
}
