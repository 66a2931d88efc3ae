"""Erasing, holding and reporting through the API and the command line, and that neither repeats whom it is about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import structlog

from ledger_service.cli.main import main
from tests.behaviour.ledger_service.privacy.people import BASIS, NAME, NUMBER, PLATE, REASON, ZHANG, populate
from tests.fakes.http import Call, call, request
from tests.fakes.plant import LEDGER, Plant

BASE = f"/v1/ledgers/{LEDGER}"
ORDER = {"subject": ZHANG, "also_containing": [NAME], "legal_basis": BASIS, "reason": REASON}
PERSONAL = (NAME, NUMBER, PLATE)


@pytest.fixture
def peopled(plant: Plant) -> Plant:
    populate(plant)
    plant.clock.advance(days=400)
    return plant


def test_an_operator_erases_and_a_dry_run_only_says_what_would_go(peopled: Plant) -> None:
    dry, done, again = call(
        peopled.services,
        [
            Call("POST", f"{BASE}/erasures", json=ORDER | {"dry_run": True}),
            Call("POST", f"{BASE}/erasures", json=ORDER),
            Call("POST", f"{BASE}/erasures", json=ORDER),
        ],
    )
    assert dry.json()["erased"] is None
    assert dry.json()["plan"]["disclosures"] == done.json()["erased"]["disclosures"] > 10
    assert again.json() == again.json() | {"erased": None}
    assert again.json()["plan"]["nothing_left"] is True
    for answer in (dry, done, again):
        assert not [item for item in PERSONAL if item in answer.text]


def test_an_erased_entry_is_shown_with_the_ground(peopled: Plant) -> None:
    call(peopled.services, [Call("POST", f"{BASE}/erasures", json=ORDER)])
    answer = request(peopled.services, "GET", f"{BASE}/entries/2").json()
    assert answer["erased"] > 5
    assert answer["erasures"] == [{"index": 8, "legal_basis": BASIS}]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "erasures"), ("POST", "holds"), ("GET", "holds"), ("GET", "retention")]
)
def test_a_writer_may_do_none_of_it(peopled: Plant, method: str, path: str) -> None:
    token = peopled.services.access.create_client("tablet", "writer")
    headers = {"authorization": f"Bearer {token}"}
    answer = request(peopled.services, method, f"{BASE}/{path}", json=ORDER, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("record_type", ["erasure", "legal_hold"])
def test_no_client_states_an_erasure_or_a_hold_as_a_record(peopled: Plant, record_type: str) -> None:
    body = {"type": record_type, "payload": {"subject": "record/x"}, "occurred_at": "2026-11-20T00:00:00Z"}
    answer = request(peopled.services, "POST", f"{BASE}/records", json=body)
    assert answer.status_code in (400, 422)
    assert peopled.services.entries.size(LEDGER) == 8


def test_a_hold_is_placed_listed_and_released(peopled: Plant) -> None:
    place = {"action": "place", "scope": ZHANG, "basis": "arbitration", "until": "2030-01-01"}
    placed = request(peopled.services, "POST", f"{BASE}/holds", json=place)
    assert placed.status_code == 201
    listed = request(peopled.services, "GET", f"{BASE}/holds").json()
    assert [(item["scope"], item["until"]) for item in listed] == [(ZHANG, "2030-01-01")]
    plan = request(peopled.services, "POST", f"{BASE}/erasures", json=ORDER | {"dry_run": True}).json()["plan"]
    assert plan["erase"] == []
    assert {item["why"] for item in plan["kept"]} == {"legal_hold"}
    release = {"action": "release", "hold": placed.json()["hold"], "basis": "settled"}
    first, second = call(peopled.services, [Call("POST", f"{BASE}/holds", json=release)] * 2)
    assert (first.status_code, second.status_code) == (201, 404)
    assert request(peopled.services, "GET", f"{BASE}/holds").json() == []


def test_the_retention_report_counts_what_may_go(peopled: Plant) -> None:
    report = request(peopled.services, "GET", f"{BASE}/retention").json()
    types = {item["record_type"]: item for item in report["types"]}
    assert types["loading_step"]["due"] == 3
    assert types["key_event"]["running"] == types["key_event"]["records"]
    assert len(report["due"]) == 3
    peopled.services.holds.place(LEDGER, "loading_operation/LO-2026-0014", "arbitration")
    peopled.services.holds.place(LEDGER, ZHANG, "arbitration")
    report = request(peopled.services, "GET", f"{BASE}/retention").json()
    assert {item["record_type"]: item["held"] for item in report["types"]}["loading_step"] >= 2


@pytest.mark.parametrize(
    "body",
    [
        {**ORDER, "subject": NAME},
        {**ORDER, "reason": f"{NAME} asked"},
        {**ORDER, "also_containing": [NAME] * 17},
        {**ORDER, "more": NAME},
        {**ORDER, "subject": f"person/{NAME}"},
    ],
    ids=["no subject", "reason names", "too many texts", "unknown field", "subject with a name"],
)
def test_a_refusal_repeats_no_name(peopled: Plant, body: dict[str, Any]) -> None:
    answer = request(peopled.services, "POST", f"{BASE}/erasures", json=body)
    assert answer.status_code == 400
    assert not [item for item in PERSONAL if item in answer.text]


def test_no_log_line_says_whom_a_request_is_about(peopled: Plant) -> None:
    search = {"subject": ZHANG, "q": NAME}
    bad = {"type": "training_record", "payload": {"subject": ZHANG, "person_name": [NAME]}, "occurred_at": NAME}
    with structlog.testing.capture_logs() as lines:
        call(
            peopled.services,
            [
                Call("POST", f"{BASE}/records/search", json=search),
                Call("GET", f"{BASE}/records?type={NUMBER}&q={NAME}"),
                Call("POST", f"{BASE}/records", json=bad),
                Call("POST", f"{BASE}/statements", content=f"{NAME}.{PLATE}~"),
                Call("POST", f"{BASE}/holds", json={"action": "place", "scope": ZHANG, "basis": "x"}),
                Call("POST", f"{BASE}/erasures", json=ORDER),
            ],
        )
        peopled.services.publisher.publish(LEDGER)
    assert len(lines) >= 6
    assert not [line for line in lines if any(item in str(line) for item in PERSONAL)]


def run(peopled: Plant, *arguments: str) -> int:
    return main([*arguments, "--data", str(peopled.settings.data_dir)])


def test_the_command_line_erases_with_texts_from_a_file(
    peopled: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The command line goes by the clock on the wall.
    texts = tmp_path / "texts"
    texts.write_text(f"{NAME}\n{PLATE}\n", encoding="utf-8")
    peopled.services.close()
    order = ("erase", LEDGER, ZHANG, "--basis", BASIS, "--reason", REASON, "--also-containing", f"@{texts}")
    assert run(peopled, *order, "--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert len(plan["terms"]) == 2
    assert run(peopled, *order) == 0
    shown = capsys.readouterr()
    assert "erased:" in shown.out
    assert not [item for item in PERSONAL if item in shown.out + shown.err]
    peopled.reopen()
    assert "person_name" not in peopled.services.entries.get(LEDGER, 2).payload


def test_the_command_line_holds_reports_and_rotates(peopled: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    peopled.services.close()
    assert (
        run(peopled, "hold", "place", LEDGER, ZHANG, "--basis", "arbitration", "--until", "2099-01-01", "--json") == 0
    )
    hold = json.loads(capsys.readouterr().out)["hold"]
    assert run(peopled, "hold", "list", LEDGER) == 0
    assert hold in capsys.readouterr().out
    assert run(peopled, "hold", "release", LEDGER, hold, "--basis", "settled") == 0
    assert run(peopled, "retain", LEDGER) == 0
    assert "loading_step: 3 records" in capsys.readouterr().out
    assert run(peopled, "retain", LEDGER, "--due", "--json") == 0
    assert "due" in json.loads(capsys.readouterr().out)
    assert main(["rotate-master", "--data", str(peopled.settings.data_dir), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rewrapped"] > 3
    assert peopled.reopen().services.entries.get(LEDGER, 2).payload["person_name"] == NAME
