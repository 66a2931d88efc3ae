"""A clock that moves only when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)


class FakeClock:
    """Starts on 23 November 2026 at 08:00 UTC; `advance` takes negative steps too."""

    def __init__(self, start: datetime = START) -> None:
        self.instant = start

    def now(self) -> datetime:
        return self.instant

    def advance(self, **step: float) -> None:
        self.instant += timedelta(**step)
