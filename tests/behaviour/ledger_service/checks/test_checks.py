"""Questions of gates: yes, no or cannot tell, as of an instant, from what was known, with what they rest on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evidence.encoding import parse_time
from evidence.records.predicates import predicates, reasons
from ledger_service.checks.model import CHECKS, Answer
from ledger_service.cli.main import main
from ledger_service.kit.db import write
from ledger_service.models import JUDGEMENT_POSITION
from ledger_service.statements.model import Rejected
from tests.fakes.http import request
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.site import CREDENTIAL, DRIVER, Site
from tests.fakes.workshop import GAUGE, OFFICER, RISK, Workshop
from tests.support import read_case, vector_files

PATH = f"/v1/ledgers/{LEDGER}/checks"


@pytest.fixture
def site(plant: Plant) -> Site:
    plant.clock.advance(days=1)
    return Site(plant)


@pytest.fixture
def shop(plant: Plant) -> Workshop:
    plant.clock.advance(days=1)
    return Workshop(plant)


def ask(site: Site, name: str, /, at: str | None = None, known: int | None = None, **arguments: str) -> Answer:
    moment = None if at is None else parse_time(at)
    return site.plant.services.checks.ask(LEDGER, name, arguments, moment, known)


def verdict(answer: Answer) -> tuple[bool | None, str]:
    return answer.answer, answer.reason


def post(site: Site, body: Any) -> Any:
    return request(site.plant.services, "POST", PATH, json=body)


def test_a_driver_with_a_valid_licence_is_competent_and_it_rests_on_the_licence(site: Site) -> None:
    site.certify()
    answer = ask(site, "competent", person=DRIVER, post="driver")
    assert verdict(answer) == (True, "")
    assert {site.view(index).payload["subject"] for index in answer.inputs} == {CREDENTIAL}


def test_without_a_licence_the_answer_is_no_with_its_words(site: Site) -> None:
    answer = ask(site, "competent", person="D-9", post="driver")
    assert verdict(answer) == (False, "no_credential")
    assert answer.words == reasons()["no_credential"]
    assert answer.inputs == ()


@pytest.mark.parametrize(("at", "expected"), [
    ("2027-06-30T15:59:59Z", (True, "")), ("2027-06-30T16:00:00Z", (False, "expired")),
])  # fmt: skip
def test_a_licence_counts_to_the_last_second_of_its_day_at_the_site(
    site: Site, at: str, expected: tuple[bool, str]
) -> None:
    site.certify()
    assert verdict(ask(site, "competent", at, person=DRIVER, post="driver")) == expected


def test_what_was_known_stays_known_behind_any_number_of_later_records(site: Site) -> None:
    site.certify()
    size = site.plant.services.entries.size(LEDGER)
    applied = {"event": "apply", "person_ref": DRIVER, "credential_type": "hazmat_escort",
               "category": "hazmat_transport", "issuer": "Shanghai", "valid_from": "2025-01-01",
               "valid_to": "2027-06-30"}  # fmt: skip
    later = [site.compact("credential", f"credential/F-{i}", applied | {"cert_no": f"F-{i}"}) for i in range(510)]
    assert not [item.error.detail for item in site.plant.submit(*later) if isinstance(item, Rejected)]
    assert verdict(ask(site, "competent", known=size, person=DRIVER, post="driver")) == (True, "")


def test_the_horizon_hides_what_came_later(site: Site) -> None:
    site.certify()
    size = site.plant.services.entries.size(LEDGER)
    site.plant.clock.advance(days=1)
    site.revoke(site.now())
    now = ask(site, "competent", person=DRIVER, post="driver")
    then = ask(site, "competent", known=size, person=DRIVER, post="driver")
    assert (verdict(now), verdict(then)) == ((False, "revoked"), (True, ""))
    assert (now.known, then.known) == (size + 1, size)
    assert max(then.inputs) < size


def test_before_the_revocation_counts_the_licence_was_good(site: Site) -> None:
    site.certify()
    before = site.now()
    site.plant.clock.advance(days=1)
    site.revoke(site.now())
    answer = site.plant.services.checks.ask(LEDGER, "competent", {"person": DRIVER, "post": "driver"}, before)
    assert answer.answer is True


def test_what_was_erased_makes_the_answer_unknown_and_never_a_yes(site: Site) -> None:
    size = site.plant.services.entries.size(LEDGER)
    site.certify()
    erase = f"UPDATE disclosures SET sealed = NULL WHERE idx >= {size} AND position < {JUDGEMENT_POSITION}"
    with write(site.plant.services.engine) as connection:
        connection.exec_driver_sql("DROP TRIGGER disclosures_no_update")
        connection.exec_driver_sql(erase)
    assert verdict(ask(site, "competent", person=DRIVER, post="driver")) == (None, "erased")


def test_a_gauge_in_calibration_and_not(shop: Workshop) -> None:
    shop.register()
    assert verdict(ask(shop, "in_calibration", equipment="PG-1")) == (False, "not_calibrated")
    shop.certify_gauge(days_ago=10)
    assert verdict(ask(shop, "in_calibration", equipment=GAUGE)) == (True, "")
    assert verdict(ask(shop, "usable", equipment=GAUGE)) == (True, "")
    later = shop.stamp(days=200)
    assert verdict(ask(shop, "in_calibration", later, equipment=GAUGE)) == (False, "calibration_expired")
    assert verdict(ask(shop, "usable", later, equipment=GAUGE)) == (False, "locked")


def test_a_contractor_at_the_gate(shop: Workshop) -> None:
    firm = "contractor/C-17"
    applied = {
        "event": "apply", "company": "Pujiang Maintenance", "licence_scope": "Pipework",
        "licence_valid_to": "2026-12-31", "agreement_ref": "AG-1", "agreement_valid_to": "2026-12-31",
        "personnel": [{"person_ref": "W-1"}],
    }  # fmt: skip
    shop.put("contractor_admission", firm, applied, key=OFFICER)
    assert verdict(ask(shop, "admitted", contractor="C-17")) == (False, "not_admitted")
    approved = {"event": "approve", "approved_by": "S-1", "valid_from": "2026-11-24", "valid_to": "2027-11-23"}
    shop.put("contractor_admission", firm, approved, key=OFFICER)
    shop.plant.clock.advance(minutes=1)
    assert verdict(ask(shop, "admitted", contractor="C-17")) == (True, "")
    assert verdict(ask(shop, "entry_allowed", person="W-9", contractor="C-17")) == (False, "not_on_the_list")
    assert verdict(ask(shop, "admitted", "2027-01-01T08:00:00Z", contractor="C-17"))[0] is False


def test_products_that_may_and_may_not_follow_each_other(shop: Workshop) -> None:
    assert verdict(ask(shop, "sds_compatible", previous="TOL", product="XYL")) == (None, "no_sds")
    assert verdict(ask(shop, "sds_compatible", previous="TOL", product="TOL"))[0] is True


def test_a_risk_assessment_stands_until_an_incident(shop: Workshop) -> None:
    shop.assess()
    shop.plant.clock.advance(days=1)
    assert verdict(ask(shop, "risk_current", risk=RISK)) == (True, "")
    shop.incident("incident/IN-1")
    shop.plant.clock.advance(minutes=1)
    assert verdict(ask(shop, "risk_current", risk=RISK)) == (False, "incident_since_assessment")


def test_no_permit_is_active_where_none_was_given(shop: Workshop) -> None:
    assert ask(shop, "permit_active", place="bay/B1").answer is False


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_answers_on_an_empty_log(site: Site, name: str) -> None:
    check = CHECKS[name]
    assert check.predicate in predicates()
    arguments = dict.fromkeys(check.names, "none-of-these")
    answer = site.plant.services.checks.ask(LEDGER, name, arguments)
    assert answer.answer is not True or name in ("usable", "in_service", "sds_compatible", "segregated")
    assert answer.inputs == ()


@pytest.mark.parametrize("person", ["person/D-1", "\ud800", "' OR 1=1 --", "D-1\n", "../keys"], ids=ascii)
def test_odd_names_find_nothing_or_the_same_person(site: Site, person: str) -> None:
    site.certify()
    expected = person == "person/D-1"
    assert ask(site, "competent", person=person, post="driver").answer is expected


def test_over_http_the_answer_has_everything_and_repeats_no_argument(site: Site) -> None:
    site.certify()
    found = post(site, {"check": "competent", "arguments": {"person": DRIVER, "post": "driver"}})
    assert found.status_code == 200
    value = found.json()
    assert value["answer"] is True
    assert set(value) == {"check", "answer", "reason", "reason_words", "inputs", "at", "known", "tables"}
    assert value["tables"] == site.plant.services.catalogue.tables.digest
    assert DRIVER not in found.text
    assert found.headers["cache-control"] == "no-store"


def test_over_http_a_no_has_words_in_both_languages(site: Site) -> None:
    body = {"check": "competent", "arguments": {"person": "D-9", "post": "driver"}, "at": "2026-11-24T08:00:00Z"}
    value = post(site, body).json()
    zh, en = reasons()["no_credential"]
    assert (value["answer"], value["reason"], value["reason_words"]) == (False, "no_credential", {"zh": zh, "en": en})
    assert value["at"] == "2026-11-24T08:00:00Z"


def test_over_http_what_cannot_be_told_is_the_word_unknown(site: Site) -> None:
    body = {"check": "sds_compatible", "arguments": {"previous": "TOL", "product": "XYL"}}
    assert post(site, body).json()["answer"] == "unknown"


def test_what_cannot_be_asked_is_refused_without_its_values(site: Site) -> None:
    """Every file of `tests/vectors/check_queries`."""
    files = vector_files("check_queries")
    assert files
    for path in files:
        case = read_case(path)
        found = post(site, case["value"])
        assert found.status_code == 400, path.stem
        assert found.json().get("reason") == case["reason"], path.stem
        assert not any(value in found.text for value in ("E-1", "C-1", "E-0815")), path.stem


def test_a_stranger_gets_no_answer(site: Site) -> None:
    body = {"check": "admitted", "arguments": {"contractor": "C-1"}}
    assert request(site.plant.services, "POST", PATH, json=body, peer="10.0.0.7").status_code == 401


def test_a_ledger_that_does_not_exist_is_not_found(site: Site) -> None:
    body = {"check": "admitted", "arguments": {"contractor": "C-1"}}
    assert request(site.plant.services, "POST", "/v1/ledgers/other/checks", json=body).status_code == 404


def test_asking_stores_nothing(site: Site) -> None:
    size = site.plant.services.entries.size(LEDGER)
    ask(site, "competent", person=DRIVER, post="driver")
    assert site.plant.services.entries.size(LEDGER) == size


@pytest.mark.parametrize(("arguments", "code"), [
    (["competent", DRIVER, "driver"], 0), (["competent", "D-9", "driver"], 1),
    (["sds_compatible", "TOL", "XYL"], 2), (["competent", DRIVER], 64), (["nothing", DRIVER], 64),
    (["competent", DRIVER, "driver", "more"], 64), (["competent", DRIVER, "driver", "--at", "yesterday"], 1),
])  # fmt: skip
def test_the_command_line_says_it_by_its_exit_code(site: Site, arguments: list[str], code: int) -> None:
    site.certify()
    data = str(site.plant.settings.data_dir)
    at = [] if "--at" in arguments else ["--at", "2026-11-25T08:00:00Z"]
    assert main(["check", LEDGER, *arguments, *at, "--data", data]) == code


def test_the_command_line_prints_words_or_json(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    question = ["check", LEDGER, "competent", "D-9", "driver", "--data", str(site.plant.settings.data_dir)]
    main([*question, "--lang", "zh"])
    assert reasons()["no_credential"][0] in capsys.readouterr().out
    main([*question, "--json"])
    assert json.loads(capsys.readouterr().out)["reason"] == "no_credential"
