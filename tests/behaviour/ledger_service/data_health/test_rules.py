"""The decisions of a data-health report, each with a case in which it must speak and one in which it must not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evidence.records import load_record_types
from ledger_service.data_health.model import Cadence, Observed, SourceHealth
from ledger_service.data_health.rules import Contradiction, Examiner, Span
from ledger_service.data_health.service import duration

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CADENCE = Cadence(late_after=DAY, silent_after=7 * DAY)
CERTIFICATE = Contradiction("calibration_record", ("issuer", "certificate_no"), ("valid_until",))
TRAINING = Span("training_record", "started_at", "ended_at")


def seen(index: int, ago: timedelta = HOUR, delay: timedelta = timedelta(0), **changes: Any) -> Observed:
    plain: dict[str, Any] = {
        "index": index,
        "record_id": f"r{index}",
        "type": "evidence_package",
        "source": "S",
        "kid": "k",
        "occurred_at": NOW - ago,
        "received_at": NOW - ago + delay,
        "payload": {"subject": f"package/P-{index}", "manifest_sha256": "0" * 64, "file_count": index,
                    "checkpoint_size": 1, "source_ref": str(index)},
        "erased": False,
    }  # fmt: skip
    return Observed(**plain | changes)


def examine(records: Iterable[Observed]) -> SourceHealth:
    examiner = Examiner(load_record_types(), {}, CADENCE, [CERTIFICATE], [TRAINING])
    for record in sorted(records, key=lambda item: -item.index):
        examiner.see(record)
    (health,) = examiner.sources(NOW)
    return health


def found(*records: Observed) -> dict[str, tuple[int, tuple[int, ...]]]:
    return {finding.code: (finding.n, finding.examples) for finding in examine(records).findings}


def test_a_healthy_source_has_no_findings() -> None:
    assert found(seen(1, 3 * HOUR, counter=1), seen(2, 2 * HOUR, counter=2), seen(3, HOUR, counter=3)) == {}


def test_numbers_missing_in_a_sequence_are_counted() -> None:
    records = [seen(index, counter=counter) for index, counter in ((1, 4), (2, 5), (3, 9), (4, 8))]
    assert found(*records) == {"sequence_gap": (2, (4,))}


def test_sequences_of_two_keys_are_two_sequences() -> None:
    assert found(seen(1, counter=1, kid="a"), seen(2, counter=9, kid="b")) == {}


@pytest.mark.parametrize(("pause", "expected"), [(7 * DAY, {}), (7 * DAY + HOUR, {"pause": (1, (2,))})])
def test_a_pause_is_one_longer_than_the_cadence(pause: timedelta, expected: object) -> None:
    assert found(seen(1, HOUR + pause), seen(2, HOUR)) == expected


@pytest.mark.parametrize(("ago", "expected"), [(7 * DAY, {}), (7 * DAY + HOUR, {"silent": (1, (1,))})])
def test_a_source_is_silent_after_its_cadence(ago: timedelta, expected: object) -> None:
    assert found(seen(1, ago)) == expected


@pytest.mark.parametrize(("delay", "expected"), [(DAY, {}), (DAY + timedelta(microseconds=1), {"late": (1, (1,))})])
def test_a_record_is_late_after_a_day_and_not_before(delay: timedelta, expected: object) -> None:
    assert found(seen(1, 2 * DAY, delay)) == expected


def test_delays_are_given_as_percentiles() -> None:
    records = [seen(index, 3 * HOUR, timedelta(minutes=index)) for index in range(1, 101)]
    assert examine(records).delay_minutes == {"p50": 50, "p90": 90, "p99": 99, "max": 100}


def test_a_clock_ahead_of_ours_gives_no_negative_delay() -> None:
    assert examine([seen(1, HOUR, -5 * timedelta(minutes=1))]).delay_minutes["max"] == 0


def test_a_record_of_an_older_version_without_a_required_field_is_missing_it() -> None:
    assert found(seen(1, payload={"subject": "package/P-1"})) == {"missing_field": (1, (1,))}


def test_a_field_that_an_event_needs_is_missed() -> None:
    accepted = {"subject": "hazard/H-1", "event": "accept", "response_text": "x", "category": "fire"}
    assert found(seen(1, type="hazard_report", payload=accepted)) == {"missing_field": (1, (1,))}
    assert found(seen(1, type="hazard_report", payload=accepted | {"hazard_level": "major"})) == {}


def test_of_an_erased_record_nothing_is_said_but_that_it_cannot_be_judged() -> None:
    health = examine([seen(1, payload={"subject": "package/P-1"}, erased=True)])
    assert (health.unjudged, health.findings) == (1, ())


def twice(**changes: Any) -> list[Observed]:
    first = seen(1)
    return [first, seen(2, payload=dict(first.payload) | changes)]


def test_the_same_content_twice_is_found_under_another_reference_too() -> None:
    assert found(*twice(source_ref="other")) == {"same_content": (1, (1,))}


def test_one_reference_with_other_content_is_found() -> None:
    assert found(*twice(file_count=99)) == {"same_reference": (1, (1,))}


def test_a_record_that_was_superseded_contradicts_nothing() -> None:
    first, second = twice(file_count=99)
    assert found(seen(1, payload=first.payload, superseded=True), second) == {}


def calibration(index: int, **changes: Any) -> Observed:
    payload = {"subject": f"equipment/E-{index}", "issuer": "Lab", "certificate_no": "C-1", "valid_until": "2027-01-01"}
    return seen(index, type="calibration_record", payload=payload | changes, erased=True)


def test_one_certificate_with_two_terms_contradicts_itself() -> None:
    assert found(calibration(1), calibration(2, valid_until="2027-06-30")) == {"contradiction": (1, (1,))}
    assert found(calibration(1), calibration(2)) == {}
    assert found(calibration(1), calibration(2, valid_until="2027-06-30", certificate_no="C-2")) == {}


def test_two_subjects_with_one_certificate_number_are_found() -> None:
    def credential(index: int, number: str) -> Observed:
        payload = {"subject": f"credential/K-{index}", "event": "activate", "site": "S", "issuer": "A"}
        return seen(index, type="credential", payload=payload | {"cert_no": number})

    assert found(credential(1, "7"), credential(2, "7")) == {"same_name": (1, (1,))}
    assert found(credential(1, "7"), credential(2, "8")) == {}


@pytest.mark.parametrize(("begin", "expected"), [("10:00", {}), ("09:59", {"overlap": (1, (2,))})])
def test_a_person_is_not_in_two_trainings_at_once(begin: str, expected: object) -> None:
    def training(index: int, start: str, end: str) -> Observed:
        payload = {
            "subject": "person/P-1",
            "started_at": f"2026-03-02T{start}:00Z",
            "ended_at": f"2026-03-02T{end}:00Z",
        }
        return seen(index, type="training_record", payload=payload, erased=True)

    assert found(training(1, "08:00", "10:00"), training(2, begin, "11:00")) == expected


def test_references_to_nothing_are_counted_one_by_one() -> None:
    assert found(seen(1, references=("person/A", "person/B")), seen(2)) == {"orphan": (2, (1,))}


def test_examples_are_the_first_ten_and_no_more() -> None:
    health = examine([seen(index, 2 * DAY, DAY + HOUR) for index in range(30)])
    (finding,) = health.findings
    assert (finding.n, len(finding.examples)) == (30, 10)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("PT24H", DAY),
        ("P31D", 31 * DAY),
        ("P1DT6H30M", timedelta(days=1, hours=6, minutes=30)),
        ("PT5M", 5 * HOUR / 60),
    ],
)
def test_durations(text: str, value: timedelta) -> None:
    assert duration(text) == value


@pytest.mark.parametrize("text", ["P1M", "24H", "-P1D", "P1.5D", ""])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration(text)
