"""An import against the running service: signed by devices, or by the service for sources without keys."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from ledger_service.config import Settings
from ledger_service.context import Services, build_services
from ledger_service.demo.plant import DEVICES, LEDGER, ORIGIN, device_keys, source_mapping
from ledger_service.demo.sample import Month, sample_month, write_month
from ledger_service.demo.server import client_of, serving
from ledger_service.importing.client import HttpLedger, PlainHttpLedger
from ledger_service.importing.errors import ServiceRefused
from ledger_service.importing.importer import Importer
from ledger_service.importing.ports import ImportReport
from ledger_service.importing.sign import PlainRecords, Signer


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    settings = Settings(data_dir=tmp_path / "data", database_url=None, scheduler=False)
    # A rule set before the first judgement would shift the index of every entry that a test names.
    services = build_services(settings, rule_sets=False)
    services.ledgers.create(LEDGER, ORIGIN)
    yield services
    services.close()
    structlog.reset_defaults()


@pytest.fixture
def client(services: Services) -> Iterator[httpx.Client]:
    with serving(services) as url, client_of(url, services.access.create_client("importer", "writer")) as client:
        yield client


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_month(tmp_path / "site", sample_month(Month(7, 2026, 2, percent=3)))
    return tmp_path / "site"


def import_plain(services: Services, client: httpx.Client, site: Path, name: str = LEDGER) -> ImportReport:
    importer = Importer(PlainHttpLedger(client, name), PlainRecords(), services.record_types)
    return importer.run(site / "calibration.json", source_mapping("metrology_lab"))


def import_signed(services: Services, client: httpx.Client, site: Path) -> ImportReport:
    signer = Signer(device_keys(7), services.keystore.stream_key(LEDGER))
    importer = Importer(HttpLedger(client, LEDGER), signer, services.record_types)
    return importer.run(site / "loading_steps.csv", source_mapping("loading_tablets"))


def test_the_service_signs_for_sources_without_keys(services: Services, client: httpx.Client, site: Path) -> None:
    first = import_plain(services, client, site)
    second = import_plain(services, client, site)
    assert first.created == first.rows > 0
    assert (second.created, second.repeated) == (0, first.rows)
    view = services.entries.get(LEDGER, 1)
    assert view.entry.kid == services.keystore.service_key(LEDGER).kid
    assert view.payload["submitted_by"] == "importer"


def test_a_plain_record_that_changed_is_kept_as_a_reject(services: Services, client: httpx.Client, site: Path) -> None:
    import_plain(services, client, site)
    path = site / "calibration.json"
    text = path.read_text("utf-8")
    changed = text.count('"conformity": "pass"')
    path.write_text(text.replace('"conformity": "pass"', '"conformity": "not_stated"'), "utf-8")
    report = import_plain(services, client, site)
    assert report.rejected == changed > 0
    assert report.repeated == report.rows - changed
    assert report.rejects is not None
    assert "Another content already has this name" in report.rejects.read_text("utf-8")


def test_devices_sign_where_they_are_enrolled(services: Services, client: httpx.Client, site: Path) -> None:
    keys = device_keys(7)
    for device in DEVICES:
        services.keys.enrol(LEDGER, keys[device.name].key.public, device.holder, device.role)
    report = import_signed(services, client, site)
    assert report.created == report.rows > 0
    assert services.entries.get(LEDGER, 1 + len(DEVICES)).entry.kid == keys["TAB-GATE-01"].key.kid


def test_devices_that_are_not_enrolled_are_refused_line_by_line(
    services: Services, client: httpx.Client, site: Path
) -> None:
    report = import_signed(services, client, site)
    assert report.rejected == report.rows > 0
    assert report.rejects is not None
    kept = [json.loads(line) for line in report.rejects.read_text("utf-8").splitlines()]
    assert len(kept) == report.rows
    assert all("KeyNotTrusted" in line["problem"] for line in kept)
    assert services.entries.size(LEDGER) == 1


def test_a_wrong_token_or_ledger_stops_the_import(services: Services, client: httpx.Client, site: Path) -> None:
    with pytest.raises(ServiceRefused, match="404"):
        import_plain(services, client, site, name="nowhere")
    client.headers["authorization"] = "Bearer slc_wrong"
    with pytest.raises(ServiceRefused, match="401"):
        import_plain(services, client, site)
    assert services.entries.size(LEDGER) == 1
