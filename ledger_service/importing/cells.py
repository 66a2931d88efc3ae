"""The cells of a spreadsheet that are not plain text, and the one spelling of texts that a keyboard writes in two.

A spreadsheet stores numbers as binary floats and dates as day counts. They stay what they are until a rule says what
they should be; only then can it be told whether anything would be lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from ledger_service.importing.errors import CellProblem

MAX_DIGITS: Final = 15
"""Decimal digits that a binary float keeps for certain; the rest of a longer number is rounded away."""
_NUMBER: Final = re.compile(r"-?[0-9]{1,32}(?:\.[0-9]{1,32})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_TO_HALF_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}
_INVISIBLE: Final = dict.fromkeys((0xFEFF, 0x200B, 0x200E, 0x200F, 0x2060))
_FOLDING: Final = _TO_HALF_WIDTH | _INVISIBLE


@dataclass(frozen=True, slots=True)
class NumberCell:
    """A number as the file writes it. `padded` means that the cell shows it with leading zeros."""

    at: str
    text: str
    padded: bool = False

    def decimal(self) -> Decimal:
        """The shortest decimal that means this float; never a rounded one. Raises `CellProblem`."""
        if not _NUMBER.fullmatch(self.text):
            raise CellProblem(f"{self.at} is no number", f"{self.at} 不是数字")
        value = Decimal(repr(float(self.text))) if not self.text.lstrip("-").isdigit() else Decimal(self.text)
        if not value.is_finite() or len(value.as_tuple().digits) > MAX_DIGITS + 2 or abs(value.adjusted()) > 30:
            raise CellProblem(f"{self.at} has more digits than a spreadsheet keeps", f"{self.at} 位数超出表格精度")
        return value

    def integer(self) -> int:
        """The whole number. Raises `CellProblem`: a fraction, or more digits than a spreadsheet keeps."""
        value = self.decimal()
        if value != value.to_integral_value():
            raise CellProblem(f"{self.at} must be a whole number", f"{self.at} 应为整数")
        if abs(value) >= 10**MAX_DIGITS:
            raise CellProblem(
                f"{self.at} has more than {MAX_DIGITS} digits: the spreadsheet has rounded it; make the column text",
                f"{self.at} 超过 {MAX_DIGITS} 位, 表格已舍入: 请将该列设为文本",
            )
        return int(value)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class DateCell:
    """A date as a spreadsheet's cell; `moment` is None for what is none (a duration, a time of day, an overflow)."""

    at: str
    moment: datetime | None

    def __str__(self) -> str:
        return "" if self.moment is None else self.moment.isoformat(sep=" ")


@dataclass(frozen=True, slots=True)
class RefusedCell:
    """A cell that has no value of its own to take: a formula, an error, a part of a merged cell."""

    at: str
    en: str
    zh: str
    shown: str = ""

    def refuse(self) -> CellProblem:
        """The problem to raise."""
        return CellProblem(f"{self.at} {self.en}", f"{self.at} {self.zh}")

    def __str__(self) -> str:
        return self.shown


def fold(text: str) -> str:
    """Full-width letters, digits, signs and blanks as their half-width twins; invisible marks and outer blanks gone."""
    return text.strip() if text.isascii() else text.translate(_FOLDING).strip()


def column_name(text: str) -> str:
    """A header's spelling for comparison: folded, runs of blanks and line breaks as one blank."""
    return " ".join(fold(text).split())
