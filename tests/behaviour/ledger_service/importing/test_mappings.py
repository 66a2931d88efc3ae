"""Every shipped mapping fits its record type, and takes the rows that its system exports."""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from evidence.records import load_record_types
from evidence.statement import disclosed, parse_statement
from ledger_service.demo.plant import source_mapping
from ledger_service.importing.explain import explain
from ledger_service.importing.importer import Importer
from ledger_service.importing.sign import DeviceKey, Signer
from tests.behaviour.ledger_service.importing.test_importer import FakeLedger
from tests.support import own_cases

TYPES = load_record_types()
MAPPINGS = sorted(
    item.name.removesuffix(".yaml") for item in (resources.files("ledger_service.importing") / "mappings").iterdir()
)
DEVICES = {name: DeviceKey.from_seed(f"urn:test:{name}", b"s" * 32)
           for name in ("EHS", "MES", "GATE", "HR-SYSTEM", "METROLOGY-LAB")}  # fmt: skip


def export(folder: Path, case: dict[str, Any]) -> Path:
    (folder / "photos").mkdir()
    for name in case["photos"]:
        (folder / "photos" / name).write_bytes(name.encode())
    layout, header = source_mapping(case["mapping"]).layout, list(case["rows"][0])
    if layout.format == "csv":
        path = folder / "export.csv"
        with path.open("w", encoding=case.get("encoding", "utf-8-sig"), newline="") as file:
            writer = csv.DictWriter(file, header, delimiter=layout.delimiter)
            writer.writeheader()
            writer.writerows(case["rows"])
        return path
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = layout.sheet or "Sheet"
    for _ in range(1, layout.header_row):
        sheet.append(["标题"])
    sheet.append(header)
    for row in case["rows"]:
        sheet.append([row[name] for name in header])
    book.save(folder / "export.xlsx")
    return folder / "export.xlsx"


@pytest.mark.parametrize("case", own_cases("mappings"))
def test_a_mapping_takes_what_its_system_exports(tmp_path: Path, case: dict[str, Any]) -> None:
    ledger, mapping, path = FakeLedger(), source_mapping(case["mapping"]), export(tmp_path, case)
    assert explain(path, [mapping], TYPES).problems == ()
    report = Importer(ledger, Signer(DEVICES, b"k" * 32), TYPES).run(path, mapping)
    assert report.rejects is None or report.rejects.read_text("utf-8") == ""
    assert report.created == len(case["rows"])
    for statement in ledger.statements.values():
        assert disclosed(parse_statement(statement))["source_system"] == mapping.source_system


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_mapping_gives_what_its_record_type_asks_for(tmp_path: Path, name: str) -> None:
    mapping = source_mapping(name)
    if mapping.layout.format == "csv":
        columns = sorted(path.removeprefix("^") for path in mapping.known_paths())
        path = tmp_path / "export.csv"
        path.write_text(mapping.layout.delimiter.join(f'"{column}"' for column in columns) + "\n", "utf-8-sig")
    elif mapping.layout.format == "xlsx":
        path = export(tmp_path, {"mapping": name, "photos": [], "rows": [dict.fromkeys(sorted(mapping.known_paths()))]})
    else:
        path = tmp_path / "export.json"
        path.write_text(f'{{"{mapping.layout.rows}": []}}' if mapping.layout.format == "json" else "", "utf-8")
    assert explain(path, [mapping], TYPES).problems == ()
