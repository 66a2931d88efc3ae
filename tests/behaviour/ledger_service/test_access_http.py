"""Who is let in, what errors look like, and what the log says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog

from ledger_service.errors import StorageFull
from tests.fakes.http import Call, call, request
from tests.fakes.plant import LEDGER, Plant

KEYS = f"/v1/ledgers/{LEDGER}/keys"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_without_a_token_nothing_but_health_is_open(tmp_path: Path) -> None:
    plant = Plant(tmp_path / "data")
    paths = ["/v1/ledgers", KEYS, f"/v1/ledgers/{LEDGER}/entries/0", f"/v1/ledgers/{LEDGER}/records", "/metrics"]
    answers = call(plant.services, [Call("GET", path) for path in paths])
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].headers["www-authenticate"] == "Bearer"
    writes = [Call("POST", f"/v1/ledgers/{LEDGER}/statements", "x"), Call("PUT", f"/v1/blobs/{'0' * 64}", b"x")]
    assert {answer.status_code for answer in call(plant.services, writes)} == {401}
    assert [request(plant.services, "GET", path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    plant.services.close()


FILLED = {"ledger": LEDGER, "index": "0", "stream": "x", "sha256": "0" * 64, "path": "0/000", "from": "0", "to": "0",
          "type_id": "loading_step"}  # fmt: skip
"""A value for each path and required query parameter of any route."""


def test_every_route_but_health_asks_who_calls(tmp_path: Path) -> None:
    plant = Plant(tmp_path / "data")
    document = request(plant.services, "GET", "/openapi.json").json()
    calls = [
        Call(method.upper(), path.format_map(FILLED) + "?" + "&".join(required(route)))
        for path, routes in document["paths"].items()
        for method, route in routes.items()
        if path not in ("/healthz", "/readyz")
    ]
    answers = call(plant.services, calls)
    assert len(calls) > 10
    let_in = [item.path for item, answer in zip(calls, answers, strict=True) if answer.status_code != 401]
    assert not let_in
    plant.services.close()


def required(route: dict[str, Any]) -> list[str]:
    wanted = [item for item in route.get("parameters", []) if item["in"] == "query" and item["required"]]
    return [f"{item['name']}={FILLED[item['name']]}" for item in wanted]


def test_a_writer_may_not_manage_keys_and_an_operator_may(plant: Plant) -> None:
    writer = plant.services.access.create_client("gate-terminal")
    operator = plant.services.access.create_client("shift-lead", "operator")
    body = {"action": "revoke", "kid": plant.device.kid}
    answers = call(
        plant.services,
        [Call("POST", KEYS, json=body, headers=bearer(token)) for token in (writer, operator, "slc_wrong")],
        peer="10.0.0.9",
    )
    assert [answer.status_code for answer in answers] == [403, 201, 401]


def test_tokens_are_kept_as_digests(plant: Plant) -> None:
    token = plant.services.access.create_client("gate-terminal")
    data = (plant.settings.data_dir / "ledger.sqlite").read_bytes()
    wal = (plant.settings.data_dir / "ledger.sqlite-wal").read_bytes()
    assert token.encode() not in data + wal


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.9", {}),
        ("127.0.0.1", {"host": "attacker.example"}),
        ("127.0.0.1", {"origin": "https://attacker.example"}),
        ("127.0.0.1", {"origin": "null"}),
        ("127.0.0.1", {"authorization": "Bearer wrong"}),
        ("127.0.0.1", {"authorization": "Basic d3Jvbmc="}),
    ],
)
def test_open_loopback_is_for_this_machine_alone(plant: Plant, peer: str, headers: dict[str, str]) -> None:
    assert request(plant.services, "GET", KEYS, peer=peer, headers=headers).status_code == 401
    assert request(plant.services, "GET", KEYS, headers={"origin": "http://127.0.0.1:8080"}).status_code == 200


def test_errors_are_problem_json_everywhere(plant: Plant) -> None:
    calls = [
        Call("GET", "/nothing"),
        Call("DELETE", KEYS),
        Call("GET", "/v1/ledgers/none"),
        Call("GET", f"/v1/ledgers/{LEDGER}/records?limit=0"),
        Call("GET", f"/v1/ledgers/{LEDGER}/records?from=yesterday"),
        Call("POST", f"/v1/ledgers/{LEDGER}/records", json={}),
        Call("POST", "/v1/ledgers", json={"ledger": "../x", "origin": "example.com"}),
    ]
    answers = call(plant.services, calls)
    assert [answer.status_code for answer in answers] == [404, 405, 404, 400, 400, 400, 400]
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert answer.json()["type"].startswith("urn:safety-ledger:problem:")


def test_a_parameter_error_does_not_repeat_the_parameter(plant: Plant) -> None:
    answer = request(plant.services, "GET", f"/v1/ledgers/{LEDGER}/records?cursor=person-E0815")
    assert answer.status_code == 400
    assert "E0815" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "entries/+1",
        "entries/0_1",
        "entries/01",
        "entries/%201",
        "entries/+1/receipt",
        "consistency?from=0_0&to=1",
        "records?limit=1_0",
        "records?cursor=%D9%A4",
        "streams/x?cursor=0_0",
    ],
)
def test_a_number_has_one_spelling(plant: Plant, path: str) -> None:
    plant.services.publisher.publish(LEDGER)
    assert request(plant.services, "GET", f"/v1/ledgers/{LEDGER}/{path}").status_code == 400


def test_no_cache_keeps_what_a_token_opened(plant: Plant) -> None:
    plant.services.publisher.publish(LEDGER)
    base = f"/v1/ledgers/{LEDGER}"
    answers = call(
        plant.services, [Call("GET", f"{base}/{name}") for name in ("entries/0", "records", "tile/0/000.p/2")]
    )
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    kept = [answer.headers["cache-control"].split(",")[0] for answer in answers]
    assert kept == ["no-store", "no-store", "private"]


def test_the_access_log_has_neither_query_nor_body(plant: Plant) -> None:
    with structlog.testing.capture_logs() as logs:
        body: dict[str, Any] = {"subject": "person/E-0815", "q": "needle"}
        request(plant.services, "POST", f"/v1/ledgers/{LEDGER}/records/search?x=haystack", json=body)
    lines = [line for line in logs if line["event"] == "request"]
    assert len(lines) == 1
    assert lines[0]["path"] == f"/v1/ledgers/{LEDGER}/records/search"
    assert not [word for word in ("E-0815", "needle", "haystack") if word in str(logs)]


def test_the_log_names_the_cause_of_a_failure_and_no_value(plant: Plant) -> None:
    def broken(_batch: object) -> Any:
        try:
            raise OSError(5, "Zhang San")
        except OSError as error:
            raise StorageFull("the database cannot grow") from error

    plant.services.statements._group_commit._sequence = broken
    with structlog.testing.capture_logs() as logs:
        path, headers = f"/v1/ledgers/{LEDGER}/statements", {"content-type": "application/sd-jwt"}
        request(plant.services, "POST", path, content=plant.statement(), headers=headers)
    noted = [line for line in logs if line["event"] == "request failed"]
    assert [(line["problem"], line["cause"]) for line in noted] == [("storage-full", "OSError")]
    assert "Zhang" not in str(logs)


def test_metrics_count_entries_and_the_published_size(plant: Plant) -> None:
    text = request(plant.services, "GET", "/metrics").text
    assert 'safety_ledger_entries{ledger="demo"} 2' in text
    assert 'safety_ledger_checkpoint_size{ledger="demo"} 0' in text
