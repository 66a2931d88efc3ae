"""Importing one file: what is taken, what is refused and kept; a second or interrupted import loses nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from evidence.records import load_record_types
from evidence.statement import disclosed, parse_statement
from ledger_service.importing import importer
from ledger_service.importing.build import Attachment
from ledger_service.importing.errors import MappingInvalid, ServiceUnavailable, SourceUnreadable
from ledger_service.importing.importer import Importer, reader_below
from ledger_service.importing.mapping import parse_mapping
from ledger_service.importing.model import SourceMapping
from ledger_service.importing.ports import NotTaken, Taken
from ledger_service.importing.sign import DeviceKey, Signer

MAPPING = """
id: keys
version: 1
record_type: evidence_package
format: csv
encodings: [utf-8-sig, gb18030]
time_zone: Asia/Shanghai
channel: import
source_system: test
source_ref: [编号]
device: {from: 设备}
subject: {from: 编号, prefix: package/}
occurred_at: {from: 时间}
fields:
  manifest_sha256: {from: 摘要}
  file_count: {from: 文件数, as: integer}
  checkpoint_size: {constant: 7}
  scope: {from: 范围, optional: true}
attachments: [{from: 照片, folder: photos, role: photo}]
ignored: [备注]
"""
HEADER = "编号,设备,时间,摘要,文件数,范围,照片,备注"


class FakeLedger:
    """Answers as the service does: by record id, the same bytes again are recognised, other bytes are refused."""

    name = "test"

    def __init__(self) -> None:
        self.statements: dict[str, str] = {}
        self.blobs: dict[str, bytes] = {}
        self.fail_at: int | None = None
        self.calls = 0

    def put_blob(self, attachment: Attachment) -> None:
        self.blobs[attachment.sha256] = attachment.data

    def submit(self, statements: Sequence[str]) -> list[Taken | NotTaken]:
        self.calls += 1
        if self.calls == self.fail_at:
            raise ServiceUnavailable("gone")
        return [self._take(statement) for statement in statements]

    def _take(self, compact: str) -> Taken | NotTaken:
        jti = parse_statement(compact).claims.jti
        known = self.statements.setdefault(jti, compact)
        index = list(self.statements).index(jti)
        return Taken(index, known is compact) if known == compact else NotTaken("other bytes have this record id")


def mapping(text: str = MAPPING) -> SourceMapping:
    return parse_mapping(text, "test.yaml")


def row(number: int, **changes: str) -> str:
    cells = {
        "编号": f"P-{number}", "设备": "TABLET", "时间": "2026-09-01 08:30", "摘要": f"{number:064x}", "文件数": "3",
        "范围": "", "照片": "", "备注": "x",
    } | changes  # fmt: skip
    return ",".join(cells[name] for name in HEADER.split(","))


def write(folder: Path, *rows: str, encoding: str = "utf-8-sig", header: str = HEADER) -> Path:
    path = folder / "export.csv"
    path.write_bytes("\r\n".join([header, *rows, ""]).encode(encoding))
    return path


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest.fixture
def subject(ledger: FakeLedger) -> Importer:
    devices = {"TABLET": DeviceKey.from_seed("urn:test:tablet", b"s" * 32)}
    return Importer(ledger, Signer(devices, b"k" * 32), load_record_types())


def test_rows_become_signed_statements(tmp_path: Path, ledger: FakeLedger, subject: Importer) -> None:
    report = subject.run(write(tmp_path, row(1), row(2, 范围="全厂")), mapping())
    assert (report.rows, report.created, report.repeated, report.rejected) == (2, 2, 0, 0)
    first, second = (parse_statement(text) for text in ledger.statements.values())
    assert disclosed(first)["subject"] == "package/P-1"
    assert "scope" not in disclosed(first)
    assert disclosed(second)["scope"] == "全厂"
    assert first.claims.occurred_at.startswith("2026-09-01T00:30:00")


def test_gb18030_is_read_like_utf8(tmp_path: Path, ledger: FakeLedger, subject: Importer) -> None:
    subject.run(write(tmp_path, row(1, 范围="储罐区")), mapping())
    before = dict(ledger.statements)
    report = subject.run(write(tmp_path, row(1, 范围="储罐区"), encoding="gb18030"), mapping())
    assert report.repeated == 1
    assert ledger.statements == before


def test_importing_twice_changes_nothing(tmp_path: Path, ledger: FakeLedger, subject: Importer) -> None:
    path = write(tmp_path, *(row(number) for number in range(5)))
    subject.run(path, mapping())
    before = dict(ledger.statements)
    report = subject.run(path, mapping())
    assert (report.created, report.repeated) == (0, 5)
    assert ledger.statements == before


def test_a_changed_row_is_refused_and_kept(tmp_path: Path, ledger: FakeLedger, subject: Importer) -> None:
    subject.run(write(tmp_path, row(1)), mapping())
    report = subject.run(write(tmp_path, row(1, 文件数="4")), mapping())
    assert (report.created, report.rejected) == (0, 1)
    assert report.rejects is not None
    kept = json.loads(report.rejects.read_text("utf-8"))
    assert kept["line"] == 2
    assert kept["row"]["文件数"] == "4"


def test_salts_of_a_changed_row_differ(tmp_path: Path, subject: Importer, ledger: FakeLedger) -> None:
    subject.run(write(tmp_path, row(1)), mapping())
    other = FakeLedger()
    devices = {"TABLET": DeviceKey.from_seed("urn:test:tablet", b"s" * 32)}
    Importer(other, Signer(devices, b"k" * 32), load_record_types()).run(write(tmp_path, row(1, 文件数="4")), mapping())
    (one,), (two,) = ledger.statements.values(), other.statements.values()
    assert parse_statement(one).claims.jti == parse_statement(two).claims.jti
    assert not set(parse_statement(one).disclosures) & set(parse_statement(two).disclosures)


@pytest.mark.parametrize(
    ("changes", "column", "problem"),
    [
        ({"文件数": "many"}, "文件数", "whole number"),
        ({"文件数": "0"}, "文件数", "/file_count: minimum"),
        ({"摘要": "secret"}, "摘要", "/manifest_sha256: pattern"),
        ({"摘要": ""}, "摘要", "is empty"),
        ({"时间": "tomorrow"}, "时间", "must be a time"),
        ({"编号": "P 1"}, "编号", "/subject: pattern"),
        ({"设备": "UNKNOWN"}, "", "device whose key is not here"),
        ({"照片": "missing.png"}, "照片", "missing"),
        ({"照片": "../export.csv"}, "照片", "missing or may not be read"),
        ({"范围": "=1+1"}, "范围", "formula"),
    ],
)  # fmt: skip
def test_a_bad_row_is_reported_and_the_others_go_on(
    tmp_path: Path, subject: Importer, changes: dict[str, str], column: str, problem: str
) -> None:
    report = subject.run(write(tmp_path, row(1), row(2, **changes), row(3)), mapping())
    assert (report.rows, report.created, report.rejected) == (3, 2, 1)
    assert report.rejects is not None
    kept = json.loads(report.rejects.read_text("utf-8"))
    assert (kept["line"], kept["column"]) == (3, column)
    assert problem in kept["problem"]
    assert "secret" not in kept["problem"]


def test_a_short_row_is_reported(tmp_path: Path, subject: Importer) -> None:
    report = subject.run(write(tmp_path, "P-1,TABLET", row(2)), mapping())
    assert (report.created, report.rejected) == (1, 1)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER + ",多余", "columns would be lost: 多余"),
        (HEADER.replace(",范围", ""), "columns are missing: 范围"),
        (HEADER.replace("范围", "编号"), "stands twice"),
        ("", "needs a header"),
    ],
)
def test_a_header_that_does_not_fit_stops_the_import(
    tmp_path: Path, subject: Importer, ledger: FakeLedger, header: str, message: str
) -> None:
    with pytest.raises(SourceUnreadable, match=message):
        subject.run(write(tmp_path, row(1), header=header), mapping())
    assert not ledger.statements


def test_an_attachment_is_stored_before_the_statement(tmp_path: Path, ledger: FakeLedger, subject: Importer) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"png")
    subject.run(write(tmp_path, row(1, 照片="a.png"), row(2, 照片="a.png")), mapping())
    (statement, _) = (parse_statement(text) for text in ledger.statements.values())
    (attachment,) = disclosed(statement)["attachments"]
    assert ledger.blobs == {attachment["sha256"]: b"png"}
    assert attachment["media_type"] == "image/png"


def test_an_interrupted_import_goes_on_behind_the_last_settled_row(
    tmp_path: Path, ledger: FakeLedger, subject: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "BATCH_ROWS", 2)
    path = write(tmp_path, row(0, 文件数="bad"), *(row(number) for number in range(1, 6)))
    ledger.fail_at = 2
    with pytest.raises(ServiceUnavailable):
        subject.run(path, mapping())
    report = subject.run(path, mapping())
    assert report.resumed_at == 2
    assert (report.rows, report.created, report.repeated, report.rejected) == (6, 5, 0, 1)
    assert report.rejects is not None
    assert len(report.rejects.read_text("utf-8").splitlines()) == 1


def test_a_damaged_journal_only_costs_time(tmp_path: Path, subject: Importer) -> None:
    path = write(tmp_path, row(1))
    (tmp_path / "export.csv.import").write_text("{ not json")
    assert subject.run(path, mapping()).created == 1


def test_attachments_outside_of_the_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside").write_text("x")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    for name in ("../outside", "link", str(tmp_path / "outside"), "nowhere"):
        with pytest.raises(ValueError, match="outside"):
            reader_below(tmp_path / "inside")(name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: csv", "format: xml", "format must be one of"),
        ("Asia/Shanghai", "Mars/Olympus", "no such zone"),
        ("as: integer", "as: float", "as must be one of"),
        ("{constant: 7}", "{constant: 7, from: x}", "exactly one of"),
        ("as: integer", "as: quantity", "needs unit or unit_from"),
        ("channel: import", "colour: red", "channel is missing"),
        ("role: photo", "kind: photo", "role is missing"),
        ("version: 1", "version: 1\nversion: 2", "given twice"),
        ("format: csv", "format: csv\nrows: list", "rows names the list"),
        ("version: 1", "version: one", "version must be a whole number"),
        ("format: csv", "format: [csv]", "format must be one of"),
        ("as: integer", "as: [integer]", "as must be one of"),
        ("[编号]\n", "编号\n", "source_ref must be a list"),
        ("[utf-8-sig, gb18030]", "utf-8", "encodings must be a list"),
        ("id: keys", "id: 7", "id must be text"),
        ("{constant: 7}", "{from: x, values: [a]}", "values must map"),
        ("{constant: 7}", "7", "must say from, constant"),
        ("role: photo}]", "role: 7}]", "as text"),
        ("ignored: [备注]", "ignored: 备注", "ignored must be a list"),
        ("id: keys", "id: &a keys", "anchors and aliases"),
    ],
)
def test_a_bad_mapping_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(MappingInvalid, match=message):
        mapping(MAPPING.replace(old, new))


def test_fields_must_be_a_mapping() -> None:
    head, _, _ = MAPPING.partition("fields:")
    with pytest.raises(MappingInvalid, match="fields must map"):
        mapping(head + "fields: []\n")


def test_a_mapping_for_an_unknown_type_is_refused(tmp_path: Path, subject: Importer) -> None:
    with pytest.raises(MappingInvalid, match="no record type"):
        subject.run(write(tmp_path, row(1)), mapping(MAPPING.replace("evidence_package", "nothing")))


JSON_MAPPING = """
id: j
version: 1
record_type: evidence_package
format: json
rows: items
time_zone: Asia/Shanghai
channel: import
source_system: test
source_ref: [no]
device: {constant: TABLET}
subject: {from: no, prefix: package/}
occurred_at: {from: at}
fields:
  manifest_sha256: {from: digest.value}
  file_count: {from: ^files, as: integer}
  checkpoint_size: {constant: 7}
"""


def test_json_fields_come_from_inside_and_around_the_row(tmp_path: Path, ledger: FakeLedger, subject: Importer) -> None:
    path = tmp_path / "export.json"
    good = {"no": "P-1", "at": "2026-09-01T00:00:00Z", "digest": {"value": "0" * 64}}
    lossy = {**good, "no": "P-2", "digest": {"value": "0" * 64, "algorithm": "sha-256"}}
    path.write_text(json.dumps({"files": 9, "items": [good, lossy, "text"]}))
    report = subject.run(path, mapping(JSON_MAPPING))
    assert (report.created, report.rejected) == (1, 2)
    (statement,) = ledger.statements.values()
    assert disclosed(parse_statement(statement))["file_count"] == 9
    assert report.rejects is not None
    problems = [json.loads(line) for line in report.rejects.read_text("utf-8").splitlines()]
    assert [problem["column"] for problem in problems] == ["digest.algorithm", ""]


def test_ndjson_lines_are_read_one_by_one(tmp_path: Path, subject: Importer) -> None:
    path = tmp_path / "export.ndjson"
    good = json.dumps({"no": "P-1", "at": "2026-09-01T00:00:00Z", "digest": {"value": "0" * 64}, "files": 1})
    path.write_text(f'{good}\n\n{{"no": 1, "no": 2}}\nnonsense\n')
    text = JSON_MAPPING.replace("format: json\nrows: items", "format: ndjson").replace("^files", "files")
    report = subject.run(path, mapping(text))
    assert (report.rows, report.created, report.rejected) == (3, 1, 2)
