"""Calendar arithmetic that laws and certificates use: months, with the end of a month clamped."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from evidence.errors import Malformed


def months_after(first: date, months: int) -> date:
    """The same day of the month so many months later (or earlier), or the month's last day where it has no such day.

    31 January plus one month is 28 or 29 February. Raises `Malformed` where that is outside the years 1 to 9999.
    """
    total = first.year * 12 + first.month - 1 + months
    year, month = divmod(total, 12)
    if not 1 <= year <= 9999:
        raise Malformed("the year is outside 1 to 9999")
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))
