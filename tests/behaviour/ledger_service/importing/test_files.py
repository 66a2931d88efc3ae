"""What an import makes of whole files: trials, sheets of errors, several mappings, positions, crashes anywhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from evidence.records import load_record_types
from evidence.statement import disclosed, parse_statement
from ledger_service.importing import importer, journal, json_rows, tables
from ledger_service.importing.build import Builder, Draft
from ledger_service.importing.coordinates import to_gcj02
from ledger_service.importing.errors import MappingInvalid, ServiceUnavailable, SourceUnreadable
from ledger_service.importing.explain import explain
from ledger_service.importing.importer import Importer
from ledger_service.importing.mapping import parse_mapping
from ledger_service.importing.model import SourceMapping
from ledger_service.importing.ports import ImportReport
from ledger_service.importing.rows import Row
from ledger_service.importing.sign import DeviceKey, Signer
from ledger_service.importing.template import write_template
from tests.behaviour.ledger_service.importing.test_importer import HEADER, MAPPING, FakeLedger, mapping, row, write

TYPES = load_record_types()
DEVICES = {"TABLET": DeviceKey.from_seed("urn:test:tablet", b"s" * 32)}
AS_WORKBOOK = MAPPING.replace("format: csv\nencodings: [utf-8-sig, gb18030]", "format: xlsx")


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


def run(ledger: FakeLedger, path: Path, *mappings: SourceMapping, **options: Any) -> ImportReport:
    return Importer(ledger, Signer(DEVICES, b"k" * 32), TYPES).run(path, list(mappings), **options)


def workbook(folder: Path, *rows: Sequence[Any], header: str = HEADER) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in (header.split(","), *rows):
        sheet.append(list(cells))
    book.save(folder / "export.xlsx")
    return folder / "export.xlsx"


def cells(number: int, **changes: Any) -> list[Any]:
    plain = dict(zip(HEADER.split(","), row(number).split(","), strict=True)) | {"文件数": 3} | changes
    return list(plain.values())


def test_a_workbook_gives_the_statements_that_its_csv_gives(tmp_path: Path, ledger: FakeLedger) -> None:
    run(ledger, write(tmp_path, row(1), row(2)), mapping())
    report = run(ledger, workbook(tmp_path, cells(1), cells(2)), mapping(AS_WORKBOOK))
    assert (report.created, report.repeated, report.rejected) == (0, 2, 0)


def test_a_trial_says_what_the_import_will_say_and_sends_nothing(tmp_path: Path, ledger: FakeLedger) -> None:
    path = write(tmp_path, row(1), row(2, 文件数="many"), row(3))
    trial = run(ledger, path, mapping(), trial=True)
    assert not ledger.statements
    assert trial.trial
    assert not (tmp_path / "export.csv.import").exists()
    report = run(ledger, path, mapping())
    assert (trial.rows, trial.created, trial.rejected) == (report.rows, report.created, report.rejected) == (3, 2, 1)


def test_refused_rows_go_back_as_a_spreadsheet(tmp_path: Path, ledger: FakeLedger) -> None:
    path = write(tmp_path, row(1), row(2, 文件数="many", 备注="=HYPERLINK(1)"), "short")
    report = run(ledger, path, mapping())
    assert report.errors is not None
    book = openpyxl.load_workbook(report.errors)
    sheet = book.active
    assert sheet is not None
    header, bad, short = list(sheet.iter_rows())
    names = [cell.value for cell in header]
    assert names == [*HEADER.split(","), "行 Line", "列 Column", "错误", "Error"]
    shown = dict(zip(names, bad, strict=True))
    assert shown["文件数"].value == "many"
    assert shown["文件数"].fill.fgColor.rgb == "FFFFC7CE"
    assert shown["编号"].fill.fill_type is None
    assert (shown["错误"].value, shown["Error"].value) == ("应为整数", "must be a whole number in plain digits")
    assert (shown["备注"].value, shown["备注"].data_type) == ("=HYPERLINK(1)", "s")
    assert shown["备注"].quotePrefix
    assert [cell.value for cell in short][:1] == ["short"]
    assert short[names.index("Error")].value == "1 cells under 8 columns"
    book.close()


def test_a_clean_run_leaves_no_sheet_of_an_earlier_one(tmp_path: Path, ledger: FakeLedger) -> None:
    report = run(ledger, write(tmp_path, row(1, 文件数="many")), mapping())
    assert report.errors is not None
    assert report.errors.exists()
    again = run(ledger, write(tmp_path, row(1)), mapping())
    assert again.errors is None
    assert not report.errors.exists()


def test_rows_that_stand_twice_are_counted(tmp_path: Path, ledger: FakeLedger) -> None:
    report = run(ledger, write(tmp_path, row(1), row(2), row(1), row(1, 文件数="4")), mapping())
    assert (report.created, report.repeated, report.rejected, report.duplicates) == (2, 1, 1, 2)
    assert [note.en for note in report.notes] == ["2 rows stand in the file before: lines 4, 5"]


def test_two_mappings_share_a_file_by_what_a_column_says(tmp_path: Path, ledger: FakeLedger) -> None:
    whole = MAPPING.replace("ignored:", "where: {范围: [全厂]}\nignored:")
    part = MAPPING.replace("id: keys", "id: parts").replace("ignored:", "where: {范围: [罐区, 码头]}\nignored:")
    path = write(tmp_path, row(1, 范围="全厂"), row(2, 范围="罐区"), row(3, 范围="天上"))
    report = run(ledger, path, mapping(whole), mapping(part))
    assert (report.rows, report.created, report.rejected) == (3, 2, 1)
    assert report.rejects is not None
    assert json.loads(report.rejects.read_text("utf-8"))["problem"] == "no mapping takes this row"


def test_one_row_may_give_two_records_and_one_column_is_lost_by_neither(tmp_path: Path, ledger: FakeLedger) -> None:
    other = MAPPING.replace("id: keys", "id: other").replace("  scope: {from: 范围, optional: true}\n", "")
    with pytest.raises(SourceUnreadable, match="columns would be lost: 范围"):
        run(ledger, write(tmp_path, row(1)), mapping(other))
    report = run(ledger, write(tmp_path, row(1)), mapping(), mapping(other))
    assert (report.rows, report.created) == (1, 2)


def test_mappings_of_different_kinds_of_files_do_not_go_together(tmp_path: Path, ledger: FakeLedger) -> None:
    with pytest.raises(MappingInvalid, match="same kind of file"):
        run(ledger, write(tmp_path, row(1)), mapping(), mapping(AS_WORKBOOK))


@pytest.mark.parametrize(
    ("delimiter", "sign"), [("';'", ";"), ("tab", "\t"), ("'|'", "|")], ids=["semicolon", "tab", "bar"]
)
def test_a_delimiter_is_declared(tmp_path: Path, ledger: FakeLedger, delimiter: str, sign: str) -> None:
    declared = mapping(MAPPING.replace("format: csv", f"format: csv\ndelimiter: {delimiter}"))
    path = tmp_path / "export.csv"
    path.write_text("\n".join([HEADER, row(1, 范围="x")]).replace(",", sign), "utf-8")
    assert run(ledger, path, declared).created == 1


def test_a_header_is_found_although_its_signs_are_full_width(tmp_path: Path, ledger: FakeLedger) -> None:
    wide = mapping(MAPPING.replace("from: 文件数", "from: 文件数(个)"))
    header = HEADER.replace("文件数", "文件数（个） ")
    assert run(ledger, write(tmp_path, row(1), header=header), wide).created == 1


def test_a_header_below_a_title(tmp_path: Path, ledger: FakeLedger) -> None:
    titled = mapping(MAPPING.replace("format: csv", "format: csv\nheader_row: 3"))
    path = write(tmp_path, HEADER, row(1), header="培训台账\r\n")
    assert run(ledger, path, titled).created == 1


UNITS = """
id: p
version: 1
record_type: calibration_record
format: csv
time_zone: Asia/Shanghai
channel: import
source_system: test
source_ref: [no]
device: {constant: TABLET}
subject: {from: no, prefix: equipment/, as: code}
occurred_at: {from: day, time_from: clock, written: YYYY/M/D}
fields:
  uncertainty: {from: u, as: quantity, unit: MPa, unit_from: unit, units: {兆帕: MPa}}
"""


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("E-1,2026/9/1,8:30,0.01,kg", "has a unit that does not convert to MPa"),
        ("E-1,2026/9/1,8:30,0.01,", "unit: is empty"),
        ("E-1,2026/9/1,,0.01,kPa", "clock: is empty"),
        ("E-1,2026/13/1,8:30,0.01,kPa", "day: must be a date that exists"),
        ("E-1,1969/9/1,8:30,0.01,kPa", "must not lie before 1971"),
        ("E-1,2026/9/1,8:30,0.01,兆帕", "does not fit calibration_record/adjusted: required"),
        ("E-1,2026/9/1,8:30,0.01,ｋＰａ", "does not fit calibration_record/adjusted: required"),
    ],
)
def test_units_and_times_are_held_against_what_is_declared(
    tmp_path: Path, ledger: FakeLedger, line: str, problem: str
) -> None:
    path = tmp_path / "e.csv"
    path.write_text(f"no,day,clock,u,unit\n{line}\n", "utf-8")
    report = run(ledger, path, mapping(UNITS))
    assert report.rejects is not None
    kept = json.loads(report.rejects.read_text("utf-8"))
    assert problem in f"{kept['column']}: {kept['problem']}"


POSITION = MAPPING.replace(
    "ignored: [备注]",
    "positions:\n  - {latitude: 纬度, longitude: 经度, as: {from: 坐标系, values: {GPS: wgs84, 高德: gcj02}},\n"
    "     to: {latitude: remark, longitude: area, source: scope}}\nignored: [备注]",
).replace("  scope: {from: 范围, optional: true}\n", "")


def place(ledger: FakeLedger, folder: Path, latitude: str, longitude: str, datum: str) -> dict[str, Any]:
    header = HEADER.replace("范围", "纬度,经度,坐标系")
    run(ledger, write(folder, row(1, 范围=f"{latitude},{longitude},{datum}"), header=header), mapping(POSITION))
    (statement,) = ledger.statements.values()
    return disclosed(parse_statement(statement))


def test_a_position_of_a_map_becomes_one_of_satellites(tmp_path: Path, ledger: FakeLedger) -> None:
    true = 30.870000, 121.910000
    shown = to_gcj02(*true)
    payload = place(ledger, tmp_path, f"{shown[0]:.7f}", f"{shown[1]:.7f}", "高德")
    assert payload["scope"] == "GCJ02 → WGS84"
    assert (float(payload["remark"]), float(payload["area"])) == pytest.approx(true, abs=2e-6)


def test_a_position_of_satellites_stays_to_the_digit(tmp_path: Path, ledger: FakeLedger) -> None:
    payload = place(ledger, tmp_path, "30.87", "121.9100", "GPS")
    assert (payload["remark"], payload["area"]) == ("30.87", "121.9100")
    assert "scope" not in payload


@pytest.mark.parametrize(
    ("latitude", "longitude", "datum", "column"),
    [
        ("95", "121", "GPS", "纬度"),
        ("30", "181", "GPS", "经度"),
        ("30", "121", "百度", "坐标系"),
        ("", "1", "GPS", "纬度"),
    ],
)
def test_a_position_that_cannot_be_is_refused(
    tmp_path: Path, ledger: FakeLedger, latitude: str, longitude: str, datum: str, column: str
) -> None:
    header = HEADER.replace("范围", "纬度,经度,坐标系")
    path = write(tmp_path, row(1, 范围=f"{latitude},{longitude},{datum}"), header=header)
    report = run(ledger, path, mapping(POSITION))
    assert report.rejects is not None
    assert json.loads(report.rejects.read_text("utf-8"))["column"] == column


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (f'{row(1)}\n"broken" quote,x\n{row(2)}', "broken quotes"),
        (f"{row(1)}\n{'x' * 2000}", "a line that is too long"),
        (f'{row(1)}\n"{"x," * 900}', "a line that is too long"),
    ],
    ids=["quotes", "endless line", "endless cell"],
)
def test_what_comes_behind_a_broken_line_is_not_guessed_at(
    tmp_path: Path, ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch, content: str, kept: str
) -> None:
    monkeypatch.setattr(tables, "MAX_LINE_BYTES", 1000)
    report = run(ledger, write(tmp_path, content), mapping())
    assert (report.created, report.rejected) == (1, 1)
    assert report.rejects is not None
    assert kept in report.rejects.read_text("utf-8")


def test_a_json_line_without_an_end_is_not_gathered(
    tmp_path: Path, ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "MAX_LINE_BYTES", 1000)
    (tmp_path / "e.ndjson").write_text("[" * 5000)
    lines = mapping(MAPPING.replace("csv\nencodings: [utf-8-sig, gb18030]", "ndjson"))
    report = run(ledger, tmp_path / "e.ndjson", lines)
    assert (report.rows, report.rejected) == (1, 1)


@pytest.mark.parametrize(
    ("encoding", "data"), [("utf-8-sig, gb18030", b"\xff\xff\xff"), ("utf-8-sig", "编号".encode("gb18030"))]
)
def test_a_file_in_no_declared_encoding_is_refused(
    tmp_path: Path, ledger: FakeLedger, encoding: str, data: bytes
) -> None:
    (tmp_path / "e.csv").write_bytes(data)
    with pytest.raises(SourceUnreadable, match="not text in any of"):
        run(ledger, tmp_path / "e.csv", mapping(MAPPING.replace("utf-8-sig, gb18030", encoding)))


def test_a_file_that_goes_while_it_is_sent_ends_the_import_where_it_can_go_on(
    tmp_path: Path, ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    photo = tmp_path / "photos" / "a.png"
    photo.write_bytes(b"png")
    path = write(tmp_path, row(1, 照片="a.png"))

    build = Builder.build

    def gone_after(builder: Builder, of: Row) -> Draft:
        draft = build(builder, of)
        photo.unlink()
        return draft

    with monkeypatch.context() as patch:
        patch.setattr(Builder, "build", gone_after)
        with pytest.raises(SourceUnreadable, match="is gone: put it back"):
            run(ledger, path, mapping())
    assert not ledger.statements
    photo.write_bytes(b"png")
    assert run(ledger, path, mapping()).created == 1


class Crash(BaseException):
    """A kill: nothing may catch it."""


@pytest.mark.parametrize("moment", range(12))
def test_a_crash_anywhere_costs_nothing_but_time(
    tmp_path: Path, ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Killed before or after each answer, each rejected row and each note of progress, then run again to the end."""
    monkeypatch.setattr(importer, "BATCH_ROWS", 2)
    path = write(tmp_path, *(row(number, **({"文件数": "bad"} if number % 3 == 0 else {})) for number in range(8)))
    left = moment

    def fragile(action: Any) -> Any:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            if left == 0:
                raise Crash
            left -= 1
            result = action(*arguments, **options)
            if left == 0:
                raise Crash
            left -= 1
            return result

        return wrapped

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "submit", fragile(ledger.submit))
        patch.setattr(journal, "_replace", fragile(journal._replace))
        patch.setattr(journal, "_line", fragile(journal._line))
        with pytest.raises(Crash):
            run(ledger, path, mapping())
    report = run(ledger, path, mapping())
    assert (report.rows, report.rejected) == (8, 3)
    assert report.created + report.repeated == 5
    assert len(ledger.statements) == 5
    assert report.rejects is not None
    kept = [json.loads(line)["line"] for line in report.rejects.read_text("utf-8").splitlines()]
    assert kept == [2, 5, 8]


def test_nothing_is_sent_behind_a_batch_that_failed(
    tmp_path: Path, ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "BATCH_ROWS", 1)
    ledger.fail_at = 2
    with pytest.raises(ServiceUnavailable):
        run(ledger, write(tmp_path, *(row(number) for number in range(5))), mapping())
    assert len(ledger.statements) == 1


class CountedRow(Row):
    """Knows how many of its kind were alive at once."""

    alive = most = 0

    def __init__(self, *members: Any) -> None:
        super().__init__(*members)
        CountedRow.alive += 1
        CountedRow.most = max(CountedRow.most, CountedRow.alive)

    def __del__(self) -> None:
        CountedRow.alive -= 1


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ndjson"])
def test_rows_do_not_gather_in_memory(
    tmp_path: Path, ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(importer, "BATCH_ROWS", 10)
    monkeypatch.setattr(tables, "Row", CountedRow)
    monkeypatch.setattr(json_rows, "Row", CountedRow)
    CountedRow.alive = CountedRow.most = 0
    count = 120
    if kind == "csv":
        path, read = write(tmp_path, *(row(number) for number in range(count))), mapping()
    elif kind == "xlsx":
        path, read = workbook(tmp_path, *(cells(number) for number in range(count))), mapping(AS_WORKBOOK)
    else:
        path, read = tmp_path / "e.ndjson", mapping(MAPPING.replace("csv\nencodings: [utf-8-sig, gb18030]", "ndjson"))
        names = HEADER.split(",")
        lines = [dict(zip(names, row(number).split(","), strict=True)) for number in range(count)]
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    assert run(ledger, path, read).created == count
    assert 0 < CountedRow.most <= 3 * 10


def test_a_check_explains_every_column_and_every_misfit(tmp_path: Path) -> None:
    path = write(tmp_path, row(1) + ",1", header=HEADER.replace("范围", "区域") + ",多余")
    bad = MAPPING.replace("checkpoint_size: {constant: 7}", "chekpoint: {constant: 7}")
    found = explain(path, [mapping(bad)], TYPES)
    uses = {use.column: use.becomes for use in found.columns}
    assert uses["文件数"] == ("keys: file_count",)
    assert uses["编号"] == ("keys: subject", "keys: source_ref")
    assert uses["备注"] == ("ignored",)
    assert uses["多余"] == ()
    assert found.problems == (
        "column 区域 would be lost: map it or list it under ignored",
        "column 多余 would be lost: map it or list it under ignored",
        "column 范围 is missing",
        "keys: evidence_package has no field chekpoint",
        "keys: evidence_package requires checkpoint_size",
    )


@pytest.mark.parametrize("text", [MAPPING, AS_WORKBOOK], ids=["csv", "xlsx"])
def test_a_template_has_every_column_and_fits_its_mapping(tmp_path: Path, ledger: FakeLedger, text: str) -> None:
    titled = mapping(text.replace("record_type:", "header_row: 2\nrecord_type:"))
    path = tmp_path / f"template.{titled.layout.format}"
    assert set(write_template(path, [titled])) == set(HEADER.split(",")) - {"备注"}
    assert explain(path, [titled], TYPES).problems == ()
    assert run(ledger, path, titled).rows == 0
    with pytest.raises(FileExistsError):
        write_template(path, [titled])


def test_a_document_has_no_template(tmp_path: Path) -> None:
    with pytest.raises(MappingInvalid, match="tables only"):
        write_template(tmp_path / "t", [mapping(MAPPING.replace("csv\nencodings: [utf-8-sig, gb18030]", "ndjson"))])


def test_a_check_knows_the_words_of_a_field(tmp_path: Path) -> None:
    text = UNITS.replace("fields:", "fields:\n  conformity: {from: no, values: {合格: passed}}")
    (tmp_path / "e.csv").write_text("no,day,clock,u,unit\n", "utf-8")
    found = explain(tmp_path / "e.csv", [mapping(text)], TYPES)
    assert "p: conformity of calibration_record cannot be passed" in found.problems


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: csv", "format: csv\nsheet: x", "sheet belongs to xlsx only"),
        ("format: csv", "format: csv\ndelimiter: '#'", "delimiter must be one of"),
        ("format: csv", "format: csv\nformula: cached", "formula belongs to xlsx only"),
        ("format: csv", "format: csv\nheader_row: 0", "header_row must be a whole number"),
        ("as: integer", "as: decimal, decimals: 10", "decimals is a number from 0 to 9"),
        ("as: integer", "as: integer, decimals: 1", "decimals is a number from 0 to 9"),
        ("as: integer", "as: date, written: M/D/Y", "written must be one or more of"),
        ("as: integer", "as: integer, time_from: x", "time_from stands beside from"),
        ("as: integer", "as: quantity, unit: t, units: {吨: t}", "needs unit or unit_from"),
        ("ignored:", "where: [x]\nignored:", "where must map columns"),
        ("ignored:", "where: {x: y}\nignored:", "must be a list of texts"),
        ("ignored:", "positions: [{latitude: x}]\nignored:", "longitude, to is missing"),
        (
            "ignored:",
            "positions: [{latitude: x, longitude: y, as: bd09, to: {latitude: a, longitude: b}}]\nignored:",
            "as must give wgs84 or gcj02",
        ),
    ],
)
def test_a_bad_declaration_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(MappingInvalid, match=message):
        parse_mapping(MAPPING.replace(old, new), "m.yaml")
