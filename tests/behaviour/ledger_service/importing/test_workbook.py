"""Workbooks: what cells give, what is refused, and that no bomb is unpacked."""

from __future__ import annotations

import re
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ledger_service.importing import workbook as container
from ledger_service.importing import xml_events
from ledger_service.importing.cells import DateCell, NumberCell, RefusedCell
from ledger_service.importing.errors import RowRejected, SourceUnreadable
from ledger_service.importing.model import Layout
from ledger_service.importing.rows import Columns, Row, Source
from ledger_service.importing.tables import workbook_source
from tests.fakes.workbook import case_parts, packed, parts, row, write
from tests.support import every_case

ANY = Columns(frozenset(), frozenset())
LAYOUT = Layout("xlsx")


def read(path: Path, layout: Layout = LAYOUT) -> tuple[list[Row | RowRejected], Source]:
    with workbook_source(path, layout, ANY, strict=False) as source:
        return list(source.rows), source


def read_parts(folder: Path, rows: str, after: str = "", layout: Layout = LAYOUT, **changes: str) -> list[Any]:
    return read(write(folder / "w.xlsx", parts(rows, after, **changes)), layout)[0]


@every_case("workbooks")
def test_a_bad_workbook_is_refused_as_a_whole(case: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder, "w.xlsx"), case_parts(case))
        with pytest.raises(SourceUnreadable) as caught:
            read(path)
    assert re.search(case["expected"]["match"], str(caught.value)), str(caught.value)


def test_cells_stay_what_the_file_says(tmp_path: Path) -> None:
    cells = (
        '<c r="A2" t="s"><v>1</v></c><c r="B2"><v>0.40000000000000002</v></c><c r="C2" s="1"><v>46054</v></c>'
        '<c r="D2" s="2"><v>46054.354166666664</v></c><c r="E2" t="b"><v>1</v></c><c r="F2" s="3"><v>42</v></c>'
        '<c r="G2" s="4"><v>1.5</v></c><c r="H2" t="e"><v>#REF!</v></c><c r="I2"><f>B2*2</f><v>0.8</v></c>'
        '<c r="K2" t="str"><v>a_x000A_b</v></c><c r="L2" t="d"><v>2026-02-03T08:30:00</v></c>'
    )
    names = [*"abcdefghijkl"]
    (found,) = read_parts(tmp_path, row(1, *names) + f'<row r="2">{cells}</row>')
    assert found.cells == {
        "a": "ab",
        "b": NumberCell("B2", "0.40000000000000002"),
        "c": DateCell("C2", datetime.fromisoformat("2026-02-01")),
        "d": DateCell("D2", datetime.fromisoformat("2026-02-01 08:30")),
        "e": True,
        "f": NumberCell("F2", "42", padded=True),
        "g": DateCell("G2", None),
        "h": RefusedCell("H2", "is an error of the spreadsheet", "是表格错误值", "#REF!"),
        "i": RefusedCell("I2", "is a formula", "是公式", "0.8"),
        "j": None,
        "k": "a\nb",
        "l": DateCell("L2", datetime.fromisoformat("2026-02-03 08:30")),
    }


def test_days_count_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    book = parts()["workbook"].replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    (found,) = read_parts(tmp_path, row(1, "a") + '<row r="2"><c r="A2" s="1"><v>44592</v></c></row>', workbook=book)
    assert found.cells["a"] == DateCell("A2", datetime.fromisoformat("2026-02-01"))


def test_a_stored_result_is_taken_only_where_the_mapping_says_so(tmp_path: Path) -> None:
    rows = row(1, "a", "b") + '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2"><f>1+1</f></c></row>'
    (found,) = read_parts(tmp_path, rows, layout=Layout("xlsx", cached_formulas=True))
    assert found.cells["a"] == NumberCell("A2", "2")
    assert found.cells["b"] == RefusedCell("B2", "is a formula without a stored result", "公式没有已存结果")


def test_merged_cells_below_the_header_are_not_guessed_at(tmp_path: Path) -> None:
    rows = row(1, "a", "b") + row(2, "x", "y") + row(3, "", "z")
    merged = '<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>'
    first, second = read_parts(tmp_path, rows, merged)
    assert first.cells == {"a": "x", "b": "y"}
    assert isinstance(second.cells["a"], RefusedCell)
    assert second.cells["b"] == "z"


def test_title_rows_stand_above_a_header_that_is_named_by_its_number(tmp_path: Path) -> None:
    rows = row(1, "2026 年培训台账") + row(3, "a", "b") + row(4, "x", "y")
    merged = '<mergeCells><mergeCell ref="A1:B1"/></mergeCells>'
    (found,) = read_parts(tmp_path, rows, merged, Layout("xlsx", header_row=3))
    assert (found.line, found.cells) == (4, {"a": "x", "b": "y"})


def test_blank_and_hidden_rows_and_sheets_are_told(tmp_path: Path) -> None:
    book = parts()["workbook"].replace("</sheets>", '<sheet name="x" sheetId="2" state="hidden" r:id="s1"/></sheets>')
    rows = row(1, "a", "b") + row(2, "x", "y", hidden=True) + row(3, " ", "") + row(5, "z")
    found, source = read(write(tmp_path / "w.xlsx", parts(rows, workbook=book)))
    assert [item.line for item in found] == [2, 5]
    assert [note.en for note in source.notes.all()] == [
        "1 hidden sheets in the workbook",
        "sheet Data of 2 was read",
        "1 blank rows were skipped",
        "1 hidden rows were read like any other",
    ]


def test_a_value_right_of_the_header_rejects_its_row(tmp_path: Path) -> None:
    wide, good = read_parts(tmp_path, row(1, "a") + row(2, "x", "lost") + row(3, "y"))
    assert isinstance(wide, RowRejected)
    assert str(wide.problem) == "2 cells under 1 columns"
    assert good.cells == {"a": "y"}


def test_a_sheet_is_found_by_its_name(tmp_path: Path) -> None:
    assert read_parts(tmp_path, row(1, "a") + row(2, "x"), layout=Layout("xlsx", sheet="Data"))[0].cells == {"a": "x"}
    with pytest.raises(SourceUnreadable, match="no sheet Other"):
        read_parts(tmp_path, row(1, "a"), layout=Layout("xlsx", sheet="Other"))


def test_a_part_that_unpacks_a_thousandfold_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = write(tmp_path / "bomb.xlsx", parts("<row/>" + " " * 3_000_000))
    assert bomb.stat().st_size < 20_000
    with pytest.raises(SourceUnreadable, match="times its size"):
        read(bomb)


def test_a_part_that_lies_about_its_size_gives_no_more_than_it_said(tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    data = packed(parts(row(1, "a") + "".join(row(number, "x" * 50) for number in range(2, 400))))
    path.write_bytes(data)
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(data.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    with pytest.raises(SourceUnreadable, match="damaged"):
        read(path)


@pytest.mark.parametrize(
    ("name", "value", "rows", "message"),
    [
        ("MAX_SHEET_BYTES", 2000, row(1, "a") + row(2, "x" * 3000), "unpacks to more than 2000"),
        ("MAX_PARTS", 3, row(1, "a"), "too many parts"),
        ("MAX_STRINGS", 1, row(1, "a"), "more than 1 texts"),
        ("MAX_STRING_BYTES", 50, row(1, "a"), "larger than 50 bytes"),
        ("MAX_PART_BYTES", 50, row(1, "a"), "larger than 50 bytes"),
    ],
)
def test_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: int, rows: str, message: str
) -> None:
    monkeypatch.setattr(container, name, value)
    with pytest.raises(SourceUnreadable, match=message):
        read_parts(tmp_path, rows)


def test_a_tag_without_an_end_is_not_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_events, "_MAX_TOKEN", 100_000)
    endless = "".join(f' a{number}="{number * 7919 % 100_003}"' for number in range(15_000))
    with pytest.raises(SourceUnreadable, match="a tag of more than"):
        read_parts(tmp_path, f"<row r='1'{endless}/>")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"a,b\r\n1,2\r\n", b"PK" + bytes(100)])
def test_what_is_no_workbook_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "w.xlsx").write_bytes(data)
    with pytest.raises(SourceUnreadable, match="not a workbook"):
        read(tmp_path / "w.xlsx")


def test_a_protected_workbook_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "w.xlsx", parts(row(1, "a")))
    data = bytearray(path.read_bytes())
    start = data.rindex(b"PK\x01\x02")
    data[start + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(SourceUnreadable, match="password"):
        read(path)
