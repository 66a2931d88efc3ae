"""Plain-JSON records, and reading them back."""

from __future__ import annotations

from typing import Any

from evidence.encoding import format_time
from ledger_service.entries.model import RecordState
from tests.fakes.check_ledger import check_ledger
from tests.fakes.http import Call, call, request
from tests.fakes.plant import LEDGER, STEP, Plant

BASE = f"/v1/ledgers/{LEDGER}"
RECORD_ID = "01a20a8a-23f9-7082-ae99-4d9c6f167a6c"


def record(plant: Plant, **changes: Any) -> dict[str, Any]:
    return {"type": "loading_step", "occurred_at": format_time(plant.clock.now()), "payload": STEP} | changes


def test_a_record_is_signed_by_the_service_and_names_its_client(plant: Plant) -> None:
    token = plant.services.access.create_client("erp")
    headers = {"authorization": f"Bearer {token}"}
    answer = request(plant.services, "POST", f"{BASE}/records", json=record(plant), headers=headers, peer="10.1.2.3")
    assert answer.status_code == 201
    view = plant.services.entries.get(LEDGER, answer.json()["index"])
    assert view.payload == STEP | {"submitted_by": "erp"}
    assert view.entry.kid == plant.ledger.service_kid
    assert check_ledger(plant.services.engine, LEDGER) == 3


def test_a_record_id_makes_a_record_repeatable_and_other_content_a_conflict(plant: Plant) -> None:
    body = record(plant, record_id=RECORD_ID)
    other = record(plant, record_id=RECORD_ID, payload=STEP | {"result": "fail"})
    first, again, conflict = call(
        plant.services, [Call("POST", f"{BASE}/records", json=item) for item in (body, body, other)]
    )
    assert [first.status_code, again.status_code, conflict.status_code] == [201, 200, 409]
    assert first.json() == again.json()
    assert check_ledger(plant.services.engine, LEDGER) == 3


def test_a_record_in_the_log_is_not_refused_after_the_clock_went_back(plant: Plant) -> None:
    body = record(plant, record_id=RECORD_ID)
    first = request(plant.services, "POST", f"{BASE}/records", json=body)
    plant.clock.advance(hours=-1)
    again = request(plant.services, "POST", f"{BASE}/records", json=body)
    other = request(plant.services, "POST", f"{BASE}/records", json=body | {"payload": STEP | {"seq": True}})
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 422)
    assert again.json() == first.json()


def test_an_empty_record_id_is_refused_and_not_taken_for_none(plant: Plant) -> None:
    answer = request(plant.services, "POST", f"{BASE}/records", json=record(plant, record_id=""))
    assert (answer.status_code, answer.json()["reason"]) == (400, "Malformed")


def test_a_client_cannot_say_who_submitted(plant: Plant) -> None:
    body = record(plant, payload=STEP | {"submitted_by": "the director"})
    answer = request(plant.services, "POST", f"{BASE}/records", json=body)
    assert (answer.status_code, answer.json()["reason"]) == (400, "reserved-field")


def test_what_does_not_fit_is_named_by_place_and_never_by_value(plant: Plant) -> None:
    secret = "310101199001011234"
    bodies = [
        record(plant, payload=STEP | {"un_no": secret}),
        record(plant, payload=STEP | {secret[:3]: secret}),
        record(plant, occurred_at=secret),
        record(plant, record_id=secret),
        record(plant, type=secret),
        record(plant, channel=secret),
        record(plant, extra=secret),
        record(plant, payload=secret),
        record(plant, payload={**STEP, "subject": f"person/{secret}"}),
    ]
    answers = call(plant.services, [Call("POST", f"{BASE}/records", json=body) for body in bodies])
    assert {answer.status_code for answer in answers} <= {400, 422}
    assert not [answer.text for answer in answers if secret in answer.text]
    assert check_ledger(plant.services.engine, LEDGER) == 2


def test_json_is_read_strictly(plant: Plant) -> None:
    headers = {"content-type": "application/json"}
    bad = [b'{"type":"a","type":"b"}', b"[" * 5000, b"\xff", b"", b'{"a":NaN}', b'{"a":"\\ud800"}']
    answers = call(plant.services, [Call("POST", f"{BASE}/records", body, headers=headers) for body in bad])
    assert {answer.status_code for answer in answers} <= {400, 413}


def items(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [item["index"] for item in answer.json()["items"]]


def test_records_are_listed_newest_first_and_paged_by_cursor(plant: Plant) -> None:
    plant.submit(*(plant.statement(seq=1 + n) for n in range(7)))
    seen: list[int] = []
    cursor = ""
    for _ in range(4):
        page = request(plant.services, "GET", f"{BASE}/records?limit=3{cursor}")
        seen += items(page)
        if page.json()["cursor"] is None:
            break
        cursor = f"&cursor={page.json()['cursor']}"
    assert seen == list(range(8, -1, -1))


def test_records_are_filtered_by_type_stream_time_state_subject_and_text(plant: Plant) -> None:
    early = plant.clock.now()
    plant.submit(plant.statement(remark="Dichtung geprüft"))
    plant.clock.advance(hours=1)
    late = format_time(plant.clock.now())
    plant.submit(plant.statement(subject="loading_operation/LO-2", seq=2))
    search = [
        {"type": "key_event"},
        {"subject": "loading_operation/LO-2"},
        {"q": "GEPRÜFT"},
        {"from": late},
        {"to": late, "type": "loading_step"},
        {"status": "published"},
        {"status": "sequenced", "type": "loading_step"},
    ]
    answers = call(plant.services, [Call("POST", f"{BASE}/records/search", json=body) for body in search])
    assert [items(answer) for answer in answers] == [[1, 0], [3], [2], [3], [2], [], [3, 2]]
    stream = plant.services.entries.stream_of(LEDGER, "loading_operation/LO-2")
    found = request(plant.services, "GET", f"{BASE}/records?stream={stream}&from={format_time(early)}&status=sequenced")
    assert items(found) == [3]


def test_a_subject_has_no_place_in_a_url(plant: Plant) -> None:
    parameters = create_parameters(plant, f"{BASE}/records".replace(LEDGER, "{ledger}"))
    assert parameters.isdisjoint({"subject", "q"})


def create_parameters(plant: Plant, path: str) -> set[str]:
    document = request(plant.services, "GET", "/openapi.json").json()
    return {parameter["name"] for parameter in document["paths"][path]["get"]["parameters"]}


def test_an_entry_shows_its_bytes_disclosures_and_state(plant: Plant) -> None:
    plant.submit(plant.statement())
    shown = request(plant.services, "GET", f"{BASE}/entries/2").json()
    assert shown["state"] == RecordState.SEQUENCED
    assert shown["payload"] == STEP
    assert len(shown["disclosures"]) == len(STEP)
    assert shown["links"]["receipt"] == f"{BASE}/entries/2/receipt"
    assert request(plant.services, "GET", f"{BASE}/entries/99").status_code == 404
    assert request(plant.services, "GET", f"{BASE}/entries/-1").status_code == 400


def test_a_stream_is_shown_in_order(plant: Plant) -> None:
    plant.submit(*(plant.statement(seq=1 + n) for n in range(3)))
    stream = plant.services.entries.stream_of(LEDGER, STEP["subject"])
    page = request(plant.services, "GET", f"{BASE}/streams/{stream}?limit=2").json()
    rest = request(plant.services, "GET", f"{BASE}/streams/{stream}?cursor={page['cursor']}").json()
    assert [item["stream_seq"] for item in page["items"] + rest["items"]] == [0, 1, 2]
    assert (page["length"], rest["cursor"]) == (3, None)
    assert request(plant.services, "GET", f"{BASE}/streams/unknown").status_code == 404
