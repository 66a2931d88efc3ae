"""Exact arithmetic on decimal strings: what payloads hold in place of floating-point numbers.

Nothing is rounded: a result that needs more digits than allowed is refused instead.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, Underflow
from typing import Any, Final

MAX_DIGITS: Final = 40
"""Digits before, and digits after the point: a product of two payload decimals fits."""
_DECIMAL: Final = re.compile(rf"-?(0|[1-9][0-9]{{0,{MAX_DIGITS - 1}}})(\.[0-9]{{1,{MAX_DIGITS}}})?", re.ASCII)
EXACT: Final = Context(prec=2 * MAX_DIGITS, traps=[InvalidOperation, DivisionByZero, Overflow, Underflow, Inexact])
"""Arithmetic that raises where it would round."""


def number(value: Any) -> Decimal:
    """The number of a decimal string or of a whole number. Raises `ValueError` for anything else, NaN included."""
    if type(value) is int and abs(value) < 10**MAX_DIGITS:
        return Decimal(value)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise ValueError("not a decimal")
    return Decimal(value)


def text(value: Decimal) -> str:
    """The one spelling of a number: no exponent, no trailing zeroes, no minus before zero.

    Raises `ValueError` for more digits than allowed.
    """
    spelled = format(value, "f")
    if "." in spelled:
        spelled = spelled.rstrip("0").rstrip(".")
    spelled = "0" if spelled in ("-0", "") else spelled
    if not _DECIMAL.fullmatch(spelled):
        raise ValueError("too many digits")
    return spelled
