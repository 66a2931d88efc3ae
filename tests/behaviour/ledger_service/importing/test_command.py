"""The import as a command against the running service: signed by devices, or by the service for those without keys."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from evidence.encoding import b64url_encode
from ledger_service.config import Settings
from ledger_service.context import Services, build_services
from ledger_service.demo.plant import DEVICES, LEDGER, ORIGIN
from ledger_service.demo.sample import Month, write_month
from ledger_service.demo.server import serving
from ledger_service.importing.command import EXIT_OK, EXIT_REJECTS, EXIT_STOPPED, Target, load_device_keys, run_import


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    services = build_services(Settings(data_dir=tmp_path / "data", database_url=None, scheduler=False))
    services.ledgers.create(LEDGER, ORIGIN)
    yield services
    services.close()
    structlog.reset_defaults()


@pytest.fixture
def target(services: Services) -> Iterator[Target]:
    token = services.access.create_client("importer", "writer")
    with serving(services) as url:
        yield Target(url, token, LEDGER)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_month(tmp_path / "site", Month(7, 2026, 2, percent=3))
    return tmp_path / "site"


def counts(said: str) -> list[tuple[int, int, int]]:
    return [(r["created"], r["repeated"], r["rejected"]) for r in json.loads(said)]


def test_the_service_signs_for_sources_without_keys(
    services: Services, target: Target, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [site / "calibration.json"]
    assert run_import(files, target, mapping="metrology_lab", as_json=True) == EXIT_OK
    ((created, _, _),) = counts(capsys.readouterr().out)
    assert run_import(files, target, mapping="metrology_lab", as_json=True) == EXIT_OK
    assert counts(capsys.readouterr().out) == [(0, created, 0)]
    view = services.entries.get(LEDGER, 1)
    assert view.entry.kid == services.keystore.service_key(LEDGER).kid
    assert view.payload["submitted_by"] == "importer"


def test_devices_sign_where_their_keys_are_given(
    services: Services, target: Target, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "keys.json"
    seeds = {device.name: b64url_encode(bytes([number]) * 32) for number, device in enumerate(DEVICES)}
    keys.write_text(json.dumps(seeds))
    for device, key in zip(DEVICES, load_device_keys(keys).values(), strict=True):
        services.keys.enrol(LEDGER, key.key.public, device.holder, device.role)
    stream_key = services.keystore.stream_key(LEDGER)
    files = [site / "loading_steps.csv"]
    code = run_import(files, target, mapping="loading_tablets", keys=keys, stream_key=stream_key, as_json=True)
    assert code == EXIT_OK
    ((created, _, _),) = counts(capsys.readouterr().out)
    assert services.entries.size(LEDGER) == 1 + len(DEVICES) + created
    first = services.entries.get(LEDGER, 1 + len(DEVICES))
    assert first.entry.kid == load_device_keys(keys)["TAB-GATE-01"].key.kid


def test_devices_that_are_not_enrolled_are_refused_line_by_line(
    services: Services, target: Target, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"HR-SYSTEM": b64url_encode(b"x" * 32)}))
    code = run_import(
        [site / "training.csv"], target, mapping="hr_training", keys=keys, stream_key=b"k" * 32, as_json=True
    )
    assert code == EXIT_REJECTS
    (report,) = json.loads(capsys.readouterr().out)
    assert report["rejected"] == report["rows"] > 0
    kept = [json.loads(line) for line in Path(report["rejects"]).read_text("utf-8").splitlines()]
    assert len(kept) == report["rows"]
    assert "KeyNotTrusted" in kept[0]["problem"]
    assert services.entries.size(LEDGER) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token": "slc_wrong"}, "401"),
        ({"ledger": "nowhere"}, "404"),
    ],
)
def test_a_wrong_target_stops_the_import(
    target: Target, site: Path, change: dict[str, str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = Target(**{**vars(target), **change})
    assert run_import([site / "calibration.json"], wrong, mapping="metrology_lab") == EXIT_STOPPED
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [("[]", "JSON object"), ("{", "JSON object"), ('{"A": "AA"}', "has not 32 bytes"), ('{"A": 1}', "JSON object")],
)
def test_a_bad_key_file_is_refused_without_showing_it(
    target: Target, site: Path, tmp_path: Path, content: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(content)
    files = [site / "training.csv"]
    assert run_import(files, target, mapping="hr_training", keys=keys, stream_key=b"k" * 32) == EXIT_STOPPED
    assert words in capsys.readouterr().err


def test_an_unknown_mapping_names_the_shipped_ones(
    target: Target, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_import([site / "training.csv"], target, mapping="nothing") == EXIT_STOPPED
    assert "hr_training" in capsys.readouterr().err
