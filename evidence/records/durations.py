"""ISO 8601 durations (`PT48H`, `P30D`, `P1M`, `P1Y6M`) and what they add to an instant.

Hours and minutes are natural time. Days, weeks, months and years are calendar time at the site: a month after the 31st
is the last day of a shorter month, and a day keeps its hour over a change of the clock.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_DURATION: Final = re.compile(
    r"P(?=.)(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?"
    r"(?:T(?=.)(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Duration:
    """A span of calendar and natural time, not negative."""

    months: int = 0
    days: int = 0
    minutes: int = 0

    def after(self, start: datetime, zone: ZoneInfo) -> datetime:
        """The instant so much later. Raises `OverflowError` past the year 9999."""
        return self._shift(start, zone, 1)

    def before(self, end: datetime, zone: ZoneInfo) -> datetime:
        """The instant so much earlier. Raises `OverflowError` before the year 1."""
        return self._shift(end, zone, -1)

    def words(self) -> str:
        """The duration in words: `1 y 6 mo`, `30 d`, `48 h`; whole days of natural time are days."""
        hours, minutes = divmod(self.minutes, 60)
        whole_days, hours = divmod(hours, 24) if hours % 24 == 0 and not minutes else (0, hours)
        years, months = divmod(self.months, 12)
        parts = ((years, "y"), (months, "mo"), (self.days + whole_days, "d"), (hours, "h"), (minutes, "min"))
        return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"

    def _shift(self, moment: datetime, zone: ZoneInfo, sign: int) -> datetime:
        if self.months or self.days:
            local = moment.astimezone(zone)
            day = add_months(local.date(), sign * self.months) + timedelta(days=sign * self.days)
            moment = datetime.combine(day, local.timetz()).astimezone(UTC)
        return moment.astimezone(UTC) + timedelta(minutes=sign * self.minutes)


def parse_duration(text: str) -> Duration:
    """A duration from its ISO 8601 text, whole minutes at the finest. Raises `ValueError`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("a duration is written like P30D, PT48H, P1M or P1DT12H")
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in match.groups())
    return Duration(12 * years + months, 7 * weeks + days, 60 * hours + minutes)


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last day where it is shorter. Raises `OverflowError` outside the years."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("outside the calendar")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
