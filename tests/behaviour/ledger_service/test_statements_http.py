"""POST statements, over HTTP."""

from __future__ import annotations

import json
from typing import Any

from evidence.keys import SigningKey
from evidence.statement import issue
from ledger_service.errors import StorageFull
from tests.fakes.check_ledger import check_ledger
from tests.fakes.http import Call, call, request
from tests.fakes.plant import LEDGER, Plant

PATH = f"/v1/ledgers/{LEDGER}/statements"
SD_JWT = {"content-type": "application/sd-jwt"}
NDJSON = {"content-type": "application/x-ndjson"}


def test_a_statement_is_answered_with_its_place_and_again_with_the_same(plant: Plant) -> None:
    compact = plant.statement()
    first, again = call(plant.services, [Call("POST", PATH, compact, headers=SD_JWT)] * 2)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.headers["location"] == f"/v1/ledgers/{LEDGER}/entries/2"
    named = {"record_id", "index", "leaf_hash", "stream", "stream_seq", "received_at", "judgement", "links"}
    assert set(first.json()) == named
    assert check_ledger(plant.services.engine, LEDGER) == 3


def test_text_plain_is_taken_and_json_is_not(plant: Plant) -> None:
    plain = request(plant.services, "POST", PATH, content=plant.statement(), headers={"content-type": "text/plain"})
    wrong = request(plant.services, "POST", PATH, json={"statement": plant.statement()})
    assert (plain.status_code, wrong.status_code) == (201, 415)


def test_many_requests_at_once_share_commits_and_each_gets_its_own_index(plant: Plant) -> None:
    calls = [Call("POST", PATH, plant.statement(seq=1 + n), headers=SD_JWT) for n in range(40)]
    answers = call(plant.services, calls, together=True)
    assert sorted(answer.json()["index"] for answer in answers) == list(range(2, 42))
    assert check_ledger(plant.services.engine, LEDGER) == 42


def lines(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


def test_ndjson_keeps_order_and_a_bad_line_sinks_no_other(plant: Plant) -> None:
    good = [plant.statement(seq=1 + n) for n in range(3)]
    body = [
        json.dumps({"statement": good[0]}),
        "not json",
        json.dumps(good[1]),
        json.dumps({"statement": "a.b.c~"}),
        "",
        json.dumps({"statement": good[0]}),
        json.dumps({"statement": plant.statement(result="maybe")}),
        json.dumps([good[2]]),
    ]
    answer = request(plant.services, "POST", PATH, content="\n".join(body) + "\n", headers=NDJSON)
    found = lines(answer)
    assert answer.status_code == 200
    assert [line["line"] for line in found] == list(range(8))
    assert [line["status"] for line in found] == [201, 400, 201, 400, 400, 200, 422, 400]
    assert found[5]["index"] == found[0]["index"]
    assert "problem" in found[6]
    assert check_ledger(plant.services.engine, LEDGER) == 4


def test_an_empty_ndjson_body_is_answered_with_nothing(plant: Plant) -> None:
    answer = request(plant.services, "POST", PATH, content="", headers=NDJSON)
    assert (answer.status_code, answer.text) == (200, "")


def test_bodies_and_batches_are_bounded(plant: Plant) -> None:
    limit = plant.settings.max_statement_bytes
    large = request(plant.services, "POST", PATH, content="a" * (limit + 1), headers=SD_JWT)
    many = request(plant.services, "POST", PATH, content='""\n' * (plant.settings.max_batch_lines + 1), headers=NDJSON)
    assert (large.status_code, many.status_code) == (413, 413)
    assert large.headers["content-type"] == "application/problem+json"


def test_a_body_that_lies_about_its_length_is_still_bounded(plant: Plant) -> None:
    limit = plant.settings.max_statement_bytes
    headers = SD_JWT | {"content-length": "10"}
    answer = request(plant.services, "POST", PATH, content=b"a" * (limit + 1), headers=headers)
    assert answer.status_code == 413


def test_a_full_queue_turns_callers_away_with_retry_after(tmp_path: Any) -> None:
    plant = Plant(tmp_path / "data", open_loopback=True, group_commit_queue=4, retry_after_s=7)
    calls = [Call("POST", PATH, plant.statement(seq=1 + n), headers=SD_JWT) for n in range(12)]
    answers = call(plant.services, calls, together=True)
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused
    assert refused[0].headers["retry-after"] == "7"
    assert refused[0].json()["type"] == "urn:safety-ledger:problem:retry-later"
    assert refused[0].json()["reason"] == "queue-full"
    taken = sum(answer.status_code == 201 for answer in answers)
    assert taken + len(refused) == 12
    assert check_ledger(plant.services.engine, LEDGER) == 2 + taken
    plant.services.close()


def test_a_full_disk_is_a_507_problem(plant: Plant) -> None:
    def full(_batch: object) -> Any:
        raise StorageFull("the database cannot grow; nothing was stored")

    plant.services.statements._group_commit._sequence = full
    answer = request(plant.services, "POST", PATH, content=plant.statement(), headers=SD_JWT)
    assert answer.status_code == 507
    assert answer.json()["type"] == "urn:safety-ledger:problem:storage-full"


def test_a_bug_is_a_500_problem_without_internals(plant: Plant) -> None:
    def broken(_batch: object) -> Any:
        raise ZeroDivisionError("secret internals")

    plant.services.statements._group_commit._sequence = broken
    answer = request(plant.services, "POST", PATH, content=plant.statement(), headers=SD_JWT)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def key_event(plant: Plant, action: str, key: SigningKey, signer: SigningKey, **changes: str) -> str:
    """A key event as an enroller submits it itself."""
    subject = f"key/{key.kid}"
    schema = plant.services.record_types["key_event"].schema_claim
    payload = {"subject": subject, "action": action, "jwk": key.public.to_json(), "holder": "Tablet", "role": "device"}
    claims = plant.claims(subject, type="key_event", schema=schema, channel="api")
    return issue(claims, payload | changes, signer, salt=lambda: plant.random(16)).compact


def statuses(plant: Plant, *compacts: str) -> list[int]:
    answer = request(plant.services, "POST", PATH, content="\n".join(map(json.dumps, compacts)), headers=NDJSON)
    return [line["status"] for line in lines(answer)]


NEW, NEXT, ENROLLER = (SigningKey.from_seed(bytes(31) + bytes([number])) for number in (71, 72, 73))


def test_a_key_that_one_line_enrols_signs_the_lines_after_it(plant: Plant) -> None:
    root = plant.services.keystore.root_key(LEDGER)
    body = [
        plant.statement(NEW),
        key_event(plant, "enrol", ENROLLER, root, role="enroller"),
        key_event(plant, "enrol", NEW, ENROLLER),
        plant.statement(NEW),
        key_event(plant, "revoke", NEW, ENROLLER),
        plant.statement(NEW),
    ]
    assert statuses(plant, *body) == [422, 201, 201, 201, 201, 422]
    assert statuses(plant, *body) == [422, 200, 200, 200, 200, 422]
    assert check_ledger(plant.services.engine, LEDGER) == 6


def test_a_refused_enrolment_lets_nobody_in(plant: Plant) -> None:
    """The device is no enroller: its key event reads well and falls only at its index."""
    forged = key_event(plant, "enrol", NEW, plant.device)
    unreadable = key_event(plant, "enrol", NEXT, plant.services.keystore.root_key(LEDGER), role="NOT A ROLE")
    assert statuses(plant, forged, plant.statement(NEW), unreadable, plant.statement(NEXT)) == [422] * 4
    assert statuses(plant, plant.statement(NEW), plant.statement(NEXT)) == [422] * 2
    assert check_ledger(plant.services.engine, LEDGER) == 2
