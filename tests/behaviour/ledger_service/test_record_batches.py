"""Plain records many at a time, and ids that an import key gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from evidence.encoding import format_time
from evidence.hashing import sha256
from evidence.statement import uuid7
from ledger_service.kit.ids import import_record_id
from tests.fakes.check_ledger import check_ledger
from tests.fakes.http import request
from tests.fakes.plant import LEDGER, STEP, Plant

BASE = f"/v1/ledgers/{LEDGER}"
NDJSON = {"content-type": "application/x-ndjson"}


def record(plant: Plant, number: int = 1, **changes: Any) -> dict[str, Any]:
    payload = STEP | {"subject": f"loading_operation/LO-{number}"}
    return {"type": "loading_step", "occurred_at": format_time(plant.clock.now()), "payload": payload,
            "import_key": f'["mes","SH00017/{number}"]'} | changes  # fmt: skip


def post(plant: Plant, records: Sequence[dict[str, Any] | bytes], path: str = f"{BASE}/records") -> list[Any]:
    lines = [item if isinstance(item, bytes) else json.dumps(item).encode() for item in records]
    answer = request(plant.services, "POST", path, content=b"\n".join(lines) + b"\n", headers=NDJSON)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.content.splitlines()]


def test_each_line_gets_its_own_answer_in_order(plant: Plant) -> None:
    bad = record(plant, 2, payload=STEP | {"un_no": "310101199001011234"})
    lines: list[dict[str, Any] | bytes] = [record(plant, 1), bad, b"not json", b"[]", record(plant, 3)]
    lines.append(record(plant, 4, type="nothing"))
    answers = post(plant, lines)
    assert [answer["status"] for answer in answers] == [201, 422, 400, 400, 201, 422]
    assert [answer["line"] for answer in answers] == list(range(6))
    assert "310101199001011234" not in json.dumps(answers)
    assert check_ledger(plant.services.engine, LEDGER) == 4


def test_the_same_lines_again_are_answered_from_the_log(plant: Plant) -> None:
    lines = [record(plant, number) for number in range(3)]
    first = post(plant, lines)
    plant.clock.advance(hours=1)
    again = post(plant, [*lines, record(plant, 7), lines[0]])
    assert [answer["status"] for answer in again] == [200, 200, 200, 201, 200]
    assert [answer["index"] for answer in again[:3]] == [answer["index"] for answer in first]
    assert check_ledger(plant.services.engine, LEDGER) == 6


def test_one_key_with_other_content_is_a_conflict_in_its_line(plant: Plant) -> None:
    changed = record(plant, 1, payload=STEP | {"subject": "loading_operation/LO-1", "result": "fail"})
    answers = post(plant, [record(plant, 1), changed])
    assert [answer["status"] for answer in answers] == [201, 409]


def test_a_key_gives_one_record_the_same_id_alone_and_in_a_batch(plant: Plant) -> None:
    alone = request(plant.services, "POST", f"{BASE}/records", json=record(plant, 1))
    (line,) = post(plant, [record(plant, 1)])
    assert (alone.status_code, line["status"]) == (201, 200)
    assert line["record_id"] == alone.json()["record_id"]


def test_an_id_cannot_be_found_by_trying_references(plant: Plant) -> None:
    """Who knows time, source and the few numbers there are still lacks the ledger's secret."""
    (line,) = post(plant, [record(plant, 1)])
    moment = plant.clock.now()
    milliseconds = int(moment.timestamp() * 1000)
    key = record(plant, 1)["import_key"]
    guesses = {uuid7(milliseconds, sha256(text)[:10]) for text in (key.encode(), b'["mes","SH00017/1"]', b"SH00017/1")}
    assert line["record_id"] not in guesses
    assert line["record_id"] == import_record_id(plant.services.keystore.stream_key(LEDGER), moment, key)
    assert line["record_id"] != import_record_id(b"x" * 32, moment, key)
    assert key not in plant.services.entries.get(LEDGER, line["index"]).entry.entry_bytes.decode()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"record_id": "01a20a8a-23f9-7082-ae99-4d9c6f167a6c"}, "import-key"),
        ({"occurred_at": "1960-01-01T00:00:00Z"}, "occurred-at"),
        ({"occurred_at": "yesterday"}, "occurred-at"),
        ({"payload": {**STEP, "submitted_by": "me"}}, "reserved-field"),
    ],
)
def test_what_a_record_may_not_say(plant: Plant, changes: dict[str, Any], reason: str) -> None:
    alone = request(plant.services, "POST", f"{BASE}/records", json=record(plant, **changes))
    (line,) = post(plant, [record(plant, **changes)])
    assert (alone.status_code, alone.json()["reason"]) == (400, reason)
    assert (line["status"], line["problem"]["reason"]) == (400, reason)


def test_an_empty_or_too_long_key_is_refused(plant: Plant) -> None:
    answers = post(plant, [record(plant, import_key=""), record(plant, import_key="x" * 1001)])
    assert [answer["status"] for answer in answers] == [400, 400]


def test_a_batch_of_too_many_lines_is_refused_as_a_whole(plant: Plant) -> None:
    limit = plant.settings.max_batch_lines
    answer = request(plant.services, "POST", f"{BASE}/records", content=b"\n" * (limit + 1), headers=NDJSON)
    assert answer.status_code == 413


def test_an_unknown_ledger_and_a_wrong_medium_are_refused(plant: Plant) -> None:
    lines = json.dumps(record(plant)).encode() + b"\n"
    nowhere = request(plant.services, "POST", "/v1/ledgers/nowhere/records", content=lines, headers=NDJSON)
    text = request(plant.services, "POST", f"{BASE}/records", content=lines, headers={"content-type": "text/csv"})
    assert (nowhere.status_code, text.status_code) == (404, 415)
