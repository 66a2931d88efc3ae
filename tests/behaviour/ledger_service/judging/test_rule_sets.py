"""The log says by which rules it judges, before it first does, and again when they change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from evidence.encoding import b64url_encode
from evidence.keys import SigningKey
from evidence.records import RecordType
from evidence.records.table_definition import parse_table
from ledger_service.context import build_services
from ledger_service.errors import Refused, StorageFull
from ledger_service.judging.rule_sets import RULE_SET
from ledger_service.statements.model import Rejected, Sequenced
from tests.fakes.bend import bend
from tests.fakes.check_ledger import check_ledger
from tests.fakes.plant import LEDGER, Plant

OWN_TABLE = """
id: loading-limits
version: 99
labels: {zh: 限值, en: Limits}
source: site policy
confidence: c
schema: {type: object}
values: {}
"""


@pytest.fixture
def telling(tmp_path: Path) -> Iterator[Plant]:
    """A plant that records its rule sets."""
    made = Plant(tmp_path / "data", rule_sets=True)
    yield made
    made.services.close()


def types_of(plant: Plant) -> list[str]:
    services = plant.services
    return [services.entries.get(LEDGER, index).entry.record_type for index in range(services.entries.size(LEDGER))]


def test_the_rules_stand_before_the_first_judgement_by_them_and_once(telling: Plant) -> None:
    for number in range(3):
        telling.submit(telling.statement(seq=number + 1))
    assert types_of(telling) == ["key_event", "key_event", RULE_SET, *["loading_step"] * 3]
    telling.reopen().submit(telling.statement(seq=4))
    assert types_of(telling).count(RULE_SET) == 1
    assert check_ledger(telling.services.engine, LEDGER) == 7
    assert telling.services.fsck.fsck(LEDGER) == []


def test_a_rule_set_that_does_not_open_keeps_no_record_out(telling: Plant) -> None:
    telling.submit(telling.statement())
    bend(telling.services.engine, "disclosures", "sealed", types_of(telling).index(RULE_SET))
    [step] = telling.reopen().submit(telling.statement(seq=2))
    assert isinstance(step, Sequenced)


def test_a_ledger_without_judgements_has_no_rule_set(telling: Plant) -> None:
    telling.services.keys.enrol(LEDGER, SigningKey.from_seed(bytes(32)).public, "HR", "hr")
    telling.services.rule_sets.at_start(LEDGER)
    assert RULE_SET not in types_of(telling)


def test_every_name_in_a_judgement_is_resolved_from_the_log_and_its_blobs(telling: Plant) -> None:
    [step] = telling.submit(telling.statement())
    assert isinstance(step, Sequenced)
    assert step.judgement is not None
    told = telling.services.entries.get(LEDGER, step.index - 1).payload
    [attachment] = told["attachments"]
    content = telling.services.blobs.get(attachment["sha256"]).path.read_bytes()
    assert sha256(content).hexdigest() == told["content_sha256"]
    value = json.loads(content)
    types = [RecordType.from_data(data) for data in value["types"]]
    assert {"id": "loading_step", "schema": step.judgement.rules} in told["types"]
    assert [{"id": item.id, "schema": item.schema_claim} for item in types] == told["types"]
    tables = sorted((parse_table(data) for data in value["tables"]), key=lambda item: (item.id, item.version))
    digest = b64url_encode(sha256(b"".join(table.digest for table in tables)).digest())
    assert digest == step.judgement.tables == told["tables"]


def test_new_rules_are_told_before_the_first_judgement_by_them(telling: Plant) -> None:
    telling.submit(telling.statement())
    folder = telling.settings.data_dir / "catalogue" / "tables"
    folder.mkdir(parents=True)
    (folder / "loading-limits-99.yaml").write_text(OWN_TABLE.strip() + "\n", encoding="utf-8")
    telling.reopen().submit(telling.statement(seq=2))
    assert types_of(telling)[2:] == [RULE_SET, "loading_step", RULE_SET, "loading_step"]
    judgements = [telling.services.entries.get(LEDGER, index).judgement for index in (3, 5)]
    assert len({item.tables for item in judgements if item is not None}) == 2


def test_a_start_tells_new_rules_where_others_were_told(telling: Plant) -> None:
    telling.submit(telling.statement())
    telling.services.rule_sets.at_start(LEDGER)
    assert types_of(telling).count(RULE_SET) == 1
    folder = telling.settings.data_dir / "catalogue" / "tables"
    folder.mkdir(parents=True)
    (folder / "loading-limits-99.yaml").write_text(OWN_TABLE.strip() + "\n", encoding="utf-8")
    telling.reopen().services.rule_sets.at_start(LEDGER)
    assert types_of(telling)[-1] == RULE_SET


def test_a_rule_set_that_cannot_be_stored_holds_up_nobody(telling: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageFull("no space")

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(telling.services.blobs, "begin", full)
        assert isinstance(telling.submit(telling.statement())[0], Sequenced)
        assert isinstance(telling.submit(telling.statement(seq=2))[0], Sequenced)
    assert [line["event"] for line in logs] == ["rule set not recorded"]
    telling.clock.advance(minutes=2)
    telling.submit(telling.statement(seq=3))
    assert types_of(telling)[2:] == ["loading_step", "loading_step", RULE_SET, "loading_step"]


@pytest.mark.parametrize("record_type", ["judgement", RULE_SET])
def test_nobody_else_may_say_what_the_ledger_says(plant: Plant, record_type: str) -> None:
    claims = {"type": record_type, "schema": plant.services.record_types[record_type].schema_claim}
    service = plant.services.keystore.service_key(LEDGER)
    for key in (plant.device, service):
        [outcome] = plant.submit(plant.statement(key, claims))
        assert isinstance(outcome, Rejected)
        assert (type(outcome.error), outcome.error.reason) == (Refused, "ServiceType")
    assert check_ledger(plant.services.engine, LEDGER) == 2


def test_two_processes_that_tell_at_once_leave_a_sound_ledger(telling: Plant) -> None:
    other = build_services(telling.settings, telling.clock, telling.random)
    assert telling.services.rule_sets.ensure(LEDGER)
    assert not other.rule_sets.ensure(LEDGER)
    other.close()
    assert check_ledger(telling.services.engine, LEDGER) == 3
