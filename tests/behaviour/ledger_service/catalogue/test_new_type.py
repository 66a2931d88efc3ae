"""A safety expert adds a record type with one YAML file: form, validation, rule and clause, without Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evidence.__main__ import main as verify_offline
from evidence.encoding import format_time
from evidence.records import validate
from evidence.records.judgement import Severity
from ledger_service.catalogue.site import site_catalogue
from ledger_service.errors import CatalogueUnusable
from ledger_service.receipts.export import policy_text
from tests.fakes.http import Call, call, request
from tests.fakes.plant import LEDGER, Plant

TYPE = """\
id: eyewash_check
version: 1
labels: {zh: 洗眼器检查, en: Eyewash check}
help: {zh: 每周一次, en: Once a week}
subject: {kind: equipment, personal: none}
retention: {class: site_policy, source: site policy}
clauses: ['8.2']
required: [site, flow_ok, ran_for]
fields:
  flow_ok:
    labels: {zh: 水流正常, en: The flow is good}
    schema: {type: boolean}
  ran_for:
    labels: {zh: 放水时间, en: Water ran for}
    schema: {$ref: '#/$defs/quantity', properties: {unit: {enum: [s, min]}}}
  checked_by:
    labels: {zh: 检查人, en: Checked by}
    personal: personal
    refers_to: person
    schema: {$ref: '#/$defs/ref'}
rules:
  - id: EW1
    version: 1
    labels: {zh: 水流正常, en: An eyewash gives water}
    severity: hard
    check: payload.flow_ok
    reason: no_flow
    source: site policy
    confidence: k
form:
  steps:
    - {labels: {zh: 放水, en: Run the water}, fields: [ran_for, flow_ok]}
    - {labels: {zh: 签名, en: Sign}, fields: [checked_by]}
"""
MAP = {
    "id": "site-rules", "version": 1, "labels": {"zh": "本厂规定", "en": "Rules of the site"}, "source": "site policy",
    "confidence": "k", "clauses": [
        {"number": "3", "title": {"zh": "急救设施", "en": "First aid"}, "di": "R",
         "question": {"zh": "每周检查了吗？", "en": "Was it checked every week?"},
         "records": [{"type": "eyewash_check", "primary": True}]},
    ],
}  # fmt: skip
PAYLOAD: dict[str, Any] = {
    "subject": "equipment/EW-3",
    "site": "site/warehouse-3",
    "flow_ok": True,
    "ran_for": {"value": "60", "unit": "s"},
    "checked_by": "E-0815",
}


@pytest.mark.parametrize("check", ["payload.flow_rate > 1", "unknown_predicate(payload.flow_ok)", "payload.flow_ok &&"])
def test_no_service_starts_with_a_rule_that_would_leave_every_record_undecided(tmp_path: Path, check: str) -> None:
    (tmp_path / "types").mkdir()
    bent = TYPE.replace("check: payload.flow_ok", f"check: '{check}'")
    (tmp_path / "types" / "eyewash_check.yaml").write_text(bent, "utf-8")
    with pytest.raises(CatalogueUnusable, match="eyewash_check"):
        site_catalogue(tmp_path)


@pytest.fixture
def site(plant: Plant) -> Plant:
    """The plant after its safety expert saved two files, and the service was started again."""
    folder = plant.settings.data_dir / "catalogue"
    for name, text in (("types/eyewash_check.yaml", TYPE), ("maps/site-rules.yaml", json.dumps(MAP))):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return plant.reopen()


def record(plant: Plant, **changes: Any) -> dict[str, Any]:
    payload = {name: value for name, value in (PAYLOAD | changes).items() if value is not None}
    return {"type": "eyewash_check", "occurred_at": format_time(plant.clock.now()), "payload": payload}


def test_its_form_is_served_in_both_languages(site: Plant) -> None:
    chinese, english = call(
        site.services, [Call("GET", f"/v1/types/eyewash_check/form?lang={lang}") for lang in ("zh", "en")]
    )
    assert [step["label"] for step in chinese.json()["steps"]][:2] == ["放水", "签名"]
    ran_for = english.json()["steps"][0]["fields"][0]
    assert (ran_for["name"], ran_for["widget"], ran_for["units"]) == ("ran_for", "quantity", ["s", "min"])
    assert ran_for["required"] is True


def test_a_payload_that_misfits_is_refused_and_one_that_fits_is_taken(site: Plant) -> None:
    bodies = [
        record(site, ran_for={"value": "1", "unit": "h"}),
        record(site, flow_ok=None),
        record(site, colour="green"),
        record(site, subject="person/E-1"),
        record(site),
    ]
    answers = call(site.services, [Call("POST", f"/v1/ledgers/{LEDGER}/records", json=body) for body in bodies])
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 201]
    assert [answer.json()["reason"] for answer in answers[:4]] == ["PayloadMismatch"] * 3 + ["SubjectKind"]
    view = site.services.entries.get(LEDGER, answers[4].json()["index"])
    assert view.payload is not None
    validate(site.services.record_types["eyewash_check"], view.payload)


def test_a_record_that_breaks_its_rule_is_kept_and_says_so(site: Plant) -> None:
    bodies = [record(site), record(site, flow_ok=False)]
    answers = call(site.services, [Call("POST", f"/v1/ledgers/{LEDGER}/records", json=body) for body in bodies])
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [[item["rule"] for item in answer.json()["judgement"]["failed"]] for answer in answers] == [[], ["EW1"]]
    chain = site.services.chains.get(LEDGER, str(PAYLOAD["subject"]))
    failed = [view.judgement.failed(Severity.HARD) for view in chain.items if view.judgement is not None]
    assert [[(item.rule, item.reason) for item in found] for found in failed] == [[], [("EW1", "no_flow")]]


def test_its_rule_and_its_clauses_are_shown(site: Plant) -> None:
    answer = request(site.services, "GET", "/v1/types/eyewash_check").json()
    assert [rule["id"] for rule in answer["data"]["rules"]] == ["EW1"]
    assert answer["clauses"] == ["8.2"]
    assert {"map": "site-rules", "number": "3", "title": {"zh": "急救设施", "en": "First aid"}} in answer[
        "evidence_for"
    ]
    listed = request(site.services, "GET", "/v1/types").json()["items"]
    assert answer["schema"] in [item["schema"] for item in listed if item["id"] == "eyewash_check"]


def test_it_links_to_the_people_it_names(site: Plant) -> None:
    found = site.services.record_types["eyewash_check"]
    assert [link.subject for link in found.links(PAYLOAD)] == ["person/E-0815"]
    assert found.concerns(PAYLOAD) == {"checked_by": "person/E-0815"}


def test_fsck_knows_it(site: Plant) -> None:
    assert request(site.services, "POST", f"/v1/ledgers/{LEDGER}/records", json=record(site)).status_code == 201
    assert site.services.fsck.report(LEDGER).is_sound


def test_the_file_lies_outside_of_the_program(site: Plant, tmp_path: Path) -> None:
    path = site.settings.data_dir / "catalogue" / "types" / "eyewash_check.yaml"
    assert path.is_relative_to(tmp_path)
    path.unlink()
    assert "eyewash_check" not in site.reopen().services.record_types


def test_its_receipts_verify_offline_with_the_file_beside_them(
    site: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = request(site.services, "POST", f"/v1/ledgers/{LEDGER}/records", json=record(site)).json()["index"]
    site.services.publisher.publish(LEDGER)
    receipt, policy = tmp_path / "receipt.json", tmp_path / "policy.toml"
    receipt.write_bytes(site.services.receipts.receipt(LEDGER, index).to_json())
    policy.write_text(policy_text(site.services, LEDGER).replace("require_anchor = true", "require_anchor = false"))
    verify = ["verify", str(receipt), "--policy", str(policy)]
    # Without the type the rest is proven, but whether the payload fits is not known.
    assert verify_offline(verify) == 2
    capsys.readouterr()
    assert verify_offline([*verify, "--catalogue", str(site.settings.data_dir / "catalogue")]) == 0
    assert "signed as eyewash_check and fits it" in capsys.readouterr().out
