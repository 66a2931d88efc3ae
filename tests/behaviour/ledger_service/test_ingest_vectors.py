"""Every file of tests/vectors/ingest is a statement that is taken or refused, with the status and reason it names.

A file changes a good loading step: `claims`, `payload`, `signer`, `decoys`, `withhold`, or a `forge` after signing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence.canonical import dumps, loads
from evidence.encoding import b64url_decode, b64url_encode
from evidence.keys import SigningKey
from evidence.statement import issue, parse_disclosure
from ledger_service.statements.model import Rejected, Sequenced
from tests.fakes.check_ledger import check_ledger
from tests.fakes.http import request
from tests.fakes.plant import LEDGER, STEP, Plant

FILES = sorted((Path(__file__).parents[2] / "vectors" / "ingest").glob("*.json"))
STRANGER = SigningKey.from_seed(bytes(31) + b"\x07")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_vector(plant: Plant, file: Path) -> None:
    vector = json.loads(file.read_text())
    compact = statement_of(plant, vector)
    outcome = plant.submit(compact)[0]
    if vector["expect"] is None:
        assert isinstance(outcome, Sequenced), outcome
    else:
        assert isinstance(outcome, Rejected)
        assert [outcome.error.status, outcome.error.reason] == vector["expect"]
    assert check_ledger(plant.services.engine, LEDGER) == 2 + isinstance(outcome, Sequenced)


@pytest.mark.parametrize(
    "file", [file for file in FILES if not file.stem.startswith("accepted")], ids=lambda file: file.stem
)
def test_vector_over_http(plant: Plant, file: Path) -> None:
    vector = json.loads(file.read_text())
    compact = statement_of(plant, vector)
    headers = {"content-type": "application/sd-jwt"}
    answer = request(plant.services, "POST", f"/v1/ledgers/{LEDGER}/statements", content=compact, headers=headers)
    assert [answer.status_code, answer.json()["reason"]] == vector["expect"]


def test_there_are_vectors() -> None:
    assert len(FILES) > 30


def statement_of(plant: Plant, vector: dict[str, Any]) -> str:
    if "raw" in vector:
        return str(vector["raw"])
    payload = STEP | vector.get("payload", {})
    claims = plant.claims(payload["subject"], **vector.get("claims", {}))
    key = {"device": plant.device, "stranger": STRANGER, "root": plant.services.keystore.root_key(LEDGER)}[
        vector.get("signer", "device")
    ]
    jwt, *shown, _ = unchecked(plant, claims, payload, key, vector.get("decoys", 0)).split("~")
    shown = [text for text in shown if parse_disclosure(text)[0] not in vector.get("withhold", [])]
    return FORGERIES[vector.get("forge", "nothing")](plant, jwt, shown)


def unchecked(plant: Plant, claims: Any, payload: dict[str, Any], key: SigningKey, decoys: int) -> str:
    """Sign whatever the vector says: our own issuer would refuse malformed claims, an attacker's does not."""
    honest = plant.claims(payload["subject"])
    drawn = issue(honest, payload, key, salt=lambda: plant.random(16), decoys=decoys)
    body = loads(b64url_decode(drawn.jwt.split(".")[1])) | claims.to_json()
    return "~".join([signed(key, header_of(drawn.jwt), body), *drawn.disclosures, ""])


def header_of(jwt: str) -> dict[str, Any]:
    header: dict[str, Any] = loads(b64url_decode(jwt.split(".")[0]))
    return header


def body_of(jwt: str) -> dict[str, Any]:
    body: dict[str, Any] = loads(b64url_decode(jwt.split(".")[1]))
    return body


def signed(key: SigningKey, header: dict[str, Any], body: dict[str, Any]) -> str:
    text = f"{b64url_encode(dumps(header))}.{b64url_encode(dumps(body))}"
    return f"{text}.{b64url_encode(key.sign(text.encode()))}"


def joined(jwt: str, shown: list[str], end: str = "") -> str:
    return "~".join([jwt, *shown, end])


def altered_signature(jwt: str) -> str:
    text, _, signature = jwt.rpartition(".")
    raw = bytearray(b64url_decode(signature))
    raw[0] ^= 1
    return f"{text}.{b64url_encode(bytes(raw))}"


def altered_claims(jwt: str) -> str:
    header, _, signature = jwt.split(".")
    return f"{header}.{b64url_encode(dumps(body_of(jwt) | {'channel': 'web'}))}.{signature}"


def with_header(plant: Plant, jwt: str, **changes: Any) -> str:
    return signed(plant.device, header_of(jwt) | changes, body_of(jwt))


def disclosure(name: str) -> str:
    salt = base64.urlsafe_b64encode(bytes(18)).decode()
    return b64url_encode(dumps([salt, name, "forged"]))


FORGERIES: dict[str, Callable[[Plant, str, list[str]], str]] = {
    "nothing": lambda _, jwt, shown: joined(jwt, shown),
    "kid": lambda plant, jwt, shown: joined(signed(STRANGER, header_of(jwt), body_of(jwt)), shown),
    "signature": lambda _, jwt, shown: joined(altered_signature(jwt), shown),
    "claims": lambda _, jwt, shown: joined(altered_claims(jwt), shown),
    "alg-none": lambda plant, jwt, shown: joined(with_header(plant, jwt, alg="none"), shown),
    "jwk": lambda plant, jwt, shown: joined(with_header(plant, jwt, jwk=STRANGER.public.to_json()), shown),
    "foreign-disclosure": lambda _, jwt, shown: joined(jwt, [*shown, disclosure("remark")]),
    "disclosure-twice": lambda _, jwt, shown: joined(jwt, [*shown, shown[0]]),
    "no-tilde": lambda _, jwt, _shown: jwt,
    "key-binding": lambda _, jwt, shown: joined(jwt, shown, jwt),
    "too-many": lambda _, jwt, shown: joined(jwt, [disclosure(f"f{number}") for number in range(300)]),
}
