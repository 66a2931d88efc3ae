"""Tables that people open in a spreadsheet: a text that would run as a formula there is made plain text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet may run."""


def plain_cell(value: object) -> object:
    """The value for a CSV cell; a text that looks like a formula gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_SIGNS) else value


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV table with a header, lines ended as RFC 4180 has them; None is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([plain_cell(value) for value in row] for row in rows)
    return out.getvalue()
