"""A seeded sample month of a hazmat warehouse, as files such as a plant's systems export.

    counts = write_month(folder, Month(seed=7, year=2026, month=9))

The same seed and month give the same bytes. Names, plates and numbers are invented.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger_service.demo.sample.calibration import calibration_document
from ledger_service.demo.sample.loading import HEADER as LOADING_HEADER
from ledger_service.demo.sample.loading import loading_rows
from ledger_service.demo.sample.site import Month
from ledger_service.demo.sample.training import HEADER as TRAINING_HEADER
from ledger_service.demo.sample.training import training_rows
from ledger_service.demo.sample.violations import violation_lines

__all__ = ["Month", "month_files", "write_month"]


def month_files(month: Month) -> tuple[dict[str, bytes], dict[str, int]]:
    """Every file of the month by its path, and the number of records in each export."""
    training, sheets = training_rows(month)
    loading, vehicle_photos = loading_rows(month)
    findings, stills = violation_lines(month)
    calibration = calibration_document(month)
    files = {
        # HR exports in the code page of an older Windows, the tablets in UTF-8 with a byte order mark: both are common.
        "training.csv": _csv(TRAINING_HEADER, training).encode("gb18030"),
        "loading_steps.csv": _csv(LOADING_HEADER, loading).encode("utf-8-sig"),
        "calibration.json": (json.dumps(calibration, ensure_ascii=False, indent=1) + "\n").encode(),
        "ai_violations.ndjson": "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in findings).encode(),
    }
    photos = {f"photos/{name}": data for name, data in {**sheets, **vehicle_photos, **stills}.items()}
    counts = {
        "training.csv": len(training),
        "calibration.json": len(calibration["certificates"]),
        "loading_steps.csv": len(loading),
        "ai_violations.ndjson": len(findings),
    }
    return files | photos, counts


def write_month(folder: Path, month: Month) -> dict[str, int]:
    """Write the month's files below `folder`, replacing files of the same name; returns records per export."""
    files, counts = month_files(month)
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return counts


def _csv(header: Sequence[str], rows: list[dict[str, Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, lineterminator="\r\n", extrasaction="raise")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
