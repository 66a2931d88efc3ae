"""Calendar arithmetic that laws and certificates use: months, with the end of a month clamped."""

from __future__ import annotations

from datetime import date

from evidence.errors import Malformed
from evidence.records.durations import add_months


def months_after(first: date, months: int) -> date:
    """The same day of the month so many months later (or earlier), or the month's last day where it has no such day.

    31 January plus one month is 28 or 29 February. Raises `Malformed` where that is outside the years 1 to 9999.
    """
    try:
        return add_months(first, months)
    except OverflowError:
        raise Malformed("the year is outside 1 to 9999") from None
