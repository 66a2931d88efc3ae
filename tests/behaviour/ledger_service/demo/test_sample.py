"""The sample month: the same for the same seed, plausible, and wholly readable with the shipped mappings."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from evidence.records import load_record_types
from ledger_service.demo.plant import DEVICES, SOURCES, source_mapping
from ledger_service.demo.sample import Month, month_files, write_month
from ledger_service.demo.sample.pictures import HEIGHT, WIDTH, Box, draw
from ledger_service.importing.build import Builder
from ledger_service.importing.errors import RowRejected
from ledger_service.importing.importer import reader_below
from ledger_service.importing.rows import Row, open_source
from scripts.make_sample_site import main as make_sample_site

MONTH = Month(seed=7, year=2026, month=2)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write_month(folder, MONTH)
    return folder


def test_same_seed_and_month_give_the_same_bytes() -> None:
    small = Month(3, 2026, 2, percent=10)
    assert month_files(small) == month_files(small)
    assert month_files(small)[0] != month_files(small.next())[0]
    assert month_files(small)[0] != month_files(Month(4, 2026, 2, percent=10))[0]


def test_a_month_has_at_least_two_thousand_records_of_four_types() -> None:
    _, counts = month_files(MONTH)
    assert sum(counts.values()) >= 2000
    assert set(counts) == {file for file, _ in SOURCES}
    assert {source_mapping(name).record_type for _, name in SOURCES} == {
        "training_record",
        "calibration_record",
        "loading_step",
        "ai_violation",
    }


@pytest.mark.parametrize(("file", "name"), SOURCES)
def test_every_row_fits_its_record_type(site: Path, file: str, name: str) -> None:
    mapping = source_mapping(name)
    builder = Builder(mapping, load_record_types()[mapping.record_type], reader_below(site))
    with open_source(site / file, [mapping]) as source:
        rows = list(source.rows)
    assert not [row for row in rows if isinstance(row, RowRejected)]
    drafts = [builder.build(row) for row in rows if isinstance(row, Row)]
    assert len({draft.source_ref for draft in drafts}) == len(drafts)
    assert {draft.device for draft in drafts} <= {device.name for device in DEVICES}


def test_training_is_gb18030_and_tablets_write_a_byte_order_mark(site: Path) -> None:
    training = (site / "training.csv").read_bytes()
    assert training.decode("gb18030").startswith("培训编号,")
    with pytest.raises(UnicodeDecodeError):
        training.decode("utf-8")
    assert (site / "loading_steps.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_workers_stay_the_same_from_month_to_month() -> None:
    def people(month: Month) -> set[str]:
        lines = month_files(month)[0]["training.csv"].decode("gb18030").splitlines()[1:]
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
    assert "records in" in capsys.readouterr().out
    for path in (p for p in site.rglob("*") if p.is_file()):
        assert (tmp_path / path.relative_to(site)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("month", ["2026-13", "2026", "202602", "x-y"])
def test_the_script_refuses_a_month_that_is_none(tmp_path: Path, month: str) -> None:
    with pytest.raises(SystemExit) as caught:
        make_sample_site([str(tmp_path), "--month", month])
    assert caught.value.code == 64
