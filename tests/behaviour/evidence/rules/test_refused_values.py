"""Values that no rule ever sees, because the record's type refuses them: wrong units, floats, impossible dates."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from evidence.canonical import Json
from evidence.records.schema import PayloadMismatch, validate
from tests.behaviour.evidence.rules.test_calibration import GAUGE, Instruments
from tests.behaviour.evidence.rules.test_training import CREDENTIAL, PERSON, People
from tests.behaviour.evidence.rules.test_violations import ONE, Cameras
from tests.fakes.register import catalogue
from tests.support import every_case


@cache
def sound() -> dict[str, dict[str, Json]]:
    """A payload of each type that its type accepts and no rule is against."""
    people, instruments, cameras = People(), Instruments(), Cameras()
    people.train("ppe", "2026-01-05 08:00", "2026-01-05 14:00")
    people.apply()
    instruments.certify()
    cameras.detect()
    newest = [
        people.facts.about(PERSON), people.facts.about(CREDENTIAL), instruments.facts.about(GAUGE),
        cameras.facts.about(ONE),
    ]  # fmt: skip
    return {stream[-1].type: dict(stream[-1].payload) for stream in newest}


@every_case("master_data")
def test_each_defect_is_refused_at_its_place(case: dict[str, Any]) -> None:
    payload = sound()[case["type"]] | case["change"]
    with pytest.raises(PayloadMismatch) as caught:
        validate(catalogue().types[case["type"]], {name: value for name, value in payload.items() if value is not None})
    assert tuple(case["problem"]) in caught.value.problems
