"""A seeded sample month of a hazmat warehouse, as files such as a plant's systems export.

    sample = sample_month(Month(seed=7, year=2026, month=9))
    write_month(folder, sample)

The same seed and month give the same bytes. Names, plates and numbers are invented. Some things go wrong on purpose;
`Sample.faults` says which.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger_service.demo.sample.calibration import calibration_document
from ledger_service.demo.sample.crew import hr_rows, late_rows, leaver
from ledger_service.demo.sample.ehs import hazard_rows, incident_rows
from ledger_service.demo.sample.faults import Fault
from ledger_service.demo.sample.gate import HEADER as GATE_HEADER
from ledger_service.demo.sample.gate import gate_rows
from ledger_service.demo.sample.instruments import OVERDUE, certificate_rows, register_rows
from ledger_service.demo.sample.loading import COUNTER, loading_steps
from ledger_service.demo.sample.loading import HEADER as LOADING_HEADER
from ledger_service.demo.sample.operations import HEADER as BOOKING_HEADER
from ledger_service.demo.sample.operations import booking_rows, operations
from ledger_service.demo.sample.register import register_document
from ledger_service.demo.sample.reviews import HEADER as REVIEW_HEADER
from ledger_service.demo.sample.reviews import review_rows
from ledger_service.demo.sample.site import Month, Person
from ledger_service.demo.sample.training import HEADER as TRAINING_HEADER
from ledger_service.demo.sample.training import training_rows
from ledger_service.demo.sample.violations import violation_lines
from ledger_service.demo.sample.workbook import workbook

__all__ = ["Fault", "Month", "Sample", "sample_month", "write_month"]


@dataclass(frozen=True)
class Sample:
    """A month's files by their path, what was planted in them, and who is erased at the month's end."""

    files: Mapping[str, bytes]
    faults: tuple[Fault, ...]
    operations: tuple[str, ...]
    """Subjects of the loadings, in the order in which they were booked."""
    faulty_rows: Mapping[str, int]
    """Rows by file that cannot be read, on purpose: each must come back in the workbook of errors."""
    erased: Person


def sample_month(month: Month) -> Sample:
    """Everything of the month."""
    training, sheets = training_rows(month)
    steps = loading_steps(month)
    findings, stills = violation_lines(month)
    hazards, scenes = hazard_rows(month)
    used = Fault("overdue_instrument_used", f"equipment/{OVERDUE}", "use", "CA4", "locked")
    photos = {**sheets, **steps.photos, **stills, **scenes}
    files = {
        # HR exports in the code page of an older Windows, the tablets in UTF-8 with a byte order mark: both are common.
        "hr.xlsx": workbook({"人员": hr_rows(month)}),
        "training.csv": _csv(TRAINING_HEADER, training).encode("gb18030"),
        "site_register.json": _json(register_document(month)),
        "metrology.xlsx": workbook({"台账": register_rows(month), "证书": certificate_rows(month)}),
        "calibration.json": _json(calibration_document(month)),
        "operations.csv": _csv(BOOKING_HEADER, booking_rows(month), ";").encode("utf-8-sig"),
        "loading_steps.csv": _csv(LOADING_HEADER, steps.rows).encode("utf-8-sig"),
        "loading_offline.csv": _csv([*LOADING_HEADER, COUNTER], steps.offline).encode("utf-8-sig"),
        "ai_violations.ndjson": "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in findings).encode(),
        "ai_reviews.csv": _csv(REVIEW_HEADER, review_rows(month, findings)).encode("utf-8-sig"),
        "gate.csv": _csv(GATE_HEADER, gate_rows(month)).encode("gbk"),
        "ehs.xlsx": workbook({"隐患台账": hazards, "事故事件": incident_rows(month)}),
        "hr_late.xlsx": workbook({"人员": late_rows(month)}),
    }
    return Sample(
        files=files | {f"photos/{name}": data for name, data in photos.items()},
        faults=(*steps.faults, used),
        operations=tuple(f"loading_operation/{item.number}" for item in operations(month)),
        faulty_rows={"hr.xlsx": 1},
        erased=leaver(month),
    )


def write_month(folder: Path, sample: Sample) -> None:
    """Write the month's files below `folder`, replacing files of the same name."""
    for path, data in sample.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _csv(header: Sequence[str], rows: list[dict[str, str]], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, delimiter=delimiter, lineterminator="\r\n", extrasaction="raise")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
