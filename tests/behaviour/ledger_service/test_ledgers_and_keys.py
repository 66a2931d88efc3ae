"""Ledgers are created once; keys come, change and go through the log."""

from __future__ import annotations

import shutil
import stat
from datetime import timedelta

import pytest

from evidence.encoding import format_time
from evidence.entry import parse_entry
from evidence.keys import SigningKey
from evidence.statement import issue
from ledger_service.errors import BadRequest, KeySetMismatch, LedgerExists, NotFound, Refused
from ledger_service.statements.model import Rejected, Sequenced
from tests.fakes.check_ledger import check_ledger
from tests.fakes.http import Call, call, request
from tests.fakes.plant import LEDGER, ORIGIN, STEP, Plant

OTHER = SigningKey.from_seed(bytes(31) + b"\x02")
THIRD = SigningKey.from_seed(bytes(31) + b"\x03")
KEYS = f"/v1/ledgers/{LEDGER}/keys"


def reason(plant: Plant, key: SigningKey) -> str | None:
    """Why a statement by `key` is refused now; None when it is taken."""
    outcome = plant.submit(plant.statement(key))[0]
    check_ledger(plant.services.engine, LEDGER)
    return outcome.error.reason if isinstance(outcome, Rejected) else None


def test_entry_0_enrols_the_service_key_and_is_signed_by_the_root(plant: Plant) -> None:
    view = plant.services.entries.get(LEDGER, 0)
    assert parse_entry(view.entry.entry_bytes).statement.kid == plant.ledger.root_jwk.kid
    assert (view.payload["action"], view.payload["role"]) == ("enrol", "service")
    assert view.payload["subject"] == f"key/{plant.ledger.service_kid}"


def test_a_ledger_is_created_once(plant: Plant) -> None:
    with pytest.raises(LedgerExists):
        plant.services.ledgers.create(LEDGER, "ledger.example.com/other")
    with pytest.raises(LedgerExists):
        plant.services.ledgers.create("other", ORIGIN)
    assert not plant.services.keystore.exists("other")


@pytest.mark.parametrize("slug", ["", "A", "a_b", "-a", "a-", "../x", "a/b", "a" * 64, "ä", "a\n"])
def test_names_that_are_no_folder_names_are_refused(plant: Plant, slug: str) -> None:
    with pytest.raises(BadRequest):
        plant.services.ledgers.create(slug, "ledger.example.com/x")


@pytest.mark.parametrize("origin", ["", "https://example.com", "a b", "example.com/", "example.com+x", "example.com\n"])
def test_origins_that_are_no_schemeless_urls_are_refused(plant: Plant, origin: str) -> None:
    with pytest.raises(BadRequest):
        plant.services.ledgers.create("x", origin)


def test_keys_left_by_a_crash_are_used_again_and_only_for_their_origin(plant: Plant) -> None:
    keystore = plant.services.keystore
    keystore.create("late", "ledger.example.com/late")
    root = keystore.root_key("late").kid
    with pytest.raises(KeySetMismatch):
        plant.services.ledgers.create("late", "ledger.example.com/elsewhere")
    ledger = plant.services.ledgers.create("late", "ledger.example.com/late")
    assert ledger.root_jwk.kid == root


def test_a_half_written_key_set_is_never_used(plant: Plant) -> None:
    keys = plant.settings.data_dir / "keys"
    half = keys / ".late.00.partial"
    half.mkdir()
    (half / "root.key").write_text("AAAA")
    plant.services.ledgers.create("late", "ledger.example.com/late")
    assert check_ledger(plant.services.engine, "late") == 1
    assert len(plant.services.keystore.stream_key("late")) == 32


def test_key_files_are_private_and_a_ledger_without_them_is_not_silently_given_new_ones(plant: Plant) -> None:
    folder = plant.settings.data_dir / "keys" / LEDGER
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert {path.name for path in folder.glob("*.key")} == {
        f"{n}.key" for n in ("log", "root", "service", "stream", "publisher")
    }
    shutil.rmtree(folder)
    plant.reopen()
    with pytest.raises(LedgerExists):
        plant.services.ledgers.create(LEDGER, ORIGIN)
    assert not folder.exists()


def test_an_unknown_key_signs_nothing(plant: Plant) -> None:
    assert reason(plant, OTHER) == "KeyNotTrusted"
    assert reason(plant, plant.services.keystore.root_key(LEDGER)) == "KeyNotTrusted"


def test_a_key_signs_from_its_enrolment_to_its_revocation(plant: Plant) -> None:
    plant.services.keys.enrol(LEDGER, OTHER.public, "Gas detector 9", "device")
    assert reason(plant, OTHER) is None
    plant.services.keys.revoke(LEDGER, OTHER.kid)
    assert reason(plant, OTHER) == "KeyNotValid"
    with pytest.raises(Refused, match="enrolled already"):
        plant.services.keys.enrol(LEDGER, OTHER.public, "Gas detector 9", "device")


def test_rotation_hands_over_holder_and_role(plant: Plant) -> None:
    plant.services.keys.rotate(LEDGER, plant.device.kid, OTHER.public)
    state = plant.services.keys.state(LEDGER, OTHER.kid)
    assert (state.holder, state.role) == ("Dosing terminal 4", "device")
    assert (reason(plant, plant.device), reason(plant, OTHER)) == ("KeyNotValid", None)


def test_a_compromise_ends_the_key_and_dates_the_doubt(plant: Plant) -> None:
    plant.submit(plant.statement())
    plant.clock.advance(hours=2)
    since = plant.clock.now() - timedelta(hours=1)
    plant.services.keys.compromise(LEDGER, plant.device.kid, since)
    state = plant.services.keys.state(LEDGER, plant.device.kid)
    assert (state.compromised_since, state.revoked) == (since, 3)
    assert reason(plant, plant.device) == "KeyNotValid"


def test_an_enroller_enrols_by_its_own_statement_and_a_device_cannot(plant: Plant) -> None:
    plant.services.keys.enrol(LEDGER, OTHER.public, "Safety officer", "enroller")
    assert reason(plant, THIRD) == "KeyNotTrusted"
    by_device = plant.submit(enrolment(plant, plant.device))[0]
    by_enroller = plant.submit(enrolment(plant, OTHER))[0]
    assert isinstance(by_device, Rejected)
    assert by_device.error.reason == "KeyNotTrusted"
    assert isinstance(by_enroller, Sequenced)
    assert reason(plant, THIRD) is None


def enrolment(plant: Plant, signer: SigningKey) -> str:
    payload = {
        "subject": f"key/{THIRD.kid}",
        "action": "enrol",
        "jwk": THIRD.public.to_json(),
        "holder": "Camera 3",
        "role": "detector",
    }
    schema = plant.services.record_types["key_event"].schema_claim
    claims = plant.claims(str(payload["subject"]), type="key_event", schema=schema)
    return issue(claims, payload, signer, salt=lambda: plant.random(16)).compact


def test_unknown_kids_are_not_found(plant: Plant) -> None:
    with pytest.raises(NotFound):
        plant.services.keys.revoke(LEDGER, OTHER.kid)


def test_keys_over_http(plant: Plant) -> None:
    bodies = [
        {"action": "enrol", "jwk": OTHER.public.to_json(), "holder": "Gas detector 9", "role": "device"},
        {"action": "rotate", "kid": OTHER.kid, "jwk": THIRD.public.to_json()},
        {"action": "compromise", "kid": THIRD.kid, "compromised_since": format_time(plant.clock.now())},
        {"action": "enrol", "jwk": OTHER.public.to_json() | {"d": "AAAA"}, "holder": "x", "role": "device"},
        {"action": "destroy", "kid": OTHER.kid},
        {"action": "revoke", "kid": OTHER.kid},
    ]
    answers = call(plant.services, [Call("POST", KEYS, json=body) for body in bodies])
    assert [answer.status_code for answer in answers] == [201, 201, 201, 400, 400, 422]
    listed = request(plant.services, "GET", KEYS).json()
    assert [(key["kid"], key["enrolled"], key["revoked"]) for key in listed[2:]] == [
        (OTHER.kid, 2, 3),
        (THIRD.kid, 3, 4),
    ]
    check_ledger(plant.services.engine, LEDGER)


def test_ledgers_over_http(plant: Plant) -> None:
    body = {"ledger": "second", "origin": "ledger.example.com/second"}
    created, again = call(plant.services, [Call("POST", "/v1/ledgers", json=body)] * 2)
    assert (created.status_code, again.status_code) == (201, 409)
    assert again.json()["type"] == "urn:safety-ledger:problem:ledger-exists"
    assert request(plant.services, "GET", "/v1/ledgers/second").json() == created.json()
    assert [item["ledger"] for item in request(plant.services, "GET", "/v1/ledgers").json()] == ["demo", "second"]


@pytest.mark.parametrize("lost", ["stream.key", "service.key", ""])
def test_lost_keys_are_damage_and_not_an_unknown_ledger(plant: Plant, lost: str) -> None:
    path = plant.settings.data_dir / "keys" / LEDGER / lost
    path.rename(path.with_name("elsewhere"))
    plant.reopen()
    body = {"type": "loading_step", "occurred_at": "2026-01-01T00:00:00Z", "payload": STEP}
    answer = request(plant.services, "POST", f"/v1/ledgers/{LEDGER}/records", json=body)
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:safety-ledger:problem:storage-corrupt")
