"""What others get to see: HTTP answers, receipts that verify, folders, and what fsck finds when somebody bends rows."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from evidence.policy import parse_policy
from evidence.receipt import JUDGED_VERSION, Receipt
from evidence.records import validate
from evidence.report import Outcome, Report
from evidence.verify import ReceiptVerifier
from ledger_service.fsck.model import Severity
from ledger_service.receipts.export import policy_text
from tests.fakes.http import Call, call
from tests.fakes.plant import LEDGER, STEP, Plant
from tests.fakes.site import Site


@pytest.fixture
def site(plant: Plant) -> Site:
    plant.clock.advance(days=1)
    made = Site(plant)
    made.crew()
    return made


def verify(plant: Plant, receipt: Receipt) -> Report:
    policy = policy_text(plant.services, LEDGER).replace("require_anchor = true", "require_anchor = false")
    types = plant.services.catalogue.all_types()
    return ReceiptVerifier(parse_policy(policy), types, validate).verify(receipt.to_json())


def test_a_receipt_proves_the_judgement(site: Site) -> None:
    step = site.papers()
    site.plant.services.publisher.publish(LEDGER)
    receipts = site.plant.services.receipts
    whole = receipts.receipt(LEDGER, step.index)
    assert whole.version == JUDGED_VERSION
    report = verify(site.plant, whole)
    assert report.verdict is Outcome.VALID, report.failed
    assert next(check.detail for check in report.checks if check.name == "judgement").startswith("1")
    other = receipts.receipt(LEDGER, step.index - 1)
    assert verify(site.plant, replace(whole, judgement=other.judgement)).verdict is Outcome.INVALID
    [enrolment] = [key for key in whole.keys if key.proof.index == 0][:1] or [whole.keys[0]]
    assert enrolment.version == 1


@pytest.mark.parametrize(
    ("wanted", "shown"), [(set(), False), ({"seq"}, False), ({"rule_results"}, True), (None, True)]
)
def test_a_receipt_shows_the_judgement_like_a_field(site: Site, wanted: set[str] | None, shown: bool) -> None:
    step = site.papers()
    site.plant.services.publisher.publish(LEDGER)
    receipt = site.plant.services.receipts.receipt(LEDGER, step.index, disclose=wanted)
    assert (receipt.judgement is not None) == shown
    assert receipt.version == JUDGED_VERSION
    assert verify(site.plant, receipt).verdict is Outcome.VALID


def test_answers_and_entries_show_the_rules(plant: Plant) -> None:
    path = f"/v1/ledgers/{LEDGER}"
    body = {"type": "loading_step", "occurred_at": plant.claims("loading_operation/LO-1").occurred_at, "payload": STEP}
    posted, entry, page = call(
        plant.services,
        [
            Call("POST", f"{path}/records", json.dumps(body), headers={"content-type": "application/json"}),
            Call("GET", f"{path}/entries/2"),
            Call("GET", f"{path}/records"),
        ],
    )
    assert posted.status_code == 201, posted.text
    answer, shown = posted.json()["judgement"], entry.json()
    against = [item for item in shown["judgement"]["results"] if item["outcome"] in ("fail", "unknown")]
    assert [item["rule"] for item in answer["failed"]] == [item["rule"] for item in against] != []
    assert answer["marks"] == shown["marks"] == shown["judgement"]["marks"]
    assert answer["state"] == shown["judgement"]["step"]["to"]
    assert shown["judgement_disclosure"]["erased_by"] is None
    assert page.json()["items"][0]["judgement"] == shown["judgement"]
    key_event = page.json()["items"][-1]
    assert (key_event["judgement"], key_event["marks"]) == (None, [])


@pytest.fixture
def bent(site: Site) -> Path:
    """The database of a sound ledger, closed; triggers gone, so that rows can be bent."""
    site.papers()
    path = site.plant.settings.data_dir / "ledger.sqlite"
    assert site.plant.services.fsck.report(LEDGER, rejudge=True).findings == ()
    return path


@pytest.mark.parametrize(
    ("statement", "code", "where"),
    [
        ("DELETE FROM links WHERE idx = (SELECT max(idx) FROM links)", "projection", "links["),
        ("UPDATE links SET target = 'A' WHERE idx = (SELECT max(idx) FROM links)", "projection", "links["),
        ("INSERT INTO links SELECT ledger, target, 'audit', idx, field FROM links LIMIT 1", "projection", "links["),
        ("DELETE FROM judgement_inputs", "projection", "judgement_inputs["),
        (
            "UPDATE judgement_inputs SET input_idx = 0"
            " WHERE input_idx = 10 AND idx = (SELECT max(idx) FROM judgement_inputs)", "projection",
            "judgement_inputs[",
        ),
        ("DELETE FROM disclosures WHERE position = 256", "judgement", "256]"),
        ("UPDATE disclosures SET digest = 'A' WHERE position = 256", "judgement", ".digest"),
        (
            "INSERT INTO disclosures SELECT ledger, 0, 256, digest, sealed, erased_by_idx, key_no FROM disclosures"
            " WHERE position = 256 LIMIT 1", "judgement", "0,256]",
        ),
        ("UPDATE disclosures SET sealed = NULL WHERE position = 256", "erasure", "256]"),
    ],
)  # fmt: skip
def test_fsck_names_what_was_bent(site: Site, bent: Path, statement: str, code: str, where: str) -> None:
    columns = "ledger, idx, position, digest, sealed, erased_by_idx, key_no"
    with closing(sqlite3.connect(bent)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        text = statement.replace("INSERT INTO disclosures ", f"INSERT INTO disclosures ({columns}) ")
        assert database.execute(text).rowcount > 0
        database.commit()
    found = [item for item in site.plant.services.fsck.fsck(LEDGER) if item.severity is Severity.ERROR]
    assert any(item.code == code and where in item.where for item in found), found


def test_fsck_finds_a_judgement_that_the_rules_do_not_give(site: Site) -> None:
    """A ledger that stores, with all digests in order, another judgement than its rules give."""
    judge = site.plant.services.judge
    engine = judge.engine

    class Lenient:
        def judge(self, *arguments: object) -> object:
            judgement = engine.judge(*arguments)  # type: ignore[arg-type]
            return replace(judgement, results=judgement.results[:1])

    judge.engine = Lenient()  # type: ignore[assignment]
    step = site.papers()
    assert site.plant.services.fsck.fsck(LEDGER) == []
    found = site.plant.services.fsck.report(LEDGER, rejudge=True).findings
    assert f"entries[{LEDGER},{step.index}].judgement" in [item.where for item in found]
