"""Import of tables of trainings over HTTP, from file to receipt, beside the bare ingest of the same statements.

Both sides are judged; a further row tells what the judging of trainings costs the sequencer.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import httpx
from openpyxl import Workbook

from bench.http_load import drive, post
from bench.ingest import SCRATCH, ledger, server
from bench.measure import Row, duel, per_second
from bench.sample import LEDGER
from ledger_service.context import Services
from ledger_service.demo.plant import source_mapping
from ledger_service.demo.sample.training import HEADER
from ledger_service.importing.build import Builder
from ledger_service.importing.client import HttpLedger
from ledger_service.importing.importer import Importer, reader_below
from ledger_service.importing.mapping import parse_mapping
from ledger_service.importing.rows import Row as SourceRow
from ledger_service.importing.rows import open_source
from ledger_service.importing.sign import DeviceKey, Signer
from ledger_service.statements.model import Sequenced

_BATCH = 250
_PERSONS = 2000
_DEVICES = {"HR-SYSTEM": DeviceKey.from_seed("urn:safety-ledger:device:hr", b"h" * 32)}


def rows(quick: bool) -> Iterator[Row]:
    """Rows of CSV in ten files, each in turn with as many statements made beforehand; then what the judging costs."""
    rounds, count = (1, 250) if quick else (9, 10_000)
    SCRATCH.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=SCRATCH) as name, ledger(Path(name, "data")) as services:
        services.keys.enrol(LEDGER, _DEVICES["HR-SYSTEM"].key.public, "HR", "system")
        with server(Path(name, "data")) as port:
            yield _against_ingest(services, port, Path(name), rounds, count)
    with TemporaryDirectory(dir=SCRATCH) as name:
        yield _judging(Path(name), min(rounds, 3), min(count, 2000))


def _against_ingest(services: Services, port: int, folder: Path, rounds: int, count: int) -> Row:
    numbers = iter(range(10**6))
    signer = Signer(_DEVICES, services.keystore.stream_key(LEDGER))

    def table() -> Path:
        series = next(numbers)
        return write_table(folder / f"training-{series}.csv", series, count)

    def ours() -> float:
        path = table()
        begin = perf_counter()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            importer = Importer(HttpLedger(client, LEDGER), signer, services.record_types)
            report = importer.run(path, source_mapping("hr_training"))
        assert (report.created, report.rejected) == (count, 0)
        return perf_counter() - begin

    def peer() -> float:
        texts = iter(signed(services, signer, table()))
        bodies = []
        while batch := list(islice(texts, _BATCH)):
            bodies.append("".join(f'"{text}"\n' for text in batch).encode())
        path = f"/v1/ledgers/{LEDGER}/statements"
        return drive(port, [post(path, body, "application/x-ndjson") for body in bodies], 2)

    result = duel(ours, peer, rounds)
    rows = f"{(rounds + 1) * count:,} training rows in files of {count:,}"
    name = f"import of {rows} (CSV, signed here) / ingest of such statements, {_BATCH} a request"
    return Row(name, result.ratio, 0.6, per_second(count, result.ours), per_second(count, result.peer))


def _judging(folder: Path, rounds: int, count: int) -> Row:
    """The pipeline in process with the rules, and with none: two ledgers in turn, on one processor's time."""
    numbers = iter(range(10**6))
    with ledger(folder / "judged") as judged, ledger(folder / "plain") as plain:
        setattr(plain.judge, "judged", lambda _: False)  # noqa: B010

        def run(services: Services) -> float:
            path = write_table(folder / "trainings.csv", next(numbers), count)
            texts = iter(signed(services, Signer(_DEVICES, services.keystore.stream_key(LEDGER)), path))
            batches = iter(lambda: list(islice(texts, _BATCH)), [])
            return sum(_submit(services, batch) for batch in batches)

        for services in (judged, plain):
            services.keys.enrol(LEDGER, _DEVICES["HR-SYSTEM"].key.public, "HR", "system")
        result = duel(lambda: run(judged), lambda: run(plain), rounds)
    name = "ingest of training rows, judged / not judged, the pipeline in process"
    return Row(name, result.ratio, None, per_second(count, result.ours), per_second(count, result.peer))


def _submit(services: Services, batch: list[str]) -> float:
    begin = process_time()
    outcomes = services.statements.submit_now(LEDGER, batch)
    seconds = process_time() - begin
    assert all(isinstance(outcome, Sequenced) for outcome in outcomes)
    return seconds


def write_table(path: Path, series: int, count: int) -> Path:
    """A CSV of `count` trainings; `series` tells its references apart from those of other files."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(training(series, number) for number in range(count))
    return path


def write_workbook(path: Path, series: int, count: int) -> Path:
    """The same as a workbook."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("培训")
    sheet.append(HEADER)
    for number in range(count):
        row = training(series, number)
        sheet.append([row[name] for name in HEADER])
    book.save(path)
    return path


def training(series: int, number: int) -> dict[str, str]:
    """One row."""
    start = datetime(2026, 3, 2, 8, 30, tzinfo=UTC) + timedelta(minutes=number % 50_000)
    filled = {
        "培训编号": f"PX{series}-{number}", "工号": f"SH{number % _PERSONS:05d}", "姓名": "王小明", "用工类型": "正式",
        "岗位": "装卸工", "部门": "仓储部", "培训类别": "应急", "课程": "泄漏处置与应急疏散", "大纲版本": "2026.1",
        "培训机构": "临港危化品仓储培训中心", "讲师工号": "SH00017", "开始时间": f"{start:%Y-%m-%d %H:%M}",
        "结束时间": f"{start + timedelta(hours=4):%Y-%m-%d %H:%M}", "学时": "4", "培训方式": "现场",
        "考核方式": "实操", "成绩": str(70 + number % 30), "合格线": "70", "结果": "合格", "次数": "1",
    }  # fmt: skip
    return {name: filled.get(name, "") for name in HEADER}


def signed(services: Services, signer: Signer, path: Path) -> list[str]:
    """The statements of a table, made beforehand."""
    mapping = source_mapping("hr_training")
    record_type = services.record_types["training_record"]
    builder = Builder(mapping, record_type, reader_below(path.parent))
    with open_source(path, [mapping]) as source:
        drafts = [builder.build(row) for row in source.rows if isinstance(row, SourceRow)]
    return [signer.sign(draft, record_type, mapping.id) for draft in drafts]


def client_side(count: int) -> dict[str, float]:
    """Rows a second of each step that an import takes before it sends: for profiling, not for the table."""
    from evidence.records import load_record_types

    record_type = load_record_types()["training_record"]
    mapping = source_mapping("hr_training")
    text = (Path(__file__).parents[1] / "ledger_service/importing/mappings/hr_training.yaml").read_text("utf-8")
    as_workbook = parse_mapping(text.replace("format: csv\nencodings: [utf-8-sig, gb18030]", "format: xlsx"), "x")
    rates: dict[str, float] = {}
    SCRATCH.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=SCRATCH) as name:
        for step, path, chosen in (
            ("read csv", write_table(Path(name, "a.csv"), 0, count), mapping),
            ("read xlsx", write_workbook(Path(name, "a.xlsx"), 0, count), as_workbook),
        ):
            begin = perf_counter()
            with open_source(path, [chosen]) as source:
                found = list(source.rows)
            rates[step] = count / (perf_counter() - begin)
        builder = Builder(as_workbook, record_type, reader_below(Path(name)))
        begin = perf_counter()
        drafts = [builder.build(row) for row in found if isinstance(row, SourceRow)]
        rates["convert and check"] = count / (perf_counter() - begin)
        signer = Signer(_DEVICES, b"k" * 32)
        begin = perf_counter()
        for draft in drafts:
            signer.sign(draft, record_type, "hr_training")
        rates["sign"] = count / (perf_counter() - begin)
    return rates
