"""The sample month: the same for the same seed, plausible, and wholly readable with the shipped mappings."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from evidence.records import load_record_types
from evidence.records.predicates import reasons
from ledger_service.demo.plant import SOURCES, Source, device_keys, source_mapping
from ledger_service.demo.sample import Month, sample_month, write_month
from ledger_service.demo.sample.crew import hr_rows
from ledger_service.demo.sample.faults import LOADING_FAULTS
from ledger_service.demo.sample.operations import SOUND
from ledger_service.demo.sample.pictures import HEIGHT, WIDTH, Box, draw
from ledger_service.importing.importer import Importer
from ledger_service.importing.ports import ImportReport
from ledger_service.importing.sign import Signer
from scripts.make_sample_site import main as make_sample_site
from tests.behaviour.ledger_service.importing.test_importer import FakeLedger

MONTH = Month(seed=7, year=2026, month=2)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write_month(folder, sample_month(MONTH))
    return folder


def test_same_seed_and_month_give_the_same_bytes() -> None:
    small = Month(3, 2026, 2, percent=10)
    assert sample_month(small) == sample_month(small)
    assert sample_month(small).files != sample_month(small.next()).files
    assert sample_month(small).files != sample_month(Month(4, 2026, 2, percent=10)).files


def imported(site: Path, source: Source) -> tuple[ImportReport, FakeLedger]:
    ledger = FakeLedger()
    importer = Importer(ledger, Signer(device_keys(7), b"k" * 32), load_record_types())
    mappings = [source_mapping(name) for name in source.mappings]
    return importer.run(site / source.file, mappings, work=site / "work" / source.mappings[0]), ledger


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: "+".join(source.mappings) + " " + source.file)
def test_a_file_is_read_whole_but_for_the_rows_that_are_faulty_on_purpose(site: Path, source: Source) -> None:
    report, ledger = imported(site, source)
    assert report.rejected == sample_month(MONTH).faulty_rows.get(source.file, 0)
    assert len(ledger.statements) == report.created == report.rows - report.rejected > 0
    assert report.duplicates == 0
    assert (report.errors is not None) == bool(report.rejected)


def test_a_month_has_at_least_two_thousand_records_of_every_type_that_the_demo_speaks_of(site: Path) -> None:
    reports = [imported(site, source)[0] for source in SOURCES]
    assert sum(report.created for report in reports) >= 2000
    types = {source_mapping(name).record_type for source in SOURCES for name in source.mappings}
    assert types >= {"credential", "equipment", "loading_operation", "loading_step", "hazard_report", "incident"}


def test_sixty_loadings_of_which_ten_go_wrong_each_in_its_own_way() -> None:
    sample = sample_month(MONTH)
    loadings = [fault for fault in sample.faults if fault.subject in sample.operations]
    assert len(sample.operations) == SOUND + len(LOADING_FAULTS) >= 60
    assert [fault.name for fault in loadings] == list(LOADING_FAULTS)
    assert len({fault.subject for fault in sample.faults}) == len(sample.faults)


@pytest.mark.parametrize("percent", [1, 5, 30])
def test_a_small_month_has_every_fault(percent: int) -> None:
    sample = sample_month(Month(7, 2026, 2, percent))
    assert {fault.name for fault in sample.faults} >= set(LOADING_FAULTS)


def test_who_is_erased_stands_in_one_month_only() -> None:
    first, second = sample_month(MONTH), sample_month(MONTH.next())
    texts = {rows[3] for rows in hr_rows(MONTH.next())[1:]}
    assert first.erased.name in {rows[3] for rows in hr_rows(MONTH)[1:]}
    assert first.erased.name not in texts
    assert first.erased.ref != second.erased.ref
    for path, data in second.files.items():
        assert first.erased.ref.encode() not in data, path


def test_the_reasons_and_rules_of_the_faults_exist() -> None:
    types = load_record_types()
    rules = {rule.id for record_type in types.values() for rule in record_type.rules}
    faults = sample_month(MONTH).faults
    assert {fault.rule for fault in faults} <= rules
    assert {fault.reason for fault in faults} <= set(reasons())


def test_training_is_gb18030_and_tablets_write_a_byte_order_mark(site: Path) -> None:
    training = (site / "training.csv").read_bytes()
    assert training.decode("gb18030").startswith("培训编号,")
    with pytest.raises(UnicodeDecodeError):
        training.decode("utf-8")
    assert (site / "loading_steps.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_workers_stay_the_same_from_month_to_month() -> None:
    def people(month: Month) -> set[str]:
        lines = sample_month(month).files["training.csv"].decode("gb18030").splitlines()[1:]
        return {",".join(line.split(",")[1:3]) for line in lines}

    first, second = people(MONTH), people(MONTH.next())
    assert len({entry.split(",")[0] for entry in first | second}) == len(first | second)
    assert first & second


def test_pictures_are_well_formed_png() -> None:
    data = draw((1, 2, 3), (200, 100, 50), "SH-01 AK3505", Box(10, 10, 30, 30))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, offset = {}, 8
    while offset < len(data):
        (length,) = struct.unpack_from(">I", data, offset)
        kind, body = data[offset + 4 : offset + 8], data[offset + 8 : offset + 8 + length]
        (crc,) = struct.unpack_from(">I", data, offset + 8 + length)
        assert crc == zlib.crc32(kind + body)
        chunks[kind] = body
        offset += 12 + length
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (WIDTH, HEIGHT)
    assert len(zlib.decompress(chunks[b"IDAT"])) == HEIGHT * (1 + 3 * WIDTH)
    assert offset == len(data)


def test_the_script_writes_the_same_month(tmp_path: Path, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_sample_site([str(tmp_path), "--seed", "7", "--month", "2026-02"]) == 0
    assert "files in" in capsys.readouterr().out
    for path in (site / name for name in sample_month(MONTH).files):
        assert (tmp_path / path.relative_to(site)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("month", ["2026-13", "2026", "202602", "x-y"])
def test_the_script_refuses_a_month_that_is_none(tmp_path: Path, month: str) -> None:
    with pytest.raises(SystemExit) as caught:
        make_sample_site([str(tmp_path), "--month", month])
    assert caught.value.code == 64
