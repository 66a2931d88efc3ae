"""An export after an erasure: it verifies, and says what was erased by which entry, and what is merely not shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence.archive import verify_path
from evidence.policy import parse_policy
from evidence.records.catalogue import load_catalogue
from evidence.report import Outcome, Report
from evidence.verify import ReceiptVerifier
from ledger_service.receipts.export import export_folder
from tests.behaviour.ledger_service.privacy.people import BASIS, NAME, REASON, SECRETS, ZHANG, populate, spoken_of
from tests.fakes.plant import LEDGER, Plant


@pytest.fixture
def exported(plant: Plant, tmp_path: Path) -> Path:
    populate(plant)
    plant.clock.advance(days=400)
    plant.services.erasures.erase(LEDGER, ZHANG, BASIS, REASON, also_containing=[NAME])
    plant.services.publisher.publish(LEDGER)
    folder = tmp_path / "export"
    export_folder(plant.services, LEDGER, folder, 1, lambda *_: None)
    return folder


def reports(folder: Path) -> dict[str, Report]:
    text = (folder / "policy.toml").read_text().replace("require_anchor = true", "require_anchor = false")
    verifier = ReceiptVerifier(parse_policy(text), load_catalogue().all_types())
    return {report.subject: report for report in verify_path(folder, verifier)}


def test_an_export_after_an_erasure_verifies_and_holds_nothing_of_the_person(exported: Path) -> None:
    assert {report.verdict for report in reports(exported).values()} == {Outcome.VALID}
    assert spoken_of(exported, SECRETS) == {}


def test_a_missing_disclosure_is_said_to_be_erased_by_its_entry(exported: Path) -> None:
    found = {check.name: check for check in reports(exported)["receipts/2.json"].checks}
    assert f"erased by entry 8 under {BASIS}" in found["erasure"].detail
    untouched = {check.name for check in reports(exported)["receipts/3.json"].checks}
    assert "erasure" not in untouched


def test_without_the_erasure_entry_it_counts_as_withheld_or_erased(exported: Path) -> None:
    (exported / "receipts" / "8.json").unlink()
    report = reports(exported)["receipts/2.json"]
    assert "erasure" not in {check.name for check in report.checks}
    assert "withheld, erased or decoy" in next(item for item in report.checks if item.name == "disclosures").detail


def test_the_manifest_lists_the_erasures(exported: Path) -> None:
    scope = json.loads((exported / "manifest.json").read_bytes())["scope"]
    assert [(item["entry"], item["legal_basis"]) for item in scope["erasures"]] == [(8, BASIS)]
    assert scope["erasures"][0]["disclosures"] > 10
