"""An empty file with the columns that mappings read: to fill by hand, or to show to whoever builds an export."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

from ledger_service.importing.errors import MappingInvalid
from ledger_service.importing.model import SourceMapping
from ledger_service.importing.rows import layout_of


def write_template(path: Path, mappings: Sequence[SourceMapping]) -> tuple[str, ...]:
    """Write the file and return its columns. Raises `MappingInvalid` for JSON, FileExistsError where a file stands."""
    layout = layout_of(mappings)
    columns = tuple(dict.fromkeys(column for mapping in mappings for column in columns_of(mapping)))
    above = layout.header_row - 1
    if layout.format == "csv":
        with path.open("x", encoding=layout.encodings[0], newline="") as file:
            csv.writer(file, delimiter=layout.delimiter).writerows([*([""] for _ in range(above)), columns])
    elif layout.format == "xlsx":
        with path.open("xb") as target:
            book = Workbook(write_only=True)
            sheet = book.create_sheet(layout.sheet or "Sheet1")
            for row in [*([""] for _ in range(above)), columns]:
                sheet.append(row)
            book.save(target)
    else:
        raise MappingInvalid("a template is made of tables only: csv or xlsx")
    return columns


def columns_of(mapping: SourceMapping) -> list[str]:
    """The columns of one mapping in the order in which it names them, those that it ignores left out."""
    rules = [mapping.subject, mapping.occurred_at, mapping.device, *mapping.fields.values()]
    named = [*mapping.where, *mapping.source_ref, *(path for rule in rules for path in rule.paths())]
    for position in mapping.positions:
        named += [position.latitude, position.longitude, *position.datum.paths()]
    named += [attachment.path for attachment in mapping.attachments]
    if mapping.counter is not None:
        named += mapping.counter.paths()
    return list(dict.fromkeys(named))
