"""Workbooks made part by part, so that a test can make any of them wrong."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_PLACES = {"workbook": "xl/workbook.xml", "rels": "xl/_rels/workbook.xml.rels", "styles": "xl/styles.xml",
           "strings": "xl/sharedStrings.xml", "sheet": "xl/worksheets/sheet1.xml", "root": "_rels/.rels"}  # fmt: skip


def parts(rows: str = "", after: str = "", **changes: str | None) -> dict[str, str]:
    """The parts of a workbook with one sheet; `rows` is the XML inside its sheetData, `after` what stands behind it.

    A change replaces a whole part by its short name; None leaves it out.
    """
    made: dict[str, str | None] = {
        "root": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "workbook": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Data" sheetId="1" r:id="s1"/></sheets></workbook>',
        "rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="s1" Type="{_OFFICE}/worksheet" '
        f'Target="worksheets/sheet1.xml"/><Relationship Id="s2" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="s3" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "styles": f'<styleSheet xmlns="{_MAIN}"><numFmts><numFmt numFmtId="170" formatCode="00000"/>'
        '<numFmt numFmtId="171" formatCode="[h]:mm"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
        '<xf numFmtId="22"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs></styleSheet>',
        "strings": f'<sst xmlns="{_MAIN}"><si><t>名</t></si><si><r><t>a</t></r><r><t>b</t></r>'
        "<rPh><t>x</t></rPh></si></sst>",
        "sheet": f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>',
    }
    made |= changes
    return {name: text for name, text in made.items() if text is not None}


def write(path: Path, made: dict[str, str]) -> Path:
    """The parts as a file."""
    path.write_bytes(packed(made))
    return path


def packed(made: dict[str, str]) -> bytes:
    """The parts as a compressed container."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in made.items():
            archive.writestr(_PLACES.get(name, name), text)
    return target.getvalue()


def row(number: int, *cells: str, hidden: bool = False) -> str:
    """One row of inline texts; a cell that begins with `<` is XML of its own."""
    inner = "".join(cell if cell.startswith("<") else f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    mark = ' hidden="1"' if hidden else ""
    return f'<row r="{number}"{mark}>{inner}</row>'


def case_parts(case: dict[str, Any]) -> dict[str, str]:
    """The parts that a case describes: `rows` and `after` of the sheet, and parts to replace or leave out."""
    return parts(case.get("rows", ""), case.get("after", ""), **case.get("parts", {}))
