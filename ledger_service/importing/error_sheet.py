"""The rows that were refused as a spreadsheet: their own columns, what is wrong in two languages, the cell marked.

It goes back to whoever keeps the source. Texts that look like formulas are kept as texts and never run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font, PatternFill

from ledger_service.kit.spreadsheets import FORMULA_SIGNS

MAX_ROWS: Final = 1_000_000
_OURS: Final = ("行 Line", "列 Column", "错误", "Error")
_MARK: Final = PatternFill("solid", fgColor="FFFFC7CE")
_BOLD: Final = Font(bold=True)
_MAX_CHARACTERS: Final = 32_767


def write_error_sheet(rejects: Path, header: Sequence[str], target: Path) -> None:
    """Turn a rejects file into a workbook, row by row; `header` is the source's, empty for JSON."""
    columns = list(header) or _columns(rejects)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("错误 Errors")
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, name, bold=True) for name in (*columns, *_OURS)])
    for number, reject in enumerate(_read(rejects)):
        if number == MAX_ROWS:
            break
        sheet.append(_row(sheet, reject, columns))
    temporary = target.with_name(target.name + ".new")
    book.save(temporary)
    temporary.replace(target)


def _row(sheet: Any, reject: dict[str, Any], columns: Sequence[str]) -> list[Any]:
    raw = reject["row"] if isinstance(reject["row"], dict) else {"": reject["row"]}
    bad = reject["column"]
    flat = _flat(raw)
    cells = [_cell(sheet, flat.get(name, raw.get("") if index == 0 else None), marked=name == bad)
             for index, name in enumerate(columns)]  # fmt: skip
    ours = (str(reject["line"]), bad, reject["problem_zh"], reject["problem"])
    return cells + [_cell(sheet, text, marked=not bad) for text in ours]


def _cell(sheet: Any, value: Any, *, bold: bool = False, marked: bool = False) -> Any:
    """A cell that holds text and nothing else: no formula, no number that the program would round."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = "".join(character for character in text if character >= " " or character in "\n\t")[:_MAX_CHARACTERS]
    cell = WriteOnlyCell(sheet, value=text or None)
    if text:
        cell.data_type = "s"
        cell.quotePrefix = text.startswith(FORMULA_SIGNS)
    if marked:
        cell.fill = _MARK
    if bold:
        cell.font = _BOLD
    return cell


def _columns(rejects: Path) -> list[str]:
    names: dict[str, None] = {}
    for reject in _read(rejects):
        if isinstance(reject["row"], dict) and len(names) < 500:
            names.update(dict.fromkeys(_flat(reject["row"])))
    return list(names)[:500] or [""]


def _flat(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names, as a mapping spells them; lists stay as they are."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _read(rejects: Path) -> Iterator[dict[str, Any]]:
    with rejects.open("rb") as file:
        lines: Iterable[bytes] = file
        for line in lines:
            yield json.loads(line)
