"""AV9 of a ledger: by camera and period, from decisions on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from evidence.records.error_rate import wilson
from ledger_service.checks import error_rate
from ledger_service.errors import BadRequest
from tests.fakes.http import request
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.recorded import Recorded
from tests.fakes.register import at

PATH = f"/v1/ledgers/{LEDGER}/error-rate"


@pytest.fixture
def cameras(plant: Plant) -> Recorded:
    """Four events: confirmed, dismissed as a false alarm, inconclusive, and not reviewed."""
    made = Recorded(plant)
    for number, (event, more) in enumerate([
        ("confirm", {}), ("dismiss", {"reason_code": "wrong_object"}), ("inconclusive", {"note": "blurred"}),
    ]):  # fmt: skip
        subject, hour = f"violation/AV-{number}", 9 + number
        made.detect(subject, f"2026-03-0{4 + number} 09:12:00", track_id=10 + number)
        made.review(event, f"2026-03-0{4 + number} {hour:02}:40:00", subject, **more)
    made.detect("violation/AV-9", "2026-03-08 09:12:00", track_id=99)
    return made


def get(cameras: Recorded, query: str = "") -> Any:
    return request(cameras.site.plant.services, "GET", PATH + query)


def test_AV9_the_rate_stands_with_its_n_interval_and_what_is_not_known(cameras: Recorded) -> None:
    value = get(cameras).json()
    rate, low, high = (str(part) for part in wilson(1, 2))
    assert (value["n"], value["confirmed"], value["false_alarms"], value["rate"]) == (2, 1, 1, rate)
    assert value["interval"] == {"level": "0.95", "method": "wilson", "low": low, "high": high}
    assert (value["unreviewed"], value["inconclusive"], value["excluded"]) == (1, 1, 0)


@pytest.mark.parametrize(("query", "expected"), [
    ("?camera=CAM-1", (2, 1, 1)), ("?camera=camera/CAM-1", (2, 1, 1)), ("?camera=CAM-2", (0, 0, 0)),
    ("?from=2026-03-05T00:00:00Z", (1, 1, 1)), ("?to=2026-03-05T00:00:00Z", (1, 0, 0)),
    ("?camera=CAM-1&from=2026-03-05T00:00:00Z&to=2026-03-06T00:00:00Z", (1, 0, 0)),
])  # fmt: skip
def test_AV9_by_camera_and_period_of_detection(cameras: Recorded, query: str, expected: tuple[int, int, int]) -> None:
    value = get(cameras, query).json()
    assert (value["n"], value["inconclusive"], value["unreviewed"]) == expected


def test_AV9_nothing_reviewed_has_no_rate(cameras: Recorded) -> None:
    value = get(cameras, "?from=2026-03-08T00:00:00Z").json()
    assert (value["n"], value["rate"], value["interval"]["low"], value["unreviewed"]) == (0, None, None, 1)


def test_the_bounds_of_a_period_are_its_first_instant_and_the_one_after_its_last(cameras: Recorded) -> None:
    service, detected = cameras.site.plant.services.error_rates, at("2026-03-08 09:12:10")
    assert service.get(LEDGER, begin=detected).unreviewed == 1
    assert service.get(LEDGER, begin=detected, end=detected).unreviewed == 0
    assert service.get(LEDGER, begin=detected + timedelta(microseconds=1)).unreviewed == 0


def test_too_many_events_are_asked_for_by_period(cameras: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_rate, "MAX_EVENTS", 3)
    with pytest.raises(BadRequest, match="shorter period"):
        cameras.site.plant.services.error_rates.get(LEDGER)


@pytest.mark.parametrize("query", ["?from=yesterday", "?camera=", f"?camera={'x' * 81}"])
def test_what_cannot_be_read_is_refused(plant: Plant, query: str) -> None:
    assert request(plant.services, "GET", PATH + query).status_code == 400
