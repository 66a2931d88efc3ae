"""Receipts under foreign code (jose, @sd-jwt/core, @sigstore/verify, @ethereumjs/mpt); its statements under ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence.encoding import b64url_encode
from evidence.entry import encode_entry, parse_entry
from evidence.merkle.tree import MerkleTree
from evidence.statement import disclosed, parse_statement, stream_id, uuid7, verify_signature
from tests.conformance.conftest import Node, policy_as_json
from tests.reference import chain, judgements
from tests.reference.judgements import rule_result
from tests.reference.ledger import CALIBRATION, ORIGIN, STREAM_KEY, MemoryLedger, calibration, populated

LEDGER, DEVICE = populated(12)
ANCHOR = chain.anchor(ORIGIN, LEDGER.tree.size, LEDGER.tree.root())
POLICY = LEDGER.policy(chains=chain.chain_policy(ANCHOR["block"]["hash"]), require_anchor=True)


@pytest.fixture
def verdicts(node: Node, tmp_path: Path) -> Callable[[list[Any]], list[dict[str, Any]]]:
    """Verify receipts under the policy of the reference ledger."""

    def run(receipts: list[Any]) -> list[dict[str, Any]]:
        (tmp_path / "policy.json").write_text(policy_as_json(POLICY))
        paths = [tmp_path / f"{number}.json" for number in range(len(receipts))]
        for path, receipt in zip(paths, receipts, strict=True):
            path.write_text(json.dumps(receipt))
        lines = node("verify.mjs", str(tmp_path / "policy.json"), *map(str, paths))
        return [json.loads(line) for line in lines]

    return run


def test_receipts_of_the_reference_ledger(verdicts: Callable[[list[Any]], list[dict[str, Any]]]) -> None:
    receipts = [LEDGER.receipt(index, keys=[0] if index else [], anchors=[ANCHOR]) for index in range(LEDGER.tree.size)]
    results = verdicts([json.loads(receipt.to_json()) for receipt in receipts])
    assert [result.get("error") for result in results] == [None] * len(receipts)
    for index, result in enumerate(results):
        assert (result["index"], result["size"], result["origin"]) == (index, LEDGER.tree.size, ORIGIN)
        assert result["payload"] == disclosed(LEDGER.statements[index])
        assert result["anchors"] == [{"block": 41, "seq": 1}]


def test_foreign_code_refuses_what_we_refuse(verdicts: Callable[[list[Any]], list[dict[str, Any]]]) -> None:
    good = json.loads(LEDGER.receipt(5, keys=[0], anchors=[ANCHOR]).to_json())
    other = json.loads(LEDGER.receipt(6, keys=[0]).to_json())
    lines = good["proof"].split("\n")
    lines[2], lines[3] = lines[3], lines[2]
    word = ANCHOR | {"claim": ANCHOR["claim"] | {"root": "0x" + "00" * 32}}
    bent = [
        good | {"entry": other["entry"]},
        good | {"proof": "\n".join(lines)},
        good | {"disclosures": other["disclosures"]},
        good | {"keys": []},
        good | {"anchors": [word]},
        good | {"proof": good["proof"].replace("demo\n13\n", "demo\n14\n")},
    ]
    assert [result["valid"] for result in verdicts([good, *bent])] == [True] + [False] * len(bent)


def test_judgements_of_the_reference_ledger(verdicts: Callable[[list[Any]], list[dict[str, Any]]]) -> None:
    ledger, device = populated(1)
    ledger.judged(device, rule_result("TR5", "fail", "overlapping", 0, 1))
    ledger.judged(device, rule_result("TR5", "pass"))
    shown = json.loads(ledger.receipt(2, keys=[0]).to_json())
    other = json.loads(ledger.receipt(3, keys=[0]).to_json())
    results = verdicts(
        [
            shown,
            shown | {"judgement": None},
            shown | {"judgement": other["judgement"]},
            json.loads(ledger.receipt(1, keys=[0]).to_json()) | {"v": 2, "judgement": shown["judgement"]},
        ]
    )
    assert [result["valid"] for result in results] == [True, True, False, False]
    assert results[0]["judgement"] == judgements.shown(ledger.entries[2], ledger.judgements[2])
    assert results[1]["judgement"] is None


def test_receipts_of_the_demo(node: Node, demo_output: Path, tmp_path: Path) -> None:
    paths = sorted((demo_output / "receipts").glob("*.json"))
    assert paths, "the demo wrote no receipts"
    (tmp_path / "policy.json").write_text(policy_as_json((demo_output / "policy.toml").read_text(encoding="utf-8")))
    results = [json.loads(line) for line in node("verify.mjs", str(tmp_path / "policy.json"), *map(str, paths))]
    assert [(result["path"], result.get("error")) for result in results] == [(str(path), None) for path in paths]
    assert any(result["anchors"] for result in results)


@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA"])
def test_statements_issued_by_node_are_ours(node: Node, alg: str) -> None:
    ledger = MemoryLedger()
    key = ledger.key("device")
    requests = [_request(ledger, alg, number) for number in range(5)]
    for line, request in zip(node("issue.mjs", data=json.dumps(requests)), requests, strict=True):
        statement = parse_statement(line)
        verify_signature(statement, key.public)
        assert disclosed(statement) == request["payload"]
        assert statement.claims.to_json() == request["claims"]
        assert len(statement.sd) >= len(request["payload"])
        data = encode_entry(None, ledger.time(0), statement.jwt, statement.claims.stream, 0)
        assert parse_entry(data).statement.claims == statement.claims
        assert MerkleTree([parse_entry(data).leaf_hash]).size == 1


def _request(ledger: MemoryLedger, alg: str, number: int) -> dict[str, Any]:
    key = ledger.key("device")
    seed = ledger._material("key/device")
    payload = calibration(number)
    claims = {
        "iss": "urn:safety-ledger:device:node", "iat": 1_793_600_000 + number,
        "jti": uuid7(1_793_600_000_000 + number, ledger.draw(10)), "type": CALIBRATION.id,
        "schema": CALIBRATION.schema_claim, "stream": stream_id(STREAM_KEY, payload["subject"]),
        "occurred_at": "2026-11-02T06:00:00Z", "channel": "mobile",
    }  # fmt: skip
    jwk = key.public.to_json() | {"d": b64url_encode(seed), "alg": alg}
    return {"jwk": jwk, "kid": key.kid, "alg": alg, "claims": claims, "payload": payload, "decoys": number}
